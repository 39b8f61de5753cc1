/**
 * A running MCP server process with one MCP session (an *instance*): launched over a link, initialized
 * with its client's capabilities, listed, called, and ended.
 */

import { deadline, orAbort } from '../base/abort.ts';
import { AnywhereError, type ErrorCode } from '../base/errors.ts';
import type { Turn } from '../base/turns.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { Launch } from '../launch/launch.ts';
import type { LaunchedChannel, Link } from '../link/contract.ts';
import { printedInstead } from '../link/never-launched.ts';
import type { Message } from '../protocol/message.ts';
import { Peer } from '../protocol/peer.ts';
import type { MessageReader } from '../protocol/reader.ts';
import { MessageWriter } from '../protocol/writer.ts';
import { Chatter } from './chatter.ts';
import { endCause } from './end-cause.ts';
import { Health } from './health.ts';
import { type InstanceDeps, type InstanceLimits, limitsOf, peerLimits } from './instance-deps.ts';
import { inTurn, openInTime } from './open-in-time.ts';
import { placed, serverError } from './server-errors.ts';
import { readServerHello, type ServerHello } from './server-hello.ts';
import { serverReader } from './server-reader.ts';
import { ServerRequests } from './server-requests.ts';
import { eachLine, RecentLines } from './stderr-lines.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Whom an instance works for: gets the requests and notifications that the server sends by itself. */
export interface InstanceOwner {
  /** JSON texts for `initialize`, verbatim from the AI client. */
  readonly clientInfo: string;
  readonly capabilities: string;
  /** What the client and we speak: a server behind us is asked for the same, so that it sends nothing the client does not know. */
  readonly protocolVersion: string;
  /** What the server hears comes from the client alone: no `initialized`, ping or list of ours. */
  readonly isVerbatim?: boolean;
  /** Resolves when the request is answered, or nobody waits for an answer any more. Undefined: already answered. */
  serverRequest(instance: Instance, request: Message): Promise<void> | undefined;
  serverNotification(instance: Instance, notification: Message): void;
  /** It has answered `initialize`: what the client asked for before can be said to it now. */
  instanceReady(instance: Instance): void;
  instanceEnded(instance: Instance): void;
}

/** Whom it works for, and what they want to be told of. */
export interface InstanceClient {
  readonly owner: InstanceOwner;
  /** Outlives the instance: the next one takes it up. */
  readonly subscriptions: Subscriptions<InstanceOwner>;
  /** The server is launched in its turn. Left out: at once. */
  readonly turn?: Turn | undefined;
}

/** An answer to `initialize` is small: more than this without a newline is no MCP server. */
const MAX_HELLO_BYTES = 16 * 1024 * 1024;
const ENDLESS = 'printed 16 MB without a newline instead of answering initialize';

export class Instance {
  readonly owner: InstanceOwner;
  readonly subscriptions: Subscriptions<InstanceOwner>;
  /** Rejects with the cause where the server does not come up. */
  readonly ready: Promise<ServerHello>;
  /** Resolves with the reason once it is gone. Never rejects. */
  readonly ended: Promise<AnywhereError>;
  /** The server has answered a request of a client: it is of use, even if it ends soon. */
  hasServed = false;
  #server: ServerPlan;
  readonly #deps: InstanceDeps<InstanceOwner>;
  readonly #link: Link;
  readonly #stop = new AbortController();
  readonly #recent: RecentLines;
  #resolveEnded: (cause: AnywhereError) => void = () => undefined;
  #channel: LaunchedChannel | undefined;
  #reader: MessageReader | undefined;
  #peer: Peer | undefined;
  #pid: number | undefined;
  #hello: ServerHello | undefined;
  #lastUsedMs: number;
  #readyMs = Number.POSITIVE_INFINITY;
  /** Why nothing is read of it now. */
  readonly #unreadFor = new Set<'client' | 'flood'>();
  #asking: ServerRequests | undefined;
  #health: Health | undefined;
  #chatter: Chatter | undefined;
  #failure: AnywhereError | undefined;

  constructor(server: ServerPlan, link: Link, client: InstanceClient, deps: InstanceDeps<InstanceOwner>) {
    this.#server = server;
    this.owner = client.owner;
    this.subscriptions = client.subscriptions;
    this.#deps = deps;
    this.#link = link;
    this.#recent = new RecentLines(deps.redact);
    this.#lastUsedMs = deps.clock.monotonic();
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.ready = inTurn(client.turn, deps.clock, this.#stop.signal, () => this.#start(link));
    this.ready.catch((error: unknown) => {
      this.#end(error as AnywhereError);
    });
  }

  get server(): ServerPlan {
    return this.#server;
  }

  /** Those in force now. */
  get limits(): InstanceLimits {
    return limitsOf(this.#deps);
  }

  /** The hosts file changed in what a running process does not depend on. */
  replan(server: ServerPlan): void {
    this.#server = server;
  }

  /** Undefined until `initialize` is answered. */
  get hello(): ServerHello | undefined {
    return this.#hello;
  }

  get peer(): Peer {
    if (this.#peer === undefined)
      throw this.#failure ?? new AnywhereError('INTERNAL', 'instance used before it was ready');
    return this.#peer;
  }

  get isLive(): boolean {
    return this.#failure === undefined;
  }

  /** When a client last wanted something of it, monotonic ms. */
  get lastUsedMs(): number {
    return this.#lastUsedMs;
  }

  /** @param nowMs monotonic */
  touch(nowMs = this.#deps.clock.monotonic()): void {
    this.#lastUsedMs = nowMs;
    this.#link.poke?.();
  }

  /** For how long it has been up, milliseconds. */
  get upMs(): number {
    return Math.max(0, this.#deps.clock.monotonic() - this.#readyMs);
  }

  /** On its machine, as the launcher there reported it. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** A call got no answer in time: one that answers nothing at all is ended. */
  suspect(): void {
    if (this.#health !== undefined) this.#deps.scope.run(this.#health.suspect());
  }

  /** No call fails for its time until the returned function was called: a person is being asked. */
  holdDeadlines(): () => void {
    return this.peer.holdDeadlines();
  }

  /** Stops reading from the server while its client does not keep up. */
  pause(): void {
    this.#unread('client', true);
  }

  resume(): void {
    this.#unread('client', false);
  }

  #unread(why: 'client' | 'flood', isUnread: boolean): void {
    if (isUnread) this.#unreadFor.add(why);
    else this.#unreadFor.delete(why);
    if (this.#unreadFor.size > 0 && this.isLive) this.#channel?.output.pause();
    else this.#channel?.output.resume();
  }

  /** Servers without `logging` are left alone. */
  setLogLevel(level: string | undefined): void {
    if (level === undefined || this.#hello?.capabilities['logging'] === undefined) return;
    this.#say('logging/setLevel', JSON.stringify({ level }));
  }

  /** Subscribes to what an instance before this one was subscribed to. */
  resubscribe(): void {
    for (const uri of this.subscriptions.uris) this.#say('resources/subscribe', JSON.stringify({ uri }));
  }

  /** A client of a shared server is gone. */
  unsubscribe(owner: InstanceOwner): void {
    const uris = this.subscriptions.removeAll(owner);
    if (this.#hello !== undefined) for (const uri of uris) this.#say('resources/unsubscribe', JSON.stringify({ uri }));
  }

  #say(method: string, params: string): void {
    const said = this.peer.request(method, params, { timeoutMs: this.server.timeoutMs });
    this.#deps.scope.run(said.catch(() => undefined));
  }

  /** Ends the process: EOF, then the launcher's TERM and KILL. */
  close(cause: AnywhereError): void {
    this.#stop.abort(cause);
    this.#end(cause);
  }

  /** The time limit begins here: a server that is not launched yet is not late. */
  async #start(link: Link): Promise<ServerHello> {
    const timeoutMs = this.server.startTimeoutMs;
    const tooLate = (): AnywhereError =>
      this.#error('SERVER_START_TIMEOUT', `did not answer initialize within ${timeoutMs / 1000} s`);
    const late = deadline(this.#deps.clock, timeoutMs, tooLate, this.#stop.signal);
    try {
      const launch = await this.#deps.resolveLaunch(this.server, late.signal, this.owner);
      const channel = await orAbort(openInTime(link, launch, late.signal), late.signal);
      if (late.signal.aborted) channel.close();
      late.signal.throwIfAborted();
      this.#attach(channel, launch);
      return await orAbort(this.#initialize(), late.signal);
    } catch (error) {
      throw this.#failure ?? this.failureOf(error);
    } finally {
      late.clear();
    }
  }

  #attach(channel: LaunchedChannel, launch: Launch): void {
    this.#channel = channel;
    const writer = new MessageWriter(channel.input, undefined, { holds: true });
    const peer = new Peer(writer, this.#handler(), this.#deps.clock, peerLimits(this.#deps));
    this.#chatter = this.#chatterOf();
    const answer = (request: Message): Promise<void> | undefined => this.owner.serverRequest(this, request);
    this.#asking = new ServerRequests(this.#deps, peer, this.#chatter, answer);
    this.#peer = peer;
    this.#reader = this.#readerFor(peer);
    const reader = this.#reader;
    channel.output.on('data', (chunk: Buffer) => {
      reader.push(chunk);
    });
    for (const stream of [channel.output, channel.input]) stream.on('error', () => undefined);
    eachLine(channel.errors, (line) => {
      this.#recent.add(line);
      this.#deps.onLine('stderr', line);
    });
    const started = channel.started.then((report) => {
      this.#pid = report?.pid;
      for (const line of channel.noise) this.#deps.onLine('stdout-noise', line);
      // What is said instead of a server is all there is to see of it.
      if (channel.failure !== undefined)
        for (const line of printedInstead(channel, this.#deps.redact)) this.#recent.add(line);
    });
    const endSeen = channel.ended.then((end) => {
      reader.end();
      const last = { end, wasReady: this.#hello !== undefined, isIdle: peer.inFlight === 0, lines: this.#recent.lines };
      this.#end(endCause(this.server, launch, channel, last));
    });
    for (const work of [started, endSeen]) this.#deps.scope.run(work);
  }

  #readerFor(peer: Peer): MessageReader {
    const watcher = {
      noise: (line: Buffer): void => {
        this.#noise(line);
      },
      overflow: (): void => {
        if (this.#hello === undefined) this.#end(this.#error('SERVER_PROTOCOL', ENDLESS));
      },
      tooLarge: (size: number): AnywhereError => {
        const { maxMessageBytes } = this.#deps;
        const why = `sent a message of ${size} bytes, over the limit of ${maxMessageBytes} bytes (limits.maxMessageBytes)`;
        return serverError('MESSAGE_TOO_LARGE', this.server, why, []);
      },
      dropped: (text: string): void => {
        this.#deps.onLine('protocol', text);
      },
    };
    return serverReader(peer, watcher, Math.min(MAX_HELLO_BYTES, this.#deps.maxMessageBytes));
  }

  #handler(): ConstructorParameters<typeof Peer>[1] {
    return {
      request: (message) => {
        this.#asking?.take(message);
      },
      notification: (message) => {
        this.#chatter?.take(message);
      },
      unread: (bytes) => {
        this.#end(this.#error('SERVER_HUNG', `does not read what it is sent: ${bytes} bytes wait for it`));
      },
      stray: (message) => {
        this.#chatter?.heard();
        this.#deps.onLine('protocol', `reply that nobody waits for: ${message.bytes.toString('utf8', 0, 500)}`);
      },
    };
  }

  async #initialize(): Promise<ServerHello> {
    const { owner, peer } = this;
    const params = `{"protocolVersion":"${owner.protocolVersion}","capabilities":${owner.capabilities},"clientInfo":${owner.clientInfo}}`;
    const reply = await peer.request('initialize', params, { timeoutMs: Number.POSITIVE_INFINITY, cancellable: false });
    const hello = readServerHello(reply);
    if (typeof hello === 'string') throw this.#error('SERVER_PROTOCOL', hello);
    this.#hello = hello;
    this.#readyMs = this.#deps.clock.monotonic();
    this.#health = this.#healthOf(peer);
    this.#reader?.limit(this.#deps.maxMessageBytes);
    if (owner.isVerbatim !== true) peer.notify('notifications/initialized');
    return hello;
  }

  #noise(line: Buffer): void {
    this.#chatter?.heard();
    const text = line.toString('utf8', 0, 2000).trimEnd();
    if (text === '') return;
    if (this.#hello === undefined) this.#recent.add(text);
    this.#deps.onLine('stdout-noise', text);
  }

  #chatterOf(): Chatter {
    const { clock, onLine } = this.#deps;
    return new Chatter({
      clock,
      server: `${this.server.host}/${this.server.name}`,
      perSecond: () => limitsOf(this.#deps).logLinesPerSecond,
      deliver: (notification) => {
        this.owner.serverNotification(this, notification);
      },
      onFlood: (isFlooding) => {
        this.#unread('flood', isFlooding);
      },
      onDropped: (text) => {
        onLine('protocol', text);
      },
    });
  }

  #healthOf(peer: Peer): Health {
    return new Health({
      clock: this.#deps.clock,
      peer,
      pingMs: this.owner.isVerbatim === true ? 0 : this.server.pingMs,
      isLineAlive: () => this.#link.isAlive?.() ?? Promise.resolve(true),
      onHung: (silentMs) => {
        this.#end(this.#error('SERVER_HUNG', `has stopped answering: not even a ping within ${silentMs / 1000} s`));
      },
    });
  }

  #error(code: ErrorCode, what: string): AnywhereError {
    return serverError(code, this.server, what, this.#recent.lines);
  }

  /** What went wrong with this server, without the secrets that it was given. */
  failureOf(thrown: unknown): AnywhereError {
    return placed(thrown, this.server).redacted(this.#deps.redact);
  }

  #end(failure: AnywhereError): void {
    if (this.#failure !== undefined) return;
    const cause = failure.redacted(this.#deps.redact);
    this.#failure = cause;
    this.#stop.abort(cause);
    for (const watcher of [this.#health, this.#chatter]) watcher?.stop();
    this.#peer?.close(cause);
    this.#channel?.close();
    this.#channel?.output.resume();
    this.#resolveEnded(cause);
  }
}

/** An *instance*: a running MCP server process with one MCP session, launched over a link. */
import { deadline, orAbort } from '../base/abort.ts';
import { AnywhereError, asAnywhereError, type ErrorCode } from '../base/errors.ts';
import { TurnShare } from '../base/turn-share.ts';
import { inTurn, type Turn } from '../base/turns.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { Launch } from '../launch/contract.ts';
import { printedInstead } from '../launch/exit.ts';
import type { LaunchedChannel, Link } from '../link/contract.ts';
import type { Message } from '../protocol/message.ts';
import { Peer } from '../protocol/peer.ts';
import type { MessageReader } from '../protocol/reader.ts';
import { MessageWriter } from '../protocol/writer.ts';
import { Health } from './health.ts';
import { type InstanceDeps, type InstanceLimits, limitsOf, peerLimits } from './instance-deps.ts';
import { NotificationLimiter, ServerRequests } from './rate-limit.ts';
import { endCause, placeOf, serverError } from './server-errors.ts';
import { initialize, type ServerHello } from './server-hello.ts';
import { drained, serverReader } from './server-reader.ts';
import { eachLine, RecentLines } from './stderr-lines.ts';
import type { Subscriptions } from './subscriptions.ts';

/** The client of an instance: gets the requests and notifications that the server sends. */
export interface InstanceOwner {
  /** JSON texts for `initialize`, verbatim from the AI client. */
  readonly clientInfo: string;
  readonly capabilities: string;
  /** The version of the client's session. The server is asked for the same version, so that its messages suit the client. */
  readonly protocolVersion: string;
  /** The server gets messages of the client alone: no `initialized`, ping or list of ours. */
  readonly isVerbatim?: boolean;
  /** Resolves when the request is answered or cancelled. Undefined: already answered. */
  serverRequest(instance: Instance, request: Message): Promise<void> | undefined;
  serverNotification(instance: Instance, notification: Message): void;
  /** The instance answered `initialize`: earlier settings of the client (the log level) can be sent now. */
  instanceReady(instance: Instance): void;
  instanceEnded(instance: Instance): void;
}

export interface InstanceClient {
  readonly owner: InstanceOwner;
  /** Outlives the instance: the next instance subscribes again. */
  readonly subscriptions: Subscriptions<InstanceOwner>;
  /** The server is launched in its turn. Left out: at once. */
  readonly turn?: Turn | undefined;
}

/** An answer to `initialize` is small: a program that prints more without a newline is no MCP server. */
const MAX_HELLO_BYTES = 16 * 1024 * 1024;
/** A server that takes longer to answer makes room for the next launch. */
const TURN_MS = 2_000;
const ENDLESS = 'printed 16 MB without a newline instead of answering initialize';

export class Instance {
  readonly owner: InstanceOwner;
  readonly subscriptions: Subscriptions<InstanceOwner>;
  /** Rejects with the cause where the server does not start. */
  readonly ready: Promise<ServerHello>;
  /** Resolves with the reason once the instance has ended. Never rejects. */
  readonly ended: Promise<AnywhereError>;
  /** The server answered a request of a client: an early exit is then no failed start. */
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
  /** Why reading from the server is paused. */
  readonly #pausedFor = new Set<'client' | 'flood' | 'others'>();
  #asking: ServerRequests | undefined;
  #health: Health | undefined;
  #limiter: NotificationLimiter | undefined;
  #failure: AnywhereError | undefined;
  readonly #dropped = (text: string): void => {
    this.#deps.onLine('protocol', text);
  };

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
    const launching = { clock: deps.clock, atMostMs: TURN_MS, signal: this.#stop.signal };
    this.ready = inTurn(client.turn, launching, () => this.#start(link));
    this.ready.catch((error: unknown) => {
      this.#end(error as AnywhereError);
    });
  }

  get server(): ServerPlan {
    return this.#server;
  }

  /** The current limits of the hosts file. */
  get limits(): InstanceLimits {
    return limitsOf(this.#deps);
  }

  /** The hosts file changed only settings that a running process can take over. */
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

  /** Time of the last request of a client, monotonic ms. */
  get lastUsedMs(): number {
    return this.#lastUsedMs;
  }

  /** @param nowMs monotonic */
  touch(nowMs = this.#deps.clock.monotonic()): void {
    this.#lastUsedMs = nowMs;
    this.#link.poke?.();
  }

  /** Time since `initialize` was answered, milliseconds. */
  get upMs(): number {
    return Math.max(0, this.#deps.clock.monotonic() - this.#readyMs);
  }

  /** The process id on the server's machine, as the launcher reported it. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** A call timed out: the server is pinged, and ended where it is hung. */
  suspect(): void {
    if (this.#health !== undefined) this.#deps.scope.run(this.#health.suspect());
  }

  /** Stops the timeouts of all calls until the returned function is called: a person is being asked. */
  holdDeadlines(): () => void {
    return this.peer.holdDeadlines();
  }

  /** `client`: its client reads too slowly. `flood`: it writes too much. `others`: it has had its share of this turn. */
  setPaused(why: 'client' | 'flood' | 'others', isPaused: boolean): void {
    if (isPaused) this.#pausedFor.add(why);
    else this.#pausedFor.delete(why);
    if (this.#pausedFor.size > 0 && this.isLive) this.#channel?.output.pause();
    else this.#channel?.output.resume();
  }

  /** Does nothing for a server without the `logging` capability. */
  setLogLevel(level: string | undefined): void {
    if (level === undefined || this.#hello?.capabilities['logging'] === undefined) return;
    this.#request('logging/setLevel', JSON.stringify({ level }));
  }

  /** Repeats the subscriptions of the previous instance. */
  resubscribe(): void {
    for (const uri of this.subscriptions.uris) this.#request('resources/subscribe', JSON.stringify({ uri }));
  }

  /** A client of a shared server left. */
  unsubscribe(owner: InstanceOwner): void {
    const uris = this.subscriptions.removeAll(owner);
    if (this.#hello !== undefined)
      for (const uri of uris) this.#request('resources/unsubscribe', JSON.stringify({ uri }));
  }

  #request(method: string, params: string): void {
    const replied = this.peer.request(method, params, { timeoutMs: this.server.timeoutMs });
    this.#deps.scope.run(replied.catch(() => undefined));
  }

  /** Ends the process: EOF, then TERM and KILL by the launcher. */
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
      const channel = await orAbort(link.open(launch, late.signal), late.signal, (unused) => {
        unused.close();
      });
      // The instance may have ended in the moment the channel opened.
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
    this.#limiter = this.#limiterOf();
    const answer = (request: Message): Promise<void> | undefined => this.owner.serverRequest(this, request);
    this.#asking = new ServerRequests(this.#deps, peer, this.#limiter, answer);
    this.#peer = peer;
    this.#reader = this.#readerFor(peer);
    const reader = this.#reader;
    const share = new TurnShare((isPaused) => {
      this.setPaused('others', isPaused);
    });
    channel.output.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      share.took(chunk.length);
    });
    for (const stream of [channel.output, channel.input]) stream.on('error', () => undefined);
    eachLine(channel.errors, (line) => {
      this.#recent.add(line);
      this.#deps.onLine('stderr', line);
    });
    const started = channel.started.then((report) => {
      this.#pid = report?.pid;
      for (const line of channel.noise) this.#deps.onLine('stdout-noise', line);
      // A program that failed to launch may have printed the reason.
      if (channel.failure !== undefined)
        for (const line of printedInstead(channel, this.#deps.redact)) this.#recent.add(line);
    });
    const endSeen = channel.ended.then(async (end) => {
      if (end.kind === 'exited') await drained(channel.output, this.#deps.clock);
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
      dropped: this.#dropped,
    };
    return serverReader(peer, watcher, Math.min(MAX_HELLO_BYTES, this.#deps.maxMessageBytes));
  }

  #handler(): ConstructorParameters<typeof Peer>[1] {
    return {
      request: (message) => {
        this.#asking?.take(message);
      },
      notification: (message) => {
        this.#limiter?.take(message);
      },
      unread: (bytes) => {
        this.#end(this.#error('SERVER_HUNG', `does not read its input: ${bytes} bytes wait to be read`));
      },
      stray: (message) => {
        this.#limiter?.count();
        this.#deps.onLine('protocol', `reply to no pending request: ${message.bytes.toString('utf8', 0, 500)}`);
      },
    };
  }

  async #initialize(): Promise<ServerHello> {
    const { owner, peer } = this;
    const hello = await initialize(peer, owner, this.limits);
    if (typeof hello === 'string') throw this.#error('SERVER_PROTOCOL', hello);
    this.#hello = hello;
    this.#readyMs = this.#deps.clock.monotonic();
    this.#health = this.#healthOf(peer);
    this.#reader?.limit(this.#deps.maxMessageBytes);
    if (owner.isVerbatim !== true) peer.notify('notifications/initialized');
    return hello;
  }

  #noise(line: Buffer): void {
    this.#limiter?.count();
    const text = line.toString('utf8', 0, 2000).trimEnd();
    if (text === '') return;
    if (this.#hello === undefined) this.#recent.add(text);
    this.#deps.onLine('stdout-noise', text);
  }

  #limiterOf(): NotificationLimiter {
    return new NotificationLimiter({
      clock: this.#deps.clock,
      server: `${this.server.host}/${this.server.name}`,
      perSecond: () => limitsOf(this.#deps).logLinesPerSecond,
      deliver: (notification) => {
        this.owner.serverNotification(this, notification);
      },
      onFlood: (isFlooding) => {
        this.setPaused('flood', isFlooding);
      },
      onDropped: this.#dropped,
    });
  }

  #healthOf(peer: Peer): Health {
    return new Health({
      clock: this.#deps.clock,
      peer,
      pingMs: this.owner.isVerbatim === true ? 0 : this.server.pingMs,
      isConnectionAlive: () => this.#link.isAlive?.() ?? Promise.resolve(true),
      onHung: (silentMs) => {
        this.#end(
          this.#error('SERVER_HUNG', `stopped answering: it did not answer a ping within ${silentMs / 1000} s`),
        );
      },
    });
  }

  #error(code: ErrorCode, what: string): AnywhereError {
    return serverError(code, this.server, what, this.#recent.lines);
  }

  /** The error with this server's place, without the server's secrets. */
  failureOf(thrown: unknown): AnywhereError {
    return asAnywhereError(thrown).at(placeOf(this.server)).redacted(this.#deps.redact);
  }

  #end(failure: AnywhereError): void {
    if (this.#failure !== undefined) return;
    const cause = failure.redacted(this.#deps.redact);
    this.#failure = cause;
    this.#stop.abort(cause);
    for (const watcher of [this.#health, this.#limiter]) watcher?.stop();
    this.#peer?.close(cause);
    this.#channel?.close();
    this.#channel?.output.resume();
    this.#resolveEnded(cause);
  }
}

/**
 * A running MCP server process with one MCP session (an *instance*): launched over a link, initialized
 * with its client's capabilities, listed, called, and ended.
 */

import { deadline, orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import type { Scope } from '../base/scope.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { Launch } from '../launch/launch.ts';
import type { LaunchedChannel, Link } from '../link/contract.ts';
import type { Message } from '../protocol/message.ts';
import { oversizedId } from '../protocol/oversized.ts';
import { Peer } from '../protocol/peer.ts';
import { MessageReader } from '../protocol/reader.ts';
import { isKnownVersion } from '../protocol/versions.ts';
import { MessageWriter } from '../protocol/writer.ts';
import { endCause } from './end-cause.ts';
import { eachLine, RecentLines } from './stderr-lines.ts';
import type { Subscriptions } from './subscriptions.ts';

/** Whom an instance works for: gets the requests and notifications that the server sends by itself. */
export interface InstanceOwner {
  /** JSON texts for `initialize`, verbatim from the AI client. */
  readonly clientInfo: string;
  readonly capabilities: string;
  /** What the client and we speak: a server behind us is asked for the same, so that it sends nothing the client does not know. */
  readonly protocolVersion: string;
  serverRequest(instance: Instance, request: Message): void;
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
}

export interface InstanceDeps {
  readonly clock: Clock;
  /** Owns what goes on beside the calls. */
  readonly scope: Scope;
  readonly maxMessageBytes: number;
  /** Resolves what the hosts file refers to. Its values go to the launcher only. */
  readonly resolveLaunch: (server: ServerPlan, signal: AbortSignal) => Promise<Launch>;
  /** Its last lines become evidence of errors: without the secrets that it was given. */
  readonly redact: (line: string) => string;
  readonly onLine: (stream: 'stderr' | 'stdout-noise' | 'protocol', line: string) => void;
}

export interface ServerHello {
  /** The whole result, verbatim. */
  readonly raw: Buffer;
  readonly protocolVersion: string;
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly serverInfo: unknown;
  readonly instructions: string | undefined;
}

/** An answer to `initialize` is small: more than this without a newline is no MCP server. */
const MAX_HELLO_BYTES = 16 * 1024 * 1024;

export class Instance {
  readonly server: ServerPlan;
  readonly owner: InstanceOwner;
  readonly subscriptions: Subscriptions<InstanceOwner>;
  /** Rejects with the cause where the server does not come up. */
  readonly ready: Promise<ServerHello>;
  /** Resolves with the reason once it is gone. Never rejects. */
  readonly ended: Promise<AnywhereError>;
  readonly #deps: InstanceDeps;
  readonly #stop = new AbortController();
  readonly #recent = new RecentLines();
  readonly #resolveEnded: (cause: AnywhereError) => void;
  #channel: LaunchedChannel | undefined;
  #reader: MessageReader | undefined;
  #peer: Peer | undefined;
  #hello: ServerHello | undefined;
  #lastUsedMs: number;
  #failure: AnywhereError | undefined;

  constructor(server: ServerPlan, link: Link, client: InstanceClient, deps: InstanceDeps) {
    this.server = server;
    this.owner = client.owner;
    this.subscriptions = client.subscriptions;
    this.#deps = deps;
    this.#lastUsedMs = deps.clock.monotonic();
    let resolveEnded: (cause: AnywhereError) => void = () => undefined;
    this.ended = new Promise((resolve) => {
      resolveEnded = resolve;
    });
    this.#resolveEnded = resolveEnded;
    this.ready = this.#start(link);
    this.ready.catch((error: unknown) => {
      this.#end(error as AnywhereError);
    });
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
  }

  /** Stops reading from the server while its client does not keep up. */
  pause(): void {
    this.#channel?.output.pause();
  }

  resume(): void {
    this.#channel?.output.resume();
  }

  /** Servers without `logging` are left alone. */
  setLogLevel(level: string | undefined): void {
    if (level === undefined || this.#hello?.capabilities['logging'] === undefined) return;
    const params = JSON.stringify({ level });
    this.#say('logging/setLevel', params);
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

  async #start(link: Link): Promise<ServerHello> {
    const timeoutMs = this.server.startTimeoutMs;
    const late = deadline(this.#deps.clock, timeoutMs, () => this.#startTimeout(timeoutMs), this.#stop.signal);
    try {
      const launch = await this.#deps.resolveLaunch(this.server, late.signal);
      const channel = await orAbort(openInTime(link, launch, late.signal), late.signal);
      if (late.signal.aborted) channel.close();
      late.signal.throwIfAborted();
      this.#attach(channel, launch);
      return await orAbort(this.#initialize(), late.signal);
    } catch (error) {
      throw this.#failure ?? placed(error, this.server);
    } finally {
      late.clear();
    }
  }

  #attach(channel: LaunchedChannel, launch: Launch): void {
    this.#channel = channel;
    const writer = new MessageWriter(channel.input);
    const peer = new Peer(writer, this.#handler(), this.#deps.clock);
    this.#peer = peer;
    this.#reader = this.#readerFor(peer);
    const reader = this.#reader;
    channel.output.on('data', (chunk: Buffer) => {
      reader.push(chunk);
    });
    channel.output.on('error', () => undefined);
    channel.input.on('error', () => undefined);
    eachLine(channel.errors, (line) => {
      this.#recent.add(this.#deps.redact(line));
      this.#deps.onLine('stderr', line);
    });
    const { scope } = this.#deps;
    const noiseLogged = channel.started.then(() => {
      for (const line of channel.noise) this.#deps.onLine('stdout-noise', line);
    });
    const endSeen = channel.ended.then((end) => {
      reader.end();
      const last = { end, wasReady: this.#hello !== undefined, lines: this.#recent.lines };
      this.#end(endCause(this.server, launch, channel, last));
    });
    scope.run(noiseLogged);
    scope.run(endSeen);
  }

  #readerFor(peer: Peer): MessageReader {
    return new MessageReader(
      {
        message: (message) => {
          peer.receive(message);
        },
        batch: (messages) => {
          peer.receiveBatch(messages);
        },
        noise: (line) => {
          this.#noise(line);
        },
        overflow: () => {
          if (this.#hello === undefined)
            this.#end(this.#protocolError('printed 16 MB without a newline instead of answering initialize'));
        },
        oversized: (size, head, tail) => {
          this.#oversized(peer, size, head, tail);
        },
      },
      Math.min(MAX_HELLO_BYTES, this.#deps.maxMessageBytes),
    );
  }

  #handler(): ConstructorParameters<typeof Peer>[1] {
    return {
      request: (message) => {
        if (message.method === 'ping') this.peer.reply(message, '{}');
        else this.owner.serverRequest(this, message);
      },
      notification: (message) => {
        this.owner.serverNotification(this, message);
      },
      stray: (message) => {
        this.#deps.onLine('protocol', `reply that nobody waits for: ${message.bytes.toString('utf8', 0, 500)}`);
      },
    };
  }

  async #initialize(): Promise<ServerHello> {
    const { owner, peer } = this;
    const params = `{"protocolVersion":"${owner.protocolVersion}","capabilities":${owner.capabilities},"clientInfo":${owner.clientInfo}}`;
    const reply = await peer.request('initialize', params, { timeoutMs: Number.POSITIVE_INFINITY, cancellable: false });
    const hello = this.#readHello(reply);
    this.#hello = hello;
    this.#reader?.limit(this.#deps.maxMessageBytes);
    peer.notify('notifications/initialized');
    return hello;
  }

  #readHello(reply: Message): ServerHello {
    if (reply.kind === 'error')
      throw this.#protocolError(`answered initialize with an error: ${reply.errorValue().message}`);
    const result = reply.resultValue();
    if (typeof result !== 'object' || result === null) throw this.#protocolError('answered initialize with no object');
    const { protocolVersion, capabilities, serverInfo, instructions } = result as Record<string, unknown>;
    if (!isKnownVersion(protocolVersion))
      throw this.#protocolError(`speaks protocol version ${JSON.stringify(protocolVersion)}, which is not known here`);
    return {
      raw:
        reply.result === undefined
          ? Buffer.alloc(0)
          : Buffer.from(reply.bytes.subarray(reply.result.start, reply.result.end)),
      protocolVersion,
      capabilities: isRecord(capabilities) ? capabilities : {},
      serverInfo,
      instructions: typeof instructions === 'string' && instructions !== '' ? instructions : undefined,
    };
  }

  #noise(line: Buffer): void {
    const text = line.toString('utf8', 0, 2000).trimEnd();
    if (text === '') return;
    if (this.#hello === undefined) this.#recent.add(this.#deps.redact(text));
    this.#deps.onLine('stdout-noise', text);
  }

  #oversized(peer: Peer, size: number, head: Buffer, tail: Buffer): void {
    const error = new AnywhereError(
      'MESSAGE_TOO_LARGE',
      `a message of ${size} bytes is over the limit of ${this.#deps.maxMessageBytes} bytes`,
      { host: this.server.host, server: this.server.name },
    );
    const whose = oversizedId(head, tail);
    const known = whose?.isReply === true && peer.fail(Number(whose.idText), error);
    this.#deps.onLine('protocol', known ? error.message : `${error.message}; whose answer it was cannot be seen`);
  }

  #protocolError(what: string): AnywhereError {
    const { host, name } = this.server;
    return new AnywhereError('SERVER_PROTOCOL', `${host}/${name} ${what}`, {
      host,
      server: name,
      evidence: this.#recent.lines,
    });
  }

  #startTimeout(timeoutMs: number): AnywhereError {
    const { host, name } = this.server;
    const text = `${host}/${name} did not answer initialize within ${timeoutMs / 1000} s`;
    return new AnywhereError('SERVER_START_TIMEOUT', text, { host, server: name, evidence: this.#recent.lines });
  }

  #end(cause: AnywhereError): void {
    if (this.#failure !== undefined) return;
    this.#failure = cause;
    this.#stop.abort(cause);
    this.#peer?.close(cause);
    this.#channel?.close();
    this.#channel?.output.resume();
    this.#resolveEnded(cause);
  }
}

/** A channel that comes when nobody waits for it any more is closed: what runs in it would run for ever. */
async function openInTime(link: Link, launch: Launch, signal: AbortSignal): Promise<LaunchedChannel> {
  const channel = await link.open(launch, signal);
  if (signal.aborted) channel.close();
  return channel;
}

function placed(error: unknown, server: ServerPlan): AnywhereError {
  const place = { host: server.host, server: server.name };
  if (error instanceof AnywhereError) return error.at(place);
  return new AnywhereError('INTERNAL', error instanceof Error ? error.message : String(error), {
    ...place,
    cause: error,
  });
}

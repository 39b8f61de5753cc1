/** A connection of the system's ssh as a `Transport`. */
import { Duplex } from 'node:stream';
import { orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Channel, Transport, TransportEnd, TunnelTarget } from '../launch/contract.ts';
import type { SessionOptions } from '../ssh/session.ts';
import type { MuxChannel } from './channel.ts';
import type { MuxConnection } from './connection.ts';
import { agentRequest, channelRequest, directTcpip, environmentRequest } from './messages.ts';

/** The master behind the connection: ours, or the user's, which is never ended by us. */
export interface MasterOwner {
  /** Resolves with the cause of the end. Never rejects. */
  readonly ended: Promise<AnywhereError>;
  /** Asks the master to end; `ended` follows. */
  stop(): void;
  kill(): void;
}

/** Time to send waiting bytes before a graceful end. */
const CLOSE_TIMEOUT_MS = 1000;

export interface TransportParts {
  readonly host: string;
  /** Fingerprint of the host key. */
  readonly identity: string;
  readonly connection: MuxConnection;
  readonly owner: MasterOwner;
  readonly isBorrowed?: boolean;
  readonly session: SessionOptions;
  readonly clock: Clock;
}

export class OpensshTransport implements Transport {
  readonly identity: string;
  readonly isBorrowed: boolean;
  readonly ended: Promise<TransportEnd>;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #connection: MuxConnection;
  readonly #owner: MasterOwner;
  readonly #sessionOptions: SessionOptions;
  #closing: AnywhereError | undefined;

  constructor({ host, identity, connection, owner, isBorrowed = false, session, clock }: TransportParts) {
    this.#host = host;
    this.#sessionOptions = session;
    this.isBorrowed = isBorrowed;
    this.identity = identity;
    this.#connection = connection;
    this.#owner = owner;
    this.#clock = clock;
    this.ended = this.#watch();
  }

  async exec(command: string, signal: AbortSignal): Promise<Channel> {
    return this.#session('exec', command, signal);
  }

  async subsystem(name: string, signal: AbortSignal): Promise<Channel> {
    return this.#session('subsystem', name, signal);
  }

  async tunnel(target: TunnelTarget, signal: AbortSignal): Promise<Duplex> {
    const channel = await this.#connection.open('direct-tcpip', directTcpip(target.host, target.port), signal);
    // Nobody reads the stderr of a tunnel; unread bytes would fill the window.
    channel.errors.resume();
    const duplex = Duplex.from({ readable: channel.output, writable: channel.input });
    duplex
      .on('error', () => undefined)
      .once('close', () => {
        channel.close();
      });
    return duplex;
  }

  async close(): Promise<void> {
    this.#closing ??= new AnywhereError('LINK_LOST', 'the connection was closed', { host: this.#host });
    const cause = this.#closing;
    const cancel = this.#clock.after(CLOSE_TIMEOUT_MS, () => {
      this.#connection.lose(cause);
    });
    this.#connection.end(cause);
    await this.#connection.closed;
    cancel();
    this.#owner.stop();
    await this.ended;
  }

  destroy(cause: AnywhereError): void {
    this.#closing ??= cause;
    this.#connection.lose(this.#closing);
    this.#owner.kill();
  }

  async #session(kind: 'exec' | 'subsystem', argument: string, signal: AbortSignal): Promise<Channel> {
    const channel = await this.#connection.open('session', Buffer.alloc(0), signal);
    const { env, forwardAgent } = this.#sessionOptions;
    if (forwardAgent) channel.tell(agentRequest);
    for (const [name, value] of Object.entries(env)) channel.tell((id) => environmentRequest(id, name, value));
    try {
      const accepted = await orAbort(
        channel.request((id) => channelRequest(id, kind, argument)),
        signal,
      );
      if (!accepted) throw this.#refused(kind, argument, channel);
      return channel;
    } catch (error) {
      channel.close();
      throw error;
    }
  }

  #refused(kind: 'exec' | 'subsystem', argument: string, channel: MuxChannel): AnywhereError {
    if (channel.dead)
      return this.#closing ?? new AnywhereError('LINK_LOST', 'the connection ended', { host: this.#host });
    const what = kind === 'exec' ? 'to run a command' : `the subsystem "${argument}"`;
    return new AnywhereError('CHANNEL_REFUSED', `the host refused ${what}`, { host: this.#host });
  }

  /** Socket and master end in any order; the master knows the cause. */
  async #watch(): Promise<TransportEnd> {
    await Promise.race([this.#connection.closed, this.#owner.ended]);
    if (this.#closing === undefined) this.#owner.stop();
    const told = await this.#owner.ended;
    const cause = this.#closing ?? told;
    this.#connection.lose(cause);
    return { cause };
  }
}

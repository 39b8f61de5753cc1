/** A live ssh2 connection: programs, subsystems and tunnels over it. */
import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { deadline, orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Channel, Transport, TransportEnd, TunnelTarget } from '../launch/contract.ts';
import type { SessionOptions } from '../ssh/session.ts';
import { Ssh2Channel, tunnelOf } from './channel.ts';
import { channelRefused, endedEarly, isRefusal } from './errors.ts';
import type { LoggedIn } from './login.ts';
import { Windows } from './windows.ts';

type Opened = (error: Error | null | undefined, channel: ClientChannel) => void;

const CLOSE_WAIT_MS = 1000;

export class Ssh2Transport implements Transport {
  readonly identity: string;
  /** The socket belongs to this process, and all channels end with the process. */
  readonly closesWhole = true;
  readonly ended: Promise<TransportEnd>;
  readonly #login: LoggedIn;
  readonly #clock: Clock;
  readonly #channels = new Set<Ssh2Channel>();
  readonly #tunnels = new Set<Duplex>();
  readonly #windows: Windows;
  #session: SessionOptions;
  #cause: AnywhereError | undefined;

  constructor(login: LoggedIn, clock: Clock, session: SessionOptions) {
    this.#session = session;
    this.#login = login;
    this.#clock = clock;
    this.#windows = new Windows(login.client, clock);
    this.identity = login.fingerprint;
    this.ended = login.ended;
    login.onEnd((cause) => {
      this.#die(cause);
    });
    this.#measure();
  }

  get bytesRead(): number | undefined {
    return this.#login.bytesRead();
  }

  async exec(command: string, signal: AbortSignal): Promise<Channel> {
    const { env, forwardAgent } = this.#session;
    const options = { env, agentForward: forwardAgent };
    const open = (opened: Opened): unknown => this.#login.client.exec(command, options, opened);
    try {
      return await this.#open(open, (raw) => this.#channelOf(raw), 'a session', signal);
    } catch (error) {
      if (!forwardAgent || signal.aborted || this.#cause !== undefined || isRefusal((error as Error).cause))
        throw error;
      // Where the machine forwards no agent (AllowAgentForwarding), ssh2 ends the session. OpenSSH continues without an agent.
      this.#session = { env, forwardAgent: false };
      return this.exec(command, signal);
    }
  }

  subsystem(name: string, signal: AbortSignal): Promise<Channel> {
    const open = (opened: Opened): unknown => this.#login.client.subsys(name, opened);
    return this.#open(open, (raw) => this.#channelOf(raw), `the subsystem ${name}`, signal);
  }

  tunnel({ host, port }: TunnelTarget, signal: AbortSignal): Promise<Duplex> {
    const open = (opened: Opened): unknown => this.#login.client.forwardOut('127.0.0.1', 0, host, port, opened);
    return this.#open(open, (raw) => this.#tunnelOf(raw), `a tunnel to ${host}:${port}`, signal);
  }

  async close(): Promise<void> {
    for (const channel of [...this.#channels]) channel.close();
    if (this.#cause !== undefined) return;
    this.#windows.stop();
    this.#login.client.end();
    const limit = deadline(this.#clock, CLOSE_WAIT_MS, () => new Error('the machine does not answer'));
    await orAbort(this.ended, limit.signal).catch(() => undefined);
    limit.clear();
    this.destroy(endedEarly('ready', this.#login.place));
  }

  destroy(cause: AnywhereError): void {
    this.#die(cause);
    this.#login.destroy(cause);
  }

  /** @param wrap runs before ssh2 reads the next packet, which may be the end of the program */
  async #open<T extends { destroy(): void } | { close(): void }>(
    open: (opened: Opened) => unknown,
    wrap: (raw: ClientChannel) => T,
    what: string,
    signal: AbortSignal,
  ): Promise<T> {
    signal.throwIfAborted();
    if (this.#cause !== undefined) throw this.#cause;
    const opening = new Promise<T>((resolve, reject) => {
      const opened: Opened = (error, raw) => {
        if (error === null || error === undefined) resolve(wrap(raw));
        else reject(error);
      };
      try {
        open(opened);
      } catch {
        // The connection ended in this moment.
        reject(endedEarly('ready', this.#login.place));
      }
    });
    try {
      return await orAbort(opening, signal);
    } catch (error) {
      opening.then(end, () => undefined);
      signal.throwIfAborted();
      throw isRefusal(error) ? channelRefused(error, what, this.#login.place) : this.#lossOr(error, what);
    }
  }

  /** ssh2 reports the same error for a lost connection and for a program that the machine did not start. */
  #lossOr(error: unknown, what: string): AnywhereError {
    return this.#cause ?? channelRefused(error, what, this.#login.place);
  }

  #channelOf(raw: ClientChannel): Channel {
    this.#windows.watch(raw);
    const channel = new Ssh2Channel(raw);
    this.#channels.add(channel);
    channel.ended.then(
      () => this.#channels.delete(channel),
      () => undefined,
    );
    return channel;
  }

  #tunnelOf(raw: ClientChannel): Duplex {
    const tunnel = tunnelOf(raw, () => this.#cause);
    this.#tunnels.add(tunnel);
    tunnel.once('close', () => this.#tunnels.delete(tunnel));
    return tunnel;
  }

  #measure(): void {
    const askedMs = this.#clock.monotonic();
    const answered = (): void => {
      this.#windows.answeredIn(this.#clock.monotonic() - askedMs);
    };
    roundTrip(this.#login.client).then(answered, () => undefined);
  }

  #die(cause: AnywhereError): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#windows.stop();
    for (const channel of [...this.#channels]) channel.lose(cause);
    for (const tunnel of this.#tunnels) tunnel.destroy(cause);
  }
}

/** The caller has gone. */
function end(opened: { destroy(): void } | { close(): void }): void {
  if ('destroy' in opened) opened.destroy();
  else opened.close();
}

/**
 * Resolves once the machine has answered; rejects where the connection ends first. The request cancels a forwarding that does
 * not exist, which every sshd refuses at once. ssh2 offers no other request without an effect.
 */
export function roundTrip(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    const lost = (): void => {
      reject(new AnywhereError('LINK_LOST', 'the connection was closed'));
    };
    client.once('close', lost);
    client.unforwardIn('127.0.0.1', 1, () => {
      client.off('close', lost);
      resolve();
    });
  });
}

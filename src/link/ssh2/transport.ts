/** A live ssh2 connection: programs, subsystems and tunnels over it. */
import type { Duplex } from 'node:stream';
import type { ClientChannel } from 'ssh2';
import { deadline, orAbort } from '../../base/abort.ts';
import type { Clock } from '../../base/clock.ts';
import type { AnywhereError } from '../../base/errors.ts';
import type { Channel, Transport, TransportEnd, TunnelTarget } from '../contract.ts';
import { Ssh2Channel } from './channel.ts';
import { channelRefused, endedEarly, isRefusal } from './errors.ts';
import { type Opening, openSession } from './internals.ts';
import type { LoggedIn } from './login.ts';
import { tunnelOf } from './streams.ts';
import { Windows } from './windows.ts';

interface Started {
  readonly channel: Ssh2Channel;
  readonly started: Promise<boolean>;
}

type Program = { readonly command: string } | { readonly subsystem: string };

/** A session sent along with the login that is not there two seconds later will not come. */
const SPARE_WAIT_MS = 2000;
/** One that nobody asked for in this time is ended: it holds a session, and its stand-in ends the connection with the lease. */
const SPARE_KEPT_MS = 2000;
const CLOSE_WAIT_MS = 1000;

export class Ssh2Transport implements Transport {
  readonly identity: string;
  /** The connection is a socket of this process: it dies with us, and every channel with it. */
  readonly closesWhole = true;
  readonly ended: Promise<TransportEnd>;
  readonly #login: LoggedIn;
  readonly #clock: Clock;
  readonly #channels = new Set<Ssh2Channel>();
  readonly #tunnels = new Set<Duplex>();
  readonly #prepared: string | undefined;
  readonly #windows: Windows;
  #spare: Opening | undefined;
  #cause: AnywhereError | undefined;

  /** `prepared`: the command that `login.spare` runs. */
  constructor(login: LoggedIn, prepared: string | undefined, clock: Clock) {
    this.#login = login;
    this.#clock = clock;
    this.#prepared = prepared;
    this.#spare = login.spare;
    this.#windows = new Windows(login.client, clock);
    this.identity = login.fingerprint;
    this.ended = login.ended;
    login.onEnd((cause) => {
      this.#die(cause);
    });
    if (this.#spare !== undefined) this.#endSpareLater(this.#spare);
  }

  get bytesRead(): number | undefined {
    return this.#login.bytesRead();
  }

  /**
   * Does not wait for the machine to confirm the program: the first bytes travel with the request. A program
   * that is refused then (rare: `command` runs in a shell) ends its channel as lost, with CHANNEL_REFUSED.
   */
  async exec(command: string, signal: AbortSignal): Promise<Channel> {
    const { channel, started } = await this.#start({ command }, signal);
    const onAnswer = (ok: boolean): void => {
      if (!ok) channel.refuse(this.#refused(undefined, 'a shell'));
      else if (command === this.#prepared) this.#login.sessionWorked();
    };
    started.then(onAnswer, () => undefined);
    return channel;
  }

  /** Waits for the confirmation: a subsystem that is not there is the usual mistake. */
  async subsystem(name: string, signal: AbortSignal): Promise<Channel> {
    const { channel, started } = await this.#start({ subsystem: name }, signal);
    const ok = await orAbort(started, signal).catch((error: unknown) => {
      channel.close();
      throw error;
    });
    if (ok) return channel;
    channel.close();
    throw this.#cause ?? this.#refused(undefined, `the subsystem ${name}`);
  }

  async tunnel(target: TunnelTarget, signal: AbortSignal): Promise<Duplex> {
    const what = `a tunnel to ${target.host}:${target.port}`;
    signal.throwIfAborted();
    const raw = await this.#opened(
      this.#alive(() => forward(this.#login, target)),
      what,
      signal,
    );
    const tunnel = tunnelOf(raw, () => this.#cause);
    this.#tunnels.add(tunnel);
    tunnel.once('close', () => this.#tunnels.delete(tunnel));
    return tunnel;
  }

  async close(): Promise<void> {
    for (const channel of [...this.#channels]) channel.close();
    if (this.#cause !== undefined) return;
    this.#windows.stop();
    this.#login.client.end();
    const limit = deadline(this.#clock, CLOSE_WAIT_MS, () => new Error('it does not answer'));
    await orAbort(this.ended, limit.signal).catch(() => undefined);
    limit.clear();
    this.destroy(endedEarly('ready', this.#login.place));
  }

  destroy(cause: AnywhereError): void {
    this.#die(cause);
    this.#login.destroy(cause);
  }

  async #start(program: Program, signal: AbortSignal): Promise<Started> {
    signal.throwIfAborted();
    const ready = await this.#spared(program, signal);
    if (ready !== undefined) return ready;
    const opening = this.#alive(() => openSession(this.#login.client, program));
    const what = 'command' in program ? 'a session' : `the subsystem ${program.subsystem}`;
    const askedMs = this.#clock.monotonic();
    const raw = await this.#opened(opening.channel, what, signal);
    this.#windows.answeredIn(this.#clock.monotonic() - askedMs);
    return this.#channelOf(raw, opening);
  }

  #channelOf(raw: ClientChannel, opening: Opening): Started {
    this.#windows.watch(raw);
    const channel = new Ssh2Channel(raw);
    this.#channels.add(channel);
    channel.ended.then(
      () => this.#channels.delete(channel),
      () => undefined,
    );
    return { channel, started: opening.started };
  }

  /** The session that was opened along with the login; undefined when there is none for this, or the machine did not take to it. */
  async #spared(program: Program, signal: AbortSignal): Promise<Started | undefined> {
    const spare = this.#spare;
    if (spare === undefined || !('command' in program) || program.command !== this.#prepared) return undefined;
    this.#spare = undefined;
    const limit = deadline(this.#clock, SPARE_WAIT_MS, () => new Error('no answer'), signal);
    try {
      return this.#channelOf(await orAbort(spare.channel, limit.signal), spare);
    } catch {
      spare.channel.then(closeQuietly, () => undefined);
      signal.throwIfAborted();
      return undefined;
    } finally {
      limit.clear();
    }
  }

  #endSpareLater(spare: Opening): void {
    const end = (): void => {
      if (this.#spare !== spare) return;
      this.#spare = undefined;
      spare.channel.then(closeQuietly, () => undefined);
    };
    this.#clock.after(SPARE_KEPT_MS, end, { background: true });
  }

  #alive<T>(work: () => T): T {
    if (this.#cause !== undefined) throw this.#cause;
    return work();
  }

  async #opened(opening: Promise<ClientChannel>, what: string, signal: AbortSignal): Promise<ClientChannel> {
    try {
      return await orAbort(opening, signal);
    } catch (error) {
      opening.then(closeQuietly, () => undefined);
      signal.throwIfAborted();
      if (isRefusal(error)) throw this.#refused(error, what);
      throw this.#cause ?? endedEarly('ready', this.#login.place);
    }
  }

  #refused(thrown: unknown, what: string): AnywhereError {
    return channelRefused(thrown ?? new Error('the request was refused'), what, this.#login.place);
  }

  #die(cause: AnywhereError): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#windows.stop();
    for (const channel of [...this.#channels]) channel.lose(cause);
    for (const tunnel of this.#tunnels) tunnel.destroy(cause);
  }
}

function forward(login: LoggedIn, target: TunnelTarget): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    login.client.forwardOut('127.0.0.1', 0, target.host, target.port, (error, channel) => {
      if (error === undefined) resolve(channel);
      else reject(error);
    });
  });
}

function closeQuietly(channel: ClientChannel): void {
  try {
    channel.resume();
    channel.stderr.resume();
    channel.close();
  } catch {
    // The connection went meanwhile.
  }
}

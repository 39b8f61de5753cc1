/**
 * The connections of one host, and which of them takes the next session.
 *
 * sshd allows so many sessions on a connection (MaxSessions) and tells nobody how many; a refusal teaches it. The first
 * connection with room is taken, so that as few are needed as can be; one that became empty is closed, but never the first.
 */
import { orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { Channel, Transport } from '../launch/contract.ts';

/** sshd's MaxStartups punishes more handshakes at once. */
const MAX_HANDSHAKES = 3;
/** A refused connection is not asked again before this, unless a session on it ends. */
const REFUSAL_HOLDS_MS = 5_000;
/** So long a closed session may count there: until its program has been reaped, which may have to be killed for that. */
const REAPING_MS = 10_000;
const UNUSED_MS = 1_000;

export interface Connection {
  readonly transport: Transport;
  /** The sshd process that serves it, once a launcher reported it. */
  sshdPid: number | undefined;
  open: number;
  opening: number;
  /** Monotonic; before this no session is asked of it. */
  fullUntilMs: number;
  /** When sessions of it ended, monotonic: those that may still count there. */
  readonly reaping: number[];
}

export interface Opened {
  readonly channel: Channel;
  readonly connection: Connection;
}

interface ConnectionsDeps {
  readonly host: string;
  readonly clock: Clock;
  readonly scope: Scope;
  readonly dial: () => Promise<Transport>;
  /** A connection ended; `left` are still alive. */
  readonly onEnd: (connection: Connection, cause: AnywhereError, left: number) => void;
}

export class Connections {
  readonly #deps: ConnectionsDeps;
  readonly #all: Connection[] = [];
  readonly #dials = new Set<Promise<void>>();
  /** The host allows no more on a connection; perhaps fewer. */
  #limit = Number.POSITIVE_INFINITY;
  #waiting = 0;

  constructor(deps: ConnectionsDeps) {
    this.#deps = deps;
  }

  get count(): number {
    return this.#all.length;
  }

  get first(): Transport | undefined {
    return this.#all[0]?.transport;
  }

  /** Pids of the sshd processes that are known to serve these connections. */
  sshdPids(): number[] {
    return this.#all.flatMap(({ sshdPid }) => (sshdPid === undefined ? [] : [sshdPid]));
  }

  add(transport: Transport): Connection {
    const connection: Connection = { transport, sshdPid: undefined, open: 0, opening: 0, fullUntilMs: 0, reaping: [] };
    this.#all.push(connection);
    this.#deps.scope.run(
      transport.ended.then(({ cause }) => {
        this.#ended(connection, cause);
      }),
    );
    return connection;
  }

  /** A session on a connection with room, or on one made for it. Throws CHANNEL_REFUSED when the host wants none at all. */
  async open(start: (transport: Transport) => Promise<Channel>, signal: AbortSignal): Promise<Opened> {
    for (;;) {
      signal.throwIfAborted();
      const connection = this.#all.find((candidate) => this.#hasRoom(candidate));
      if (connection === undefined) await this.#another(signal);
      else {
        const channel = await this.#start(connection, start);
        if (channel !== undefined) return { channel, connection };
      }
    }
  }

  /** Ends all at once, without a word: the line is known to be dead. */
  destroy(cause: AnywhereError): void {
    for (const { transport } of [...this.#all]) transport.destroy(cause);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map(({ transport }) => transport.close()));
  }

  #hasRoom(connection: Connection): boolean {
    if (connection.open + connection.opening >= this.#limit) return false;
    return this.#deps.clock.monotonic() >= connection.fullUntilMs;
  }

  async #start(
    connection: Connection,
    start: (transport: Transport) => Promise<Channel>,
  ): Promise<Channel | undefined> {
    connection.opening += 1;
    try {
      const channel = await start(connection.transport);
      connection.open += 1;
      this.#deps.scope.run(
        channel.ended.then(() => {
          this.#freed(connection);
        }),
      );
      return channel;
    } catch (error) {
      if (!(error instanceof AnywhereError) || error.code !== 'CHANNEL_REFUSED') throw error;
      this.#learnLimit(connection, error);
      return undefined;
    } finally {
      connection.opening -= 1;
    }
  }

  /**
   * What counted there is what the host allows, or more: what else was being opened, and what has just ended, may have
   * counted. Taken for less than it is, the limit would never be tried again, and cost connections for ever.
   */
  #learnLimit(connection: Connection, refusal: AnywhereError): void {
    const nowMs = this.#deps.clock.monotonic();
    forgetReaped(connection, nowMs);
    const counted = connection.open + connection.opening - 1 + connection.reaping.length;
    if (counted === 0) throw refusal;
    connection.fullUntilMs = nowMs + REFUSAL_HOLDS_MS;
    this.#limit = Math.min(this.#limit, counted);
  }

  #freed(connection: Connection): void {
    const nowMs = this.#deps.clock.monotonic();
    connection.open -= 1;
    connection.fullUntilMs = 0;
    forgetReaped(connection, nowMs);
    connection.reaping.push(nowMs);
    this.#closeIfEmpty(connection);
  }

  #closeIfEmpty(connection: Connection): void {
    if (connection.open + connection.opening > 0 || this.#all.indexOf(connection) < 1) return;
    this.#deps.scope.run(connection.transport.close());
  }

  #ended(connection: Connection, cause: AnywhereError): void {
    const index = this.#all.indexOf(connection);
    if (index === -1) return;
    this.#all.splice(index, 1);
    this.#deps.onEnd(connection, cause, this.#all.length);
  }

  /** Waits for one more connection; dials only as many as those who wait need. */
  async #another(signal: AbortSignal): Promise<void> {
    if (this.#all.length === 0)
      throw new AnywhereError('LINK_LOST', 'The connection was lost', { host: this.#deps.host });
    this.#waiting += 1;
    try {
      if (this.#needsDial()) this.#dial();
      await orAbort(Promise.race(this.#dials), signal);
    } finally {
      this.#waiting -= 1;
    }
  }

  #needsDial(): boolean {
    if (this.#dials.size === 0) return true;
    return this.#dials.size < MAX_HANDSHAKES && this.#dials.size * this.#limit < this.#waiting;
  }

  #dial(): void {
    const dial = this.#deps.dial().then((transport) => {
      const connection = this.add(transport);
      // Whoever it was made for may have gone meanwhile.
      this.#deps.clock.after(
        UNUSED_MS,
        () => {
          this.#closeIfEmpty(connection);
        },
        { background: true },
      );
    });
    this.#dials.add(dial);
    const settle = (): void => {
      this.#dials.delete(dial);
    };
    this.#deps.scope.run(dial.then(settle, settle));
  }
}

function forgetReaped({ reaping }: Connection, nowMs: number): void {
  const first = reaping.findIndex((endedMs) => nowMs - endedMs < REAPING_MS);
  reaping.splice(0, first === -1 ? reaping.length : first);
}

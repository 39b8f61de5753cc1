/**
 * The connections of one host, and the choice of a connection for the next session.
 *
 * sshd limits the sessions on a connection (MaxSessions) and does not tell the limit; a refusal shows it. The first connection
 * with room is used, so that there are as few as possible. A connection without sessions is closed, except the first.
 */
import { orAbort } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { Channel, Transport } from '../launch/contract.ts';

/** More handshakes at once would meet sshd's MaxStartups. */
const MAX_HANDSHAKES = 3;
/** A connection that refused a session is not asked again for this long, unless a session on it ends. */
const REFUSAL_HOLDS_MS = 5_000;
/** A closed session may count at the host for this long: until its program has been reaped, and killed if need be. */
const REAPING_MS = 10_000;
const UNUSED_MS = 1_000;

export interface Connection {
  readonly transport: Transport;
  /** The sshd process that serves the connection, once a launcher has reported it. */
  sshdPid: number | undefined;
  open: number;
  opening: number;
  /** Monotonic; no session is asked for before. */
  fullUntilMs: number;
  /** Ends of sessions, monotonic: those that may still count at the host. */
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
  /** A connection ended; `left` is the number of the others. */
  readonly onEnd: (connection: Connection, cause: AnywhereError, left: number) => void;
}

export class Connections {
  readonly #deps: ConnectionsDeps;
  readonly #all: Connection[] = [];
  readonly #dials = new Set<Promise<void>>();
  /** At most this many sessions fit on a connection. */
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

  /** Known pids of the sshd processes that serve the connections. */
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

  /** A session on a connection with room, or on a new one. Throws CHANNEL_REFUSED where the host allows no session at all. */
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

  /** Ends all connections at once, because the line is known to be dead. */
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
   * The sessions that counted at the host are its limit or more: sessions that were being opened or have just ended may count
   * too. A limit that is assumed too low would never be tried again, and would cost connections for ever.
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

  /** Waits for one more connection; dials no more than the waiting callers need. */
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
      // The caller may have gone meanwhile.
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

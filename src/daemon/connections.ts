/** The connections of a daemon that are served, and how they are seen off. */
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { DRAINING_LINE, type Hello } from './hello.ts';

export interface Connection {
  readonly hello: Hello;
  readonly socket: Socket;
  /** An answer is owed on it. */
  readonly isBusy: () => boolean;
}

/** So long a client that was asked to leave may take for it before it is ended while idle; one that hangs never leaves. */
const LEAVE_MS = 5_000;

export class Connections {
  readonly #clock: Clock;
  #askedMs: number | undefined;
  readonly #open = new Set<Connection>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(connection: Connection): void {
    this.#open.add(connection);
  }

  delete(connection: Connection): void {
    this.#open.delete(connection);
  }

  /** Each client leaves with its last answer: it alone knows what it has sent and we have not read. */
  askToLeave(): void {
    this.#askedMs = this.#clock.monotonic();
    for (const { hello, socket } of this.#open)
      if (hello.role === 'mcp' && socket.writable) socket.write(`${DRAINING_LINE}\n`);
  }

  /**
   * Ends those that nothing is owed to: clients that do not leave when they are asked, and where there is none, faces, which
   * may wait for a client's end.
   */
  endIdle(): void {
    const clients = [...this.#open].filter(({ hello }) => hello.role === 'mcp');
    if (clients.length > 0 && !this.#isOverdue) return;
    const ending = clients.length > 0 ? clients : [...this.#open];
    for (const { isBusy, socket } of ending)
      if (!isBusy() && socket.writableLength === 0) endSocket(socket, this.#clock);
  }

  get #isOverdue(): boolean {
    return this.#askedMs !== undefined && this.#clock.monotonic() - this.#askedMs >= LEAVE_MS;
  }

  endAll(): void {
    for (const { socket } of this.#open) endSocket(socket, this.#clock);
  }
}

/** How long the other side may take to read what is on its way. */
const LINGER_MS = 1_000;

/** Ends a connection: what was written before is still delivered, to a side that reads. */
export function endSocket(socket: Socket, clock: Pick<Clock, 'after'>, last = ''): void {
  if (socket.destroyed) return;
  if (!socket.writableEnded) socket.end(last);
  // What it goes on to send is nothing that we could answer: it is not carried out, and its end must be seen.
  socket.removeAllListeners('data').resume();
  const cancel = clock.after(LINGER_MS, () => socket.destroy(), { background: true });
  socket.once('close', cancel);
}

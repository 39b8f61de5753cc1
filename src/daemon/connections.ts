/** The connections of a daemon that are served, and how they are seen off. */
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { endSocket } from './end-socket.ts';
import type { Hello } from './hello.ts';

export interface Connection {
  readonly hello: Hello;
  readonly socket: Socket;
  /** An answer is owed on it. */
  readonly isBusy: () => boolean;
}

export class Connections {
  readonly #clock: Clock;
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

  /** Ends those that nothing is owed to; a face stays for as long as any client does: it may wait for one's end. */
  endIdle(): void {
    const clients = [...this.#open].filter(({ hello }) => hello.role === 'mcp');
    const ending = clients.length > 0 ? clients : [...this.#open];
    for (const { isBusy, socket } of ending)
      if (!isBusy() && socket.writableLength === 0) endSocket(socket, this.#clock);
  }

  endAll(): void {
    for (const { socket } of this.#open) endSocket(socket, this.#clock);
  }
}

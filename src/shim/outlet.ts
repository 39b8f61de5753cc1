/** The way from the AI client to whichever daemon is there; while none is, what it says waits, and then it itself. */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** What waits for a daemon, at most. */
const MAX_WAITING_BYTES = 1024 * 1024;

export class Outlet {
  readonly #input: Readable;
  #socket: Socket | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  constructor(input: Readable) {
    this.#input = input;
  }

  get isFull(): boolean {
    return this.#waitingBytes > MAX_WAITING_BYTES;
  }

  write(bytes: Buffer): void {
    if (this.#socket !== undefined) {
      if (!this.#socket.write(bytes)) this.#input.pause();
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.isFull) this.#input.pause();
  }

  open(socket: Socket): void {
    this.#socket = socket;
    socket.on('drain', () => {
      if (this.#socket === socket) this.#input.resume();
    });
    for (const bytes of this.#waiting) socket.write(bytes);
    this.clear();
    if (socket.writableNeedDrain) this.#input.pause();
  }

  /** The daemon is gone. */
  shut(): void {
    this.#socket = undefined;
    // It may have stopped reading before it went.
    this.#input.resume();
  }

  /** What waits is not sent. */
  clear(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#input.resume();
  }
}

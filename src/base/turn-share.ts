/**
 * Fairness between streams. libuv reads one socket up to 32 times in a row, 64 KiB each, before it looks at the next (`uv__read`
 * in libuv's unix/stream.c). Two megabytes of one peer's messages take tens of milliseconds, and everybody else waits.
 */

/** Bytes of one stream within a turn of the event loop: about 2 ms of parsing on a slow machine. */
const TURN_BYTES = 64 * 1024;

export class TurnShare {
  readonly #pause: () => void;
  readonly #resume: () => void;
  #taken = 0;
  #isOver = false;

  /** @param pause stops the stream, until `resume` is called in the next turn of the event loop */
  constructor(pause: () => void, resume: () => void) {
    this.#pause = pause;
    this.#resume = resume;
  }

  /** To be called with the length of each chunk after its work is done. */
  took(bytes: number): void {
    this.#taken += bytes;
    if (this.#isOver || this.#taken < TURN_BYTES) return;
    this.#isOver = true;
    this.#pause();
    setImmediate(() => {
      this.#isOver = false;
      this.#taken = 0;
      this.#resume();
    });
  }
}

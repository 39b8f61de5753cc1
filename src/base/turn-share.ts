/**
 * Fairness between streams. libuv reads one socket up to 32 times in a row, 64 KiB each, before it looks at the next (`uv__read`
 * in libuv's unix/stream.c). Two megabytes of one peer's messages take tens of milliseconds, and everybody else waits.
 */

/** After so many bytes, about 1 ms of parsing on a slow machine, a stream waits for the others. */
const TURN_BYTES = 64 * 1024;

export class TurnShare {
  readonly #setPaused: (isPaused: boolean) => void;
  #taken = 0;
  #isOver = false;

  /** @param setPaused stops the stream, and lets it go on in the next turn of the event loop */
  constructor(setPaused: (isPaused: boolean) => void) {
    this.#setPaused = setPaused;
  }

  /** To be called with the length of each chunk after its work is done. */
  took(bytes: number): void {
    this.#taken += bytes;
    if (this.#isOver || this.#taken < TURN_BYTES) return;
    this.#isOver = true;
    this.#setPaused(true);
    setImmediate(() => {
      this.#isOver = false;
      this.#taken = 0;
      this.#setPaused(false);
    });
  }
}

/** Whether a line that grows grows fast: looked at when it has got large, and each time it has doubled. */

/** From here on, in bytes. */
const FIRST_LOOK_BYTES = 512 * 1024;
/** More than what a slow network brings, and far less than what a process next door does. */
const FAST_BYTES_PER_MS = 50_000;

export class Growth {
  #lookAt = FIRST_LOOK_BYTES;
  /** At the last look; undefined before the first. */
  #sinceMs: number | undefined;
  #bytes = 0;

  /**
   * True for each look at which it has come fast since the last one.
   * @param bytes of the line so far
   * @param nowMs monotonic
   */
  isFast(bytes: number, nowMs: number): boolean {
    if (this.#sinceMs === undefined) {
      this.#note(bytes, nowMs);
      return false;
    }
    if (bytes < this.#lookAt) return false;
    const isFast = bytes - this.#bytes >= (nowMs - this.#sinceMs) * FAST_BYTES_PER_MS;
    this.#lookAt = bytes * 2;
    this.#note(bytes, nowMs);
    return isFast;
  }

  #note(bytes: number, nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#bytes = bytes;
  }
}

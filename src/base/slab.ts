/**
 * Hands out parts of larger buffers, for bytes that are soon gone again: making a buffer of more than Node's pool gives costs
 * nearly a microsecond. A part that is kept keeps all of its slab alive.
 */
const SLAB_BYTES = 64 * 1024;
/** Larger ones have a buffer of their own. */
const LARGEST_BYTES = 16 * 1024;

export class Slab {
  #bytes: Buffer | undefined;
  #used = 0;

  /** Not zeroed. */
  take(count: number): Buffer {
    if (count > LARGEST_BYTES) return Buffer.allocUnsafeSlow(count);
    if (this.#bytes === undefined || this.#used + count > SLAB_BYTES) {
      this.#bytes = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#used = 0;
    }
    const part = this.#bytes.subarray(this.#used, this.#used + count);
    this.#used += count;
    return part;
  }
}

/** The bytes of a large line, as the chunks they arrived in. */
import type { Pieces } from './splice.ts';

/** Smaller parts are copied together: what a part costs beside its bytes must not count. */
const SMALL_BYTES = 4096;
const BLOCK_BYTES = 64 * 1024;
/** Parts keep the whole of the chunks alive that they are in. More than that for each byte, and they are copied. */
const PINNED_PER_BYTE = 1.25;
/** This much extra memory may be kept alive in any case. */
const PINNED_BYTES = 512 * 1024;
const NO_BYTES: Buffer = Buffer.alloc(0);

export class Chunks {
  /** In bytes. */
  length = 0;
  #pieces: Buffer[] = [];
  /** Memory that the pieces keep alive, and the last chunk of it. */
  #pinned = 0;
  #chunk: ArrayBufferLike | undefined;
  /** Where parts are copied to: up to `#filled`, of which the pieces have what is before `#taken`. */
  #block = NO_BYTES;
  #filled = 0;
  #taken = 0;
  readonly #onPiece: (piece: Buffer) => void;

  /** @param onPiece told of each piece, once, in order; of the last ones by `settle` */
  constructor(onPiece: (piece: Buffer) => void) {
    this.#onPiece = onPiece;
  }

  append(part: Buffer): void {
    this.length += part.length;
    if (part.length < SMALL_BYTES || !this.#pin(part.buffer)) this.#copy(part);
    else {
      this.#takeCopied();
      this.#add(part);
    }
  }

  /** The line is complete. */
  settle(): void {
    this.#takeCopied();
  }

  get pieces(): Pieces {
    this.#takeCopied();
    return this.#pieces;
  }

  /** The whole line in one piece, which takes the same memory again. */
  whole(): Buffer {
    const [first = NO_BYTES] = this.pieces;
    if (this.#pieces.length <= 1) return first;
    const whole = Buffer.concat(this.#pieces, this.length);
    this.#pieces = [whole];
    return whole;
  }

  /** False where the part would keep too much memory alive. */
  #pin(chunk: ArrayBufferLike): boolean {
    if (chunk === this.#chunk) return true;
    const pinned = this.#pinned + chunk.byteLength;
    if (pinned > this.length * PINNED_PER_BYTE + PINNED_BYTES) return false;
    this.#chunk = chunk;
    this.#pinned = pinned;
    return true;
  }

  #copy(part: Buffer): void {
    let from = 0;
    while (from < part.length) {
      if (this.#filled === this.#block.length) this.#nextBlock();
      const count = part.copy(this.#block, this.#filled, from);
      this.#filled += count;
      from += count;
    }
  }

  #nextBlock(): void {
    this.#takeCopied();
    this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#filled = 0;
    this.#taken = 0;
    this.#pinned += BLOCK_BYTES;
  }

  #takeCopied(): void {
    if (this.#filled > this.#taken) this.#add(this.#block.subarray(this.#taken, this.#filled));
    this.#taken = this.#filled;
  }

  #add(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#onPiece(piece);
  }
}

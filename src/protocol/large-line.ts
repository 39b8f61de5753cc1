/**
 * A large line as the chunks it arrived in, which are passed on unchanged. Joining them would copy the line into fresh
 * memory, which costs more than everything else done with the line.
 */
import { FitCheck } from './fit-line.ts';
import type { Span } from './json-scan.ts';
import { type Outline, Outliner } from './outline.ts';
import { type Edit, inOrder, type Pieces, textBytes } from './splice.ts';

export class LargeLine {
  readonly #check = new FitCheck();
  readonly #chunks = new Chunks((piece) => {
    this.#check.push(piece);
  });
  readonly #outliner = new Outliner();

  /** In bytes. */
  get length(): number {
    return this.#chunks.length;
  }

  append(chunk: Buffer): void {
    this.#outliner.push(chunk);
    this.#chunks.append(chunk);
  }

  /** Undefined where the joined line is faster to read, or where the bytes must not be passed on unchanged (see `fitLine`). */
  outline(): Outline | undefined {
    this.#chunks.settle();
    return this.#check.isFit ? this.#outliner.outline() : undefined;
  }

  get pieces(): Pieces {
    return this.#chunks.pieces;
  }

  /** The whole line in one piece, which takes the same memory again. */
  bytes(): Buffer {
    return this.#chunks.whole();
  }

  /** With each edit's span replaced. */
  edited(edits: readonly Edit[]): Pieces {
    const edited: Buffer[] = [];
    const cutter = new Cutter(this.pieces);
    for (const { span, text } of inOrder(edits)) {
      cutter.until(span.start, edited);
      cutter.skip(span.end);
      edited.push(textBytes(text));
    }
    cutter.until(this.length, edited);
    return edited;
  }

  /** A part in one piece. */
  part({ start, end }: Span): Buffer {
    const parts: Buffer[] = [];
    const cutter = new Cutter(this.pieces);
    cutter.skip(start);
    cutter.until(end, parts);
    return Buffer.concat(parts, end - start);
  }
}

/** Walks the pieces once, from the beginning. */
class Cutter {
  readonly #pieces: Pieces;
  #index = 0;
  /** Where the piece begins in the line, and where we are. */
  #start = 0;
  #at = 0;

  constructor(pieces: Pieces) {
    this.#pieces = pieces;
  }

  /** Copies the bytes up to `end` into `target`. */
  until(end: number, target: Buffer[]): void {
    this.#walk(end, (part) => target.push(part));
  }

  skip(end: number): void {
    this.#walk(end, () => undefined);
  }

  #walk(end: number, visit: (part: Buffer) => void): void {
    while (this.#at < end) {
      const piece = this.#pieces[this.#index];
      if (piece === undefined) return;
      const stop = Math.min(end, this.#start + piece.length);
      const isAll = this.#at === this.#start && stop === this.#start + piece.length;
      visit(isAll ? piece : piece.subarray(this.#at - this.#start, stop - this.#start));
      this.#at = stop;
      if (stop < this.#start + piece.length) return;
      this.#index += 1;
      this.#start = stop;
    }
  }
}

/** Smaller parts are copied together, because each part has a fixed cost. */
const SMALL_BYTES = 4096;
const BLOCK_BYTES = 64 * 1024;
/** A part keeps its whole chunk alive. Parts that would keep more memory than this alive for each byte are copied. */
const PINNED_PER_BYTE = 1.25;
/** This much extra memory may be kept alive in any case. */
const PINNED_BYTES = 512 * 1024;
const NO_BYTES: Buffer = Buffer.alloc(0);

/** The bytes of a large line, as the chunks they arrived in. */
export class Chunks {
  /** In bytes. */
  length = 0;
  #pieces: Buffer[] = [];
  /** Memory that the pieces keep alive, and its last chunk. */
  #pinned = 0;
  #chunk: ArrayBufferLike | undefined;
  /** Parts are copied to this block, up to `#filled`. The bytes before `#taken` are in `#pieces`. */
  #block = NO_BYTES;
  #filled = 0;
  #taken = 0;
  readonly #onPiece: (piece: Buffer) => void;

  /** @param onPiece gets each piece once, in order; the last pieces by `settle` */
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

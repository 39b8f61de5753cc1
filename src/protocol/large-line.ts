/**
 * A large line as the chunks it arrived in, which are passed on unchanged. Joining them would copy the line into fresh
 * memory, which costs more than everything else done with the line.
 */
import { Chunks } from './chunks.ts';
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

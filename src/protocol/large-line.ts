/**
 * A large line as the chunks that it came in: it is handed on as they are. Put together it would be copied into memory
 * that nobody had touched before, which costs more than all else that is done with it.
 */
import { Chunks } from './chunks.ts';
import { Growth } from './growth.ts';
import type { Span } from './json-scan.ts';
import { type Outline, Outliner } from './outline.ts';
import { type Edit, inOrder, type Pieces, textBytes } from './splice.ts';

const NO_BYTES: Buffer = Buffer.alloc(0);

/** Takes what is inside of a long string while it comes (see `CutThrough`). */
export interface StringTaker {
  /** The bytes are the taker's from now on. */
  pass(part: Buffer): void;
  /** The line has come to its end, and who was to read it has. */
  lineOver(): void;
  /** The line gets no end. */
  abort(): void;
}

export class LargeLine {
  /** Bytes that its taker was given. */
  passed = 0;
  readonly growth = new Growth();
  #taker: StringTaker | undefined;
  /** What comes now is the taker's. */
  #isPassing = false;
  /** What it has. */
  #chunks = new Chunks();
  readonly #outliner = new Outliner();

  /** Of what it has, in bytes. */
  get length(): number {
    return this.#chunks.length;
  }

  append(chunk: Buffer): void {
    const part = this.#isPassing ? this.#pass(chunk) : chunk;
    if (part.length === 0) return;
    this.#outliner.push(part);
    this.#chunks.append(part);
  }

  /** Its beginning, where what comes now is inside of its first long string; undefined anywhere else. */
  get opening(): Buffer | undefined {
    return this.#isPassing ? undefined : this.#outliner.opening;
  }

  /** Whoever was given the inside of its first long string: what the line has is without that, and well-formed all the same. */
  get taker(): StringTaker | undefined {
    return this.#taker;
  }

  /** Gives the rest of the string that begins at the end of `opening` to `taker`, now and while it comes. */
  passOn(taker: StringTaker): void {
    const opening = Buffer.from(this.#outliner.opening ?? NO_BYTES);
    const inside: Buffer[] = [];
    const cutter = new Cutter(this.pieces);
    cutter.skip(opening.length);
    cutter.until(this.length, inside);
    this.#chunks = new Chunks();
    this.#chunks.append(opening);
    this.#outliner.forgetOmitted();
    this.#taker = taker;
    this.#isPassing = true;
    for (const part of inside) this.#hand(taker, part);
  }

  /** Returns what follows the string. */
  #pass(chunk: Buffer): Buffer {
    const end = this.#outliner.inside(chunk);
    this.#isPassing = end === chunk.length;
    const inside = this.#isPassing ? chunk : chunk.subarray(0, end);
    if (end > 0 && this.#taker !== undefined) this.#hand(this.#taker, inside);
    return this.#isPassing ? NO_BYTES : chunk.subarray(end);
  }

  #hand(taker: StringTaker, part: Buffer): void {
    this.passed += part.length;
    taker.pass(part);
  }

  /** Undefined where it is better read as it is. */
  outline(): Outline | undefined {
    return this.#outliner.outline();
  }

  get pieces(): Pieces {
    return this.#chunks.pieces;
  }

  /** All of it in one piece: once more as much memory. */
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

/** Goes through pieces once, from their beginning. */
class Cutter {
  readonly #pieces: Pieces;
  #index = 0;
  /** Where the piece begins in the line, and where we are. */
  #start = 0;
  #at = 0;

  constructor(pieces: Pieces) {
    this.#pieces = pieces;
  }

  /** What there is up to `end` goes to `target`. */
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

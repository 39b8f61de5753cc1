/**
 * A large line as the chunks that it came in: it is handed on as they are. Put together it would be copied into memory
 * that nobody had touched before, which costs more than all else that is done with it.
 */
import { Growth } from './growth.ts';
import type { Span } from './json-scan.ts';
import { type Outline, Outliner } from './outline.ts';
import { type Edit, inOrder, type Pieces, textBytes } from './splice.ts';

/** Smaller parts are copied together: what a part costs beside its bytes must not count. */
const SMALL_BYTES = 4096;
const BLOCK_BYTES = 64 * 1024;
/** Parts keep the whole of the chunks alive that they are in. More than that for each byte, and they are copied. */
const PINNED_PER_BYTE = 1.25;
/** So much more may be kept alive in any case. */
const PINNED_BYTES = 512 * 1024;
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
  /** Of what it has, in bytes. */
  length = 0;
  /** Bytes that its taker was given. */
  passed = 0;
  readonly growth = new Growth();
  #taker: StringTaker | undefined;
  /** What comes now is the taker's. */
  #isPassing = false;
  #pieces: Buffer[] = [];
  readonly #outliner = new Outliner();
  /** Memory that the pieces keep alive, and the last chunk of it. */
  #pinned = 0;
  #chunk: ArrayBufferLike | undefined;
  /** Where parts are copied to: up to `#filled`, of which the pieces have what is before `#taken`. */
  #block = NO_BYTES;
  #filled = 0;
  #taken = 0;

  append(chunk: Buffer): void {
    const part = this.#isPassing ? this.#pass(chunk) : chunk;
    if (part.length > 0) this.#append(part);
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
    this.#restart(opening);
    this.#taker = taker;
    this.#isPassing = true;
    for (const part of inside) this.#hand(taker, part);
  }

  #restart(opening: Buffer): void {
    this.length = opening.length;
    this.#pieces = [opening];
    this.#pinned = 0;
    this.#chunk = undefined;
    this.#block = NO_BYTES;
    this.#filled = 0;
    this.#taken = 0;
    this.#outliner.forgetOmitted();
  }

  /** Returns what follows the string. */
  #pass(chunk: Buffer): Buffer {
    const end = this.#outliner.inside(chunk);
    this.#isPassing = end === chunk.length;
    const isAll = end === chunk.length;
    if (end > 0 && this.#taker !== undefined) this.#hand(this.#taker, isAll ? chunk : chunk.subarray(0, end));
    return isAll ? NO_BYTES : chunk.subarray(end);
  }

  #hand(taker: StringTaker, part: Buffer): void {
    this.passed += part.length;
    taker.pass(part);
  }

  #append(part: Buffer): void {
    this.length += part.length;
    this.#outliner.push(part);
    if (part.length < SMALL_BYTES || !this.#pin(part.buffer)) this.#copy(part);
    else {
      this.#takeCopied();
      this.#pieces.push(part);
    }
  }

  /** Undefined where it is better read as it is. */
  outline(): Outline | undefined {
    return this.#outliner.outline();
  }

  get pieces(): Pieces {
    this.#takeCopied();
    return this.#pieces;
  }

  /** All of it in one piece: once more as much memory. */
  bytes(): Buffer {
    const [first = NO_BYTES] = this.pieces;
    if (this.#pieces.length <= 1) return first;
    const whole = Buffer.concat(this.#pieces, this.length);
    this.#pieces = [whole];
    return whole;
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

  /** False where it would keep too much alive. */
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
    if (this.#filled > this.#taken) this.#pieces.push(this.#block.subarray(this.#taken, this.#filled));
    this.#taken = this.#filled;
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

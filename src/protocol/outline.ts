/**
 * A large line of JSON without the content of its long strings. An outline is small, and well-formed exactly when the line
 * is. It is built while the line arrives, so that nobody has to walk the whole line at its end.
 */
import { BACKSLASH, COLON, OPEN_BRACE, QUOTE } from '../base/ascii.ts';
import { closingQuote, isEscaped, type Span, skipSpace } from './json-scan.ts';

/** The bytes kept of a string: more than `skipString` reads byte by byte. */
const KEPT_BYTES = 1024;
/** A line with more bytes outside of long strings is faster to read without an outline. */
const MAX_BYTES = 1024 * 1024;
const FIRST_BYTES = 8 * 1024;
const NO_BYTES: Buffer = Buffer.alloc(0);
/** Of `#run`: no string is open. */
const OUTSIDE = -1;

/** A place where bytes were left out. */
interface Cut {
  /** In the outline, the closing quote of the string. */
  readonly at: number;
  /** Bytes left out of the line so far. */
  readonly omitted: number;
}

/**
 * Offsets in its text differ from offsets in the line: `inLine` translates. The content of a string is known only where
 * `isWhole` is true.
 */
export class Outline {
  readonly text: Buffer;
  readonly #cuts: readonly Cut[];

  /** @param cuts in order */
  constructor(text: Buffer, cuts: readonly Cut[]) {
    this.text = text;
    this.#cuts = cuts;
  }

  /** Bytes of the line that the outline leaves out. */
  get omitted(): number {
    return this.#cuts.at(-1)?.omitted ?? 0;
  }

  /** The span in the line for a span in the text of the outline. */
  inLine({ start, end }: Span): Span {
    return { start: start + this.#omittedBefore(start), end: end + this.#omittedBefore(end) };
  }

  omittedIn({ start, end }: Span): number {
    return this.#omittedBefore(end) - this.#omittedBefore(start);
  }

  isWhole(span: Span): boolean {
    return this.omittedIn(span) === 0;
  }

  #omittedBefore(at: number): number {
    return this.#cuts.findLast((cut) => cut.at < at)?.omitted ?? 0;
  }
}

/** Builds the outline of a line from its parts. */
export class Outliner {
  #text = NO_BYTES;
  #size = 0;
  #cuts: Cut[] = [];
  #omitted = 0;
  /** Bytes kept of the open string. */
  #run = OUTSIDE;
  /** The previous byte was a backslash. */
  #isEscaping = false;
  /** The open string is long. */
  #isOmitting = false;
  #isGivenUp = false;

  push(part: Buffer): void {
    if (this.#size === 0 && part.length > 0 && part[0] !== OPEN_BRACE) this.#giveUp();
    let at = 0;
    while (at < part.length && !this.#isGivenUp) at = this.#isOmitting ? this.#omit(part, at) : this.#keep(part, at);
  }

  /** Undefined where the line is faster to read without an outline. */
  outline(): Outline | undefined {
    if (this.#isGivenUp || this.#cuts.length === 0) return undefined;
    const text = this.#text.subarray(0, this.#size);
    // Keys are compared, so every key must be complete.
    const hasLongKey = this.#cuts.some(({ at }) => text[skipSpace(text, at + 1)] === COLON);
    return hasLongKey ? undefined : new Outline(text, this.#cuts);
  }

  /** Up to where a string gets long. The index after what was kept. */
  #keep(part: Buffer, from: number): number {
    let at = from;
    while (at < part.length && !this.#isOmitting) {
      this.#step(part[at] ?? 0);
      at += 1;
    }
    this.#append(part, { start: from, end: at });
    return at;
  }

  #step(byte: number): void {
    if (this.#run === OUTSIDE) {
      if (byte === QUOTE) this.#run = 0;
      return;
    }
    if (byte === QUOTE && !this.#isEscaping) {
      this.#run = OUTSIDE;
      return;
    }
    this.#run += 1;
    this.#isEscaping = byte === BACKSLASH && !this.#isEscaping;
    this.#isOmitting = this.#run >= KEPT_BYTES && !this.#isEscaping;
  }

  /** Up to the end of a long string, whose quote is kept. The index after it. */
  #omit(part: Buffer, from: number): number {
    const start = this.#isEscaping ? from + 1 : from;
    const quote = closingQuote(part, start);
    const end = quote === -1 ? part.length : quote;
    this.#omitted += end - from;
    this.#isEscaping = quote === -1 && isEscaped(part, end, start);
    return quote === -1 ? end : this.#close(part, quote);
  }

  #close(part: Buffer, quote: number): number {
    this.#cuts.push({ at: this.#size, omitted: this.#omitted });
    this.#append(part, { start: quote, end: quote + 1 });
    this.#run = OUTSIDE;
    this.#isOmitting = false;
    return quote + 1;
  }

  #append(part: Buffer, { start, end }: Span): void {
    const size = this.#size + end - start;
    if (size > MAX_BYTES) {
      this.#giveUp();
      return;
    }
    if (size > this.#text.length) this.#grow(size);
    part.copy(this.#text, this.#size, start, end);
    this.#size = size;
  }

  #grow(size: number): void {
    const before = this.#text.subarray(0, this.#size);
    this.#text = Buffer.allocUnsafeSlow(Math.max(size, this.#text.length * 2, FIRST_BYTES));
    before.copy(this.#text);
  }

  #giveUp(): void {
    this.#isGivenUp = true;
    this.#text = NO_BYTES;
    this.#cuts = [];
  }
}

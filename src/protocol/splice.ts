/** Replaces spans of a message and leaves every other byte unchanged. */
import { ZERO } from '../base/ascii.ts';
import type { Span } from './json-scan.ts';

export interface Edit {
  readonly span: Span;
  /** JSON text, or a non-negative whole number: an id needs no string. */
  readonly text: string | number;
}

/** A message as pieces that are written one after the other: a large result is not copied for a new id. */
export type Pieces = readonly Buffer[];

/** A message to write: pieces, or the bytes of another message with edits. */
export type Line = Pieces | Splice;

/**
 * Bytes with edits that are applied when the line is written. Most messages are small and copied once, into the chunk
 * that is sent; a Buffer for each part would cost more than the copy.
 */
export class Splice {
  readonly #bytes: Buffer;
  readonly #edits: readonly Edit[];
  /** In bytes. */
  readonly length: number;

  /** @param edits in any order, not overlapping */
  constructor(bytes: Buffer, edits: readonly Edit[]) {
    this.#bytes = bytes;
    this.#edits = inOrder(edits);
    let length = bytes.length;
    for (const { span, text } of this.#edits) length += byteLength(text) - (span.end - span.start);
    this.length = length;
  }

  /**
   * Writes the line into `target` so that the line ends at `end`, and returns its start. It may overwrite earlier bytes,
   * so lines are written from the last to the first.
   */
  copyBefore(target: Buffer, end: number): number {
    const bytes = this.#bytes;
    const edits = this.#edits;
    const start = end - this.length;
    // The whole line is copied first, which places the part after the last edit: a view of that part would cost more.
    if (end >= bytes.length) target.set(bytes, end - bytes.length);
    else this.#copyRest(target, end);
    let to = start;
    let from = 0;
    for (let index = 0; index < edits.length; index += 1) {
      const edit = edits[index];
      if (edit === undefined) break;
      const { span, text } = edit;
      copyPart(bytes, from, span.start, target, to);
      to += span.start - from;
      writeText(text, target, to);
      to += byteLength(text);
      from = span.end;
    }
    return start;
  }

  #copyRest(target: Buffer, end: number): void {
    const from = this.#edits.at(-1)?.span.end ?? 0;
    this.#bytes.copy(target, end - (this.#bytes.length - from), from);
  }

  get pieces(): Pieces {
    const pieces: Buffer[] = [];
    let from = 0;
    for (const { span, text } of this.#edits) {
      if (span.start > from) pieces.push(this.#bytes.subarray(from, span.start));
      pieces.push(textBytes(text));
      from = span.end;
    }
    if (from < this.#bytes.length) pieces.push(this.#bytes.subarray(from));
    return pieces;
  }
}

/** Up to this many bytes a loop is faster than Buffer.copy. */
const SHORT = 64;

/** Copies a part of `bytes` into `target` at `at`. */
function copyPart(bytes: Buffer, start: number, end: number, target: Buffer, at: number): void {
  if (end - start > SHORT) bytes.copy(target, at, start, end);
  else copyShort(bytes, start, end, target, at);
}

function copyShort(bytes: Buffer, start: number, end: number, target: Buffer, at: number): void {
  let to = at;
  for (let from = start; from < end; from += 1) {
    target[to] = bytes[from] ?? 0;
    to += 1;
  }
}

/** Writes the text of an edit into `target` at `at`. */
function writeText(text: string | number, target: Buffer, at: number): void {
  if (typeof text === 'number') writeDigits(text, target, at);
  else if (text.length > SHORT || !writeAscii(text, target, at)) target.write(text, at);
}

/** False, with undefined bytes in `target`, where the text is not ASCII. */
function writeAscii(text: string, target: Buffer, at: number): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return false;
    target[at + index] = code;
  }
  return true;
}

/** Up to this number V8 divides with integers. */
const INT_32 = 0x7fff_ffff;

function writeDigits(number: number, target: Buffer, at: number): void {
  if (number > INT_32) {
    target.write(String(number), at);
    return;
  }
  let rest = number;
  for (let to = at + digitsOf(number) - 1; to >= at; to -= 1) {
    const higher = (rest / 10) | 0;
    target[to] = ZERO + rest - higher * 10;
    rest = higher;
  }
}

function digitsOf(number: number): number {
  let digits = 1;
  for (let limit = 10; number >= limit; limit *= 10) digits += 1;
  return digits;
}

/** Most lines have two edits: a swap is much faster than a sort. */
export function inOrder(edits: readonly Edit[]): readonly Edit[] {
  const [first, second] = edits;
  if (first === undefined || second === undefined) return edits;
  if (edits.length > 2) return edits.toSorted((a, b) => a.span.start - b.span.start);
  return first.span.start <= second.span.start ? edits : [second, first];
}

/** In UTF-8. Ids and names are short and nearly always ASCII. */
function byteLength(text: string | number): number {
  if (typeof text === 'number') return digitsOf(text);
  if (text.length > SHORT) return Buffer.byteLength(text);
  for (let index = 0; index < text.length; index += 1)
    if (text.charCodeAt(index) > 0x7f) return Buffer.byteLength(text);
  return text.length;
}

/** The text of an edit, as bytes. */
export function textBytes(text: string | number): Buffer {
  return Buffer.from(String(text));
}

/** `bytes` with each edit's span replaced. */
export function splice(bytes: Buffer, edits: readonly Edit[]): Pieces {
  return new Splice(bytes, edits).pieces;
}

export function piecesOf(line: Line): Pieces {
  return line instanceof Splice ? line.pieces : line;
}

export function joinPieces(line: Line): Buffer {
  const pieces = piecesOf(line);
  const [only] = pieces;
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
}

/** Replaces spans of a message and leaves every other byte alone. */
import type { Span } from './json-scan.ts';

export interface Edit {
  readonly span: Span;
  /** JSON text. */
  readonly text: string;
}

/** A message as pieces to be written one after the other: a large result is never copied to change its id. */
export type Pieces = readonly Buffer[];

/** A message to be written: in pieces, or as another one's bytes with edits. */
export type Line = Pieces | Splice;

/**
 * Bytes with some of their spans replaced, not yet put together. Most are small and copied once, into
 * the chunk they leave in; making a Buffer for each of their parts would cost more than the copying.
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

  /** Writes it into `target` at `at`; the index after it. */
  copyTo(target: Buffer, at: number): number {
    let to = at;
    let from = 0;
    for (const { span, text } of this.#edits) {
      to = copyPart(this.#bytes, { start: from, end: span.start }, target, to);
      to = writeText(text, target, to);
      from = span.end;
    }
    return copyPart(this.#bytes, { start: from, end: this.#bytes.length }, target, to);
  }

  get pieces(): Pieces {
    const pieces: Buffer[] = [];
    let from = 0;
    for (const { span, text } of this.#edits) {
      if (span.start > from) pieces.push(this.#bytes.subarray(from, span.start));
      pieces.push(Buffer.from(text));
      from = span.end;
    }
    if (from < this.#bytes.length) pieces.push(this.#bytes.subarray(from));
    return pieces;
  }
}

/** Up to so many bytes a loop is quicker than Node's own copying, which is a call and a view of the part. */
const SHORT = 64;

/** Copies a part of `bytes` into `target` at `at`; the index after it. */
function copyPart(bytes: Buffer, { start, end }: Span, target: Buffer, at: number): number {
  if (end - start > SHORT) return at + bytes.copy(target, at, start, end);
  for (let index = start; index < end; index += 1) target[at + index - start] = bytes[index] ?? 0;
  return at + end - start;
}

/** Writes `text` into `target` at `at`; the index after it. */
function writeText(text: string, target: Buffer, at: number): number {
  if (text.length > SHORT) return at + target.write(text, at);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return at + target.write(text, at);
    target[at + index] = code;
  }
  return at + text.length;
}

/** Most lines have two edits, in one order or the other: sorting them costs more than all else here. */
export function inOrder(edits: readonly Edit[]): readonly Edit[] {
  const [first, second] = edits;
  if (first === undefined || second === undefined) return edits;
  if (edits.length > 2) return edits.toSorted((a, b) => a.span.start - b.span.start);
  return first.span.start <= second.span.start ? edits : [second, first];
}

/** In UTF-8. Ids and names are short and nearly always ASCII. */
function byteLength(text: string): number {
  if (text.length > SHORT) return Buffer.byteLength(text);
  for (let index = 0; index < text.length; index += 1)
    if (text.charCodeAt(index) > 0x7f) return Buffer.byteLength(text);
  return text.length;
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

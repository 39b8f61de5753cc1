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
    this.#edits = edits.length > 1 ? edits.toSorted((a, b) => a.span.start - b.span.start) : edits;
    this.length = this.#edits.reduce((sum, { span, text }) => sum - (span.end - span.start) + Buffer.byteLength(text), bytes.length);
  }

  /** Writes it into `target` at `at`; the index after it. */
  copyTo(target: Buffer, at: number): number {
    let to = at;
    let from = 0;
    for (const { span, text } of this.#edits) {
      to += this.#bytes.copy(target, to, from, span.start);
      to += target.write(text, to);
      from = span.end;
    }
    return to + this.#bytes.copy(target, to, from);
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

/** Replaces spans of a message and leaves every other byte alone. */
import type { Span } from './json-scan.ts';

export interface Edit {
  readonly span: Span;
  /** JSON text. */
  readonly text: string;
}

/** A message as pieces to be written one after the other: a large result is never copied to change its id. */
export type Pieces = readonly Buffer[];

/** `bytes` with each edit's span replaced. Edits may come in any order and must not overlap. */
export function splice(bytes: Buffer, edits: readonly Edit[]): Pieces {
  const ordered = edits.length > 1 ? edits.toSorted((a, b) => a.span.start - b.span.start) : edits;
  const pieces: Buffer[] = [];
  let at = 0;
  for (const { span, text } of ordered) {
    if (span.start > at) pieces.push(bytes.subarray(at, span.start));
    pieces.push(Buffer.from(text));
    at = span.end;
  }
  if (at < bytes.length) pieces.push(bytes.subarray(at));
  return pieces;
}

export function joinPieces(pieces: Pieces): Buffer {
  const [only] = pieces;
  return only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces);
}

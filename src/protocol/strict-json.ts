/**
 * Whether every reader of JSON can read a text. JSON allows more than strict readers take, and a reader that fails at one
 * definition loses the merged list.
 */
import { BACKSLASH, LETTER_U, NINE, QUOTE, ZERO } from '../base/ascii.ts';
import { type Span, skipString } from './json-scan.ts';

export interface TextLimits {
  readonly definitionBytes: number;
  readonly definitionDepth: number;
}

/** Python refuses longer whole numbers. */
const MOST_DIGITS = 4_300;

const OPEN = new Set(Buffer.from('[{'));
const CLOSE = new Set(Buffer.from(']}'));

/** What is wrong with the JSON text, as the end of a sentence; undefined where every reader can read the text. */
export function strictProblem(bytes: Buffer, span: Span, limits: TextLimits): string | undefined {
  const size = span.end - span.start;
  if (size > limits.definitionBytes)
    return `has ${size} bytes, over limits.definitionBytes (${limits.definitionBytes})`;
  if (isDeeper(bytes, span, limits.definitionDepth))
    return `is nested deeper than limits.definitionDepth (${limits.definitionDepth})`;
  if (size > MOST_DIGITS && hasLongNumber(bytes, span))
    return `holds a number of more than ${MOST_DIGITS} digits: some clients would lose everything else too`;
  return hasHalfSurrogate(bytes, span)
    ? String.raw`holds half of a surrogate pair (such as \ud800): some clients would lose everything else too`
    : undefined;
}

/** Without recursion: a hostile server chooses the depth. */
export function isDeeper(bytes: Buffer, span: Span, most: number): boolean {
  let depth = 0;
  return anyOutsideStrings(bytes, span, (byte) => {
    if (OPEN.has(byte)) depth += 1;
    else if (CLOSE.has(byte)) depth -= 1;
    return depth > most;
  });
}

function hasLongNumber(bytes: Buffer, span: Span): boolean {
  let digits = 0;
  return anyOutsideStrings(bytes, span, (byte) => {
    digits = byte >= ZERO && byte <= NINE ? digits + 1 : 0;
    return digits > MOST_DIGITS;
  });
}

/** Whether a byte outside of strings has the quality. A string without an end ends the walk. */
function anyOutsideStrings(bytes: Buffer, { start, end }: Span, isIt: (byte: number) => boolean): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (isIt(byte)) return true;
    if (byte !== QUOTE) continue;
    const after = skipString(bytes, at);
    if (after === -1) return false;
    at = after - 1;
  }
  return false;
}

/** Looks at escapes only: half of a pair that is written out is not UTF-8. */
function hasHalfSurrogate(whole: Buffer, { start, end }: Span): boolean {
  const bytes = whole.subarray(start, end);
  let at = bytes.indexOf(BACKSLASH);
  while (at !== -1) {
    const unit = escapedUnit(bytes, at);
    const isHigh = unit >= 0xd800 && unit < 0xdc00;
    const next = isHigh ? escapedUnit(bytes, at + 6) : unit;
    const isLow = next >= 0xdc00 && next < 0xe000;
    if (isHigh !== isLow) return true;
    at = bytes.indexOf(BACKSLASH, at + (isHigh ? 12 : 2));
  }
  return false;
}

/** The code unit of the escape at `at`; NaN for another escape, or none. */
function escapedUnit(bytes: Buffer, at: number): number {
  const isUnit = bytes[at] === BACKSLASH && bytes[at + 1] === LETTER_U;
  return isUnit ? Number.parseInt(bytes.toString('latin1', at + 2, at + 6), 16) : Number.NaN;
}

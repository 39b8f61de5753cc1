/**
 * Finds spans in JSON text without parsing it into objects (RFC 8259 grammar, over UTF-8 bytes).
 *
 * The gateway passes messages on byte for byte, so it finds only the few spans it has to replace. Every function
 * validates the bytes it walks over: the result is -1 or undefined for malformed JSON.
 */
import {
  BACKSLASH,
  CARRIAGE_RETURN,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  NEWLINE,
  NINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
  TAB,
  ZERO,
} from '../base/ascii.ts';

/** Bytes `start` (inclusive) to `end` (exclusive). */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** In ASCII a closing brace or bracket stands two places behind its opening one. */
const CLOSE_OFFSET = 2;

/** Deeper nesting counts as malformed: V8 ends the process where an array grows past some 100 million elements. */
const MAX_DEPTH = 1_000_000;

/** Longer strings are searched with the native `indexOf` instead of byte by byte. */
const LONG_STRING = 24;

/** Never reads behind the end: V8 slows a function down after one read out of bounds, and every message comes here. */
export function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte > SPACE || (byte !== SPACE && byte !== NEWLINE && byte !== CARRIAGE_RETURN && byte !== TAB)) return at;
    at += 1;
  }
  return at;
}

/** The index after the string that begins with the quote at `from`, or -1. */
export function skipString(bytes: Buffer, from: number): number {
  const near = Math.min(bytes.length, from + 1 + LONG_STRING);
  let at = from + 1;
  while (at < near) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at + 1;
    if (byte < SPACE) return -1;
    at += byte === BACKSLASH ? 2 : 1;
  }
  return skipLongString(bytes, at);
}

function skipLongString(bytes: Buffer, from: number): number {
  let quote = bytes.indexOf(QUOTE, from);
  if (quote !== -1 && isEscaped(bytes, quote, from)) quote = closingQuote(bytes, quote + 1);
  return quote === -1 ? -1 : quote + 1;
}

/** The closing quote of the string around `from`, or -1. No escape is open at `from`. */
export function closingQuote(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const quote = nextQuote(bytes, at);
    if (quote === -1 || !isEscaped(bytes, quote, from)) return quote;
    at = quote + 1;
  }
}

/** Whether an escape is open at `at`, counted from `from`, where no escape is open. */
export function isEscaped(bytes: Buffer, at: number, from: number): boolean {
  let first = at;
  while (first > from && bytes[first - 1] === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}

/** Escaped quotes come in runs: the next bytes are checked before the call of `indexOf`. */
function nextQuote(bytes: Buffer, from: number): number {
  const near = Math.min(from + 32, bytes.length);
  for (let at = from; at < near; at += 1) if (bytes[at] === QUOTE) return at;
  return bytes.indexOf(QUOTE, near);
}

function isScalarEnd(byte: number | undefined): boolean {
  return byte === undefined || byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= SPACE;
}

function skipWord(bytes: Buffer, from: number, word: string): number {
  for (let index = 0; index < word.length; index += 1) if (bytes[from + index] !== word.charCodeAt(index)) return -1;
  return from + word.length;
}

function skipDigits(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at];
    if (byte === undefined || byte < ZERO || byte > NINE) return at;
    at += 1;
  }
}

function skipNumber(bytes: Buffer, from: number): number {
  const whole = bytes[from] === 0x2d ? from + 1 : from;
  let at = bytes[whole] === ZERO ? whole + 1 : skipDigits(bytes, whole);
  if (at === whole) return -1;
  if (bytes[at] === 0x2e) {
    const fraction = skipDigits(bytes, at + 1);
    if (fraction === at + 1) return -1;
    at = fraction;
  }
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    const sign = bytes[at + 1];
    const digits = sign === 0x2b || sign === 0x2d ? at + 2 : at + 1;
    at = skipDigits(bytes, digits);
    if (at === digits) return -1;
  }
  return isScalarEnd(bytes[at]) ? at : -1;
}

function skipScalar(bytes: Buffer, from: number): number {
  switch (bytes[from]) {
    case QUOTE:
      return skipString(bytes, from);
    case 0x74:
      return skipWord(bytes, from, 'true');
    case 0x66:
      return skipWord(bytes, from, 'false');
    case 0x6e:
      return skipWord(bytes, from, 'null');
    default:
      return skipNumber(bytes, from);
  }
}

/** From the quote of a key to the first byte of its value, or -1. */
function skipKey(bytes: Buffer, from: number): number {
  if (from >= bytes.length || bytes[from] !== QUOTE) return -1;
  const end = skipString(bytes, from);
  if (end === -1) return -1;
  const colon = skipSpace(bytes, end);
  return colon < bytes.length && bytes[colon] === COLON ? skipSpace(bytes, colon + 1) : -1;
}

/** Containers whose bits are in one number. */
const WORD_DEPTH = 30;

/** The open containers, one bit each: for nearly every message one number is enough. */
class OpenContainers {
  #word = 0;
  /** The words of outer containers. */
  #outer: number[] | undefined;
  depth = 0;

  /** The innermost container is an object, not an array. */
  get isObject(): boolean {
    return (this.#word & 1) === 1;
  }

  push(isObject: boolean): void {
    if (this.depth > 0 && this.depth % WORD_DEPTH === 0) {
      this.#outer ??= [];
      this.#outer.push(this.#word);
      this.#word = 0;
    }
    this.#word = (this.#word << 1) | (isObject ? 1 : 0);
    this.depth += 1;
  }

  pop(): void {
    this.depth -= 1;
    const wordIsUsed = this.depth > 0 && this.depth % WORD_DEPTH === 0;
    this.#word = wordIsUsed ? (this.#outer?.pop() ?? 0) : this.#word >>> 1;
  }
}

/**
 * The index after the value at `from`, or -1 for malformed JSON. Without recursion: a hostile sender chooses the depth,
 * which must not exhaust our stack.
 */
export function skipValue(bytes: Buffer, from: number): number {
  const first = bytes[from];
  return first === OPEN_BRACE || first === OPEN_BRACKET ? skipContainer(bytes, from) : skipScalar(bytes, from);
}

function skipContainer(bytes: Buffer, from: number): number {
  const open = new OpenContainers();
  let at = from;
  for (;;) {
    const byte = bytes[at];
    const isContainer = byte === OPEN_BRACE || byte === OPEN_BRACKET;
    const inner = isContainer ? skipSpace(bytes, at + 1) : -1;
    if (isContainer && bytes[inner] !== byte + CLOSE_OFFSET) {
      open.push(byte === OPEN_BRACE);
      if (open.depth > MAX_DEPTH) return -1;
      at = byte === OPEN_BRACE ? skipKey(bytes, inner) : inner;
      if (at === -1) return -1;
      continue;
    }
    at = isContainer ? inner + 1 : skipScalar(bytes, at);
    if (at === -1) return -1;
    at = closeContainers(bytes, at, open);
    if (at === -1 || open.depth === 0) return at;
  }
}

/** After a value: closes the containers that end here. Returns the index of the next value, or the end. */
function closeContainers(bytes: Buffer, from: number, open: OpenContainers): number {
  let at = from;
  while (open.depth > 0) {
    const isObject = open.isObject;
    const next = skipSpace(bytes, at);
    const byte = bytes[next];
    if (byte === COMMA) {
      const value = skipSpace(bytes, next + 1);
      return isObject ? skipKey(bytes, value) : value;
    }
    if (byte !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return -1;
    open.pop();
    at = next + 1;
  }
  return at;
}

/** Gets the members of an object. An object and not a closure, which would cost more for each walk. */
export interface MemberVisitor {
  /**
   * @param keyAt the key's opening quote (see `keyIs`); the value begins at `start`
   * @returns the index after the value, or -1 for malformed JSON, from `skipValue` or another walk
   */
  member(keyAt: number, start: number): number;
}

/** Visits each member of the object at `from`. Returns the index after the object, or -1. */
export function walkMembers(bytes: Buffer, from: number, visitor: MemberVisitor): number {
  if (from >= bytes.length || bytes[from] !== OPEN_BRACE) return -1;
  let at = skipSpace(bytes, from + 1);
  if (at < bytes.length && bytes[at] === CLOSE_BRACE) return at + 1;
  for (;;) {
    const start = skipKey(bytes, at);
    if (start === -1) return -1;
    const end = visitor.member(at, start);
    if (end === -1) return -1;
    at = skipSpace(bytes, end);
    if (at >= bytes.length) return -1;
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at = skipSpace(bytes, at + 1);
  }
}

/** Whether the string that starts at `keyAt` is `key` (ASCII), with or without escapes. */
export function keyIs(bytes: Buffer, keyAt: number, key: string): boolean {
  for (let index = 0; index < key.length; index += 1) {
    const byte = bytes[keyAt + 1 + index];
    if (byte === key.charCodeAt(index)) continue;
    return byte === BACKSLASH && keyText(bytes, keyAt) === key;
  }
  return bytes[keyAt + 1 + key.length] === QUOTE;
}

/** Visits each element of the array at `from`. Returns the index after the array, or -1. */
export function walkElements(bytes: Buffer, from: number, visit: (value: Span) => void): number {
  if (bytes[from] !== OPEN_BRACKET) return -1;
  let at = skipSpace(bytes, from + 1);
  if (bytes[at] === CLOSE_BRACKET) return at + 1;
  for (;;) {
    const end = skipValue(bytes, at);
    if (end === -1) return -1;
    visit({ start: at, end });
    at = skipSpace(bytes, end);
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    if (bytes[at] !== COMMA) return -1;
    at = skipSpace(bytes, at + 1);
  }
}

/** The key that starts at `from`, escapes resolved. */
export function keyText(bytes: Buffer, from: number): string {
  const end = skipString(bytes, from);
  return textAt(bytes, { start: from, end }) ?? '';
}

/** The value of a member of the object at `object`; the last one of repeated keys, as in `JSON.parse`. */
export function memberOf(bytes: Buffer, object: Span, key: string): Span | undefined {
  let found: Span | undefined;
  const after = walkMembers(bytes, object.start, {
    member: (keyAt, start) => {
      const end = skipValue(bytes, start);
      if (keyIs(bytes, keyAt, key)) found = { start, end };
      return end;
    },
  });
  return after === -1 ? undefined : found;
}

/** The value at a path of keys. */
export function memberAt(bytes: Buffer, object: Span, path: readonly string[]): Span | undefined {
  let at: Span | undefined = object;
  for (const key of path) {
    if (at === undefined) return undefined;
    at = memberOf(bytes, at, key);
  }
  return at;
}

/** The text of the JSON string at `span`, escapes resolved; undefined for another value. */
export function textAt(bytes: Buffer, span: Span): string | undefined {
  if (bytes[span.start] !== QUOTE) return undefined;
  const raw = bytes.toString('utf8', span.start + 1, span.end - 1);
  if (!raw.includes('\\')) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined;
  }
}

/** The value at `span` as `JSON.parse` reads it; undefined for malformed JSON. Only for small parts. */
export function valueAt(bytes: Buffer, span: Span): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', span.start, span.end)) as unknown;
  } catch {
    return undefined;
  }
}

export function rawAt(bytes: Buffer, span: Span): string {
  return bytes.toString('utf8', span.start, span.end);
}

/** This many digits are always exact as a number. */
const EXACT_DIGITS = 15;

/** The number at `span`, or NaN. Plain digits are read without a string, because every reply has an id. */
export function numberAt(bytes: Buffer, span: Span): number {
  return plainNumberAt(bytes, span) ?? Number(rawAt(bytes, span));
}

/** A whole number without sign, fraction, exponent or leading zero; undefined for anything else. */
export function plainNumberAt(bytes: Buffer, { start, end }: Span): number | undefined {
  const digits = end - start;
  if (digits > EXACT_DIGITS || (bytes[start] === ZERO && digits > 1)) return undefined;
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

/**
 * Checks that a message is UTF-8 without control bytes before the message is sent. Many readers end a line at a CR or at
 * another control byte, and some fail at invalid UTF-8: text of one peer must not become a message of ours to another.
 */
import { isUtf8 } from 'node:buffer';
import { BACKSLASH, CARRIAGE_RETURN, QUOTE, SPACE, TAB } from '../base/ascii.ts';

const NO_BYTES: Buffer = Buffer.alloc(0);
/** From this length on, the check reads words instead of bytes. */
const MANY_BYTES = 128;
const WORD = 4;
const SPACES = 0x20202020;
const HIGH_BITS = 0x80808080 | 0;

/**
 * The line with a space for each CR and TAB between its tokens; nearly always the same bytes. Undefined where the line is
 * not UTF-8, holds another control byte, or holds a control byte inside a string.
 */
export function fitLine(bytes: Buffer): Buffer | undefined {
  if (!isUtf8(bytes)) return undefined;
  return hasControl(bytes) ? spaced(bytes) : bytes;
}

/** The line with a space for each control byte, for reading only: never send the result. */
export function legible(bytes: Buffer): Buffer {
  return Buffer.from(bytes).map((byte) => Math.max(byte, SPACE)) as Buffer;
}

export function hasControl(bytes: Buffer): boolean {
  if (bytes.length < MANY_BYTES) return hasControlIn(bytes, 0, bytes.length);
  const start = (WORD - (bytes.byteOffset % WORD)) % WORD;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, Math.floor((bytes.length - start) / WORD));
  const end = start + words.length * WORD;
  return hasControlIn(bytes, 0, start) || hasControlWord(words) || hasControlIn(bytes, end, bytes.length);
}

function hasControlIn(bytes: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; at += 1) if ((bytes[at] ?? 0) < SPACE) return true;
  return false;
}

/** The subtraction sets the high bit of a byte below 0x20 that had none. */
function hasControlWord(words: Int32Array): boolean {
  const { length } = words;
  const fours = length - (length % 4);
  for (let at = 0; at < fours; at += 4) {
    const a = words[at] ?? 0;
    const b = words[at + 1] ?? 0;
    const c = words[at + 2] ?? 0;
    const d = words[at + 3] ?? 0;
    const found = ((a - SPACES) & ~a) | ((b - SPACES) & ~b) | ((c - SPACES) & ~c) | ((d - SPACES) & ~d);
    if ((found & HIGH_BITS) !== 0) return true;
  }
  for (let at = fours; at < length; at += 1) {
    const word = words[at] ?? 0;
    if (((word - SPACES) & ~word & HIGH_BITS) !== 0) return true;
  }
  return false;
}

function spaced(bytes: Buffer): Buffer | undefined {
  const fit = Buffer.from(bytes);
  let isInString = false;
  for (let at = 0; at < fit.length; at += 1) {
    const byte = fit[at] ?? 0;
    if (byte === QUOTE) isInString = !isInString;
    else if (byte === BACKSLASH && isInString) at += 1;
    else if (byte < SPACE) {
      if (isInString || (byte !== CARRIAGE_RETURN && byte !== TAB)) return undefined;
      fit[at] = SPACE;
    }
    if (isInString && (fit[at] ?? SPACE) < SPACE) return undefined;
  }
  return fit;
}

/** The same check for a line in chunks, which may end inside a character. */
export class FitCheck {
  #isFit = true;
  #begun = NO_BYTES;

  push(chunk: Buffer): void {
    if (!this.#isFit) return;
    const bytes = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk]);
    const whole = bytes.length - begunCharacter(bytes);
    const isWhole = whole === bytes.length;
    this.#isFit = !hasControl(chunk) && isUtf8(isWhole ? bytes : bytes.subarray(0, whole));
    this.#begun = isWhole ? NO_BYTES : Buffer.from(bytes.subarray(whole));
  }

  /** No byte is wrong, and no byte has to be replaced. */
  get isFit(): boolean {
    return this.#isFit && this.#begun.length === 0;
  }
}

/** How many bytes at the end belong to an incomplete character. */
function begunCharacter(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const size = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return back < size ? back : 0;
  }
  return 0;
}

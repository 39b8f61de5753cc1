/**
 * Cut-through, as switches do it with frames: a large message leaves while it still comes. Only what is inside of a long
 * string goes ahead. So whatever becomes of the rest, the reader at the other end has a message or, cut off in the middle of a
 * string, what is surely none.
 */
import type { StringTaker } from './large-line.ts';
import { type Line, type Pieces, piecesOf } from './splice.ts';

const NEWLINE = Buffer.from('\n');
/** No message ends so. */
const CUT_OFF = Buffer.from('\\');

/** The stream that is held for it. */
export interface HeldStream {
  write(bytes: Buffer): void;
  /** Others may write again. */
  release(): void;
}

export class CutThrough implements StringTaker {
  readonly #stream: HeldStream;
  readonly #opening: Buffer;
  #isOpen = true;
  /** What was written last: three bytes, or more. */
  #last: Buffer;
  /** Its line ended, and nobody made a message of that. */
  onLost: () => void = () => undefined;
  /** Bytes that went ahead behind the opening. */
  passed = 0;

  /** @param opening of the message, up to somewhere inside of a string */
  constructor(stream: HeldStream, opening: Pieces) {
    this.#stream = stream;
    this.#opening = Buffer.concat(opening);
    this.#last = this.#opening;
    stream.write(this.#opening);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  pass(part: Buffer): void {
    if (!this.#isOpen) return;
    this.passed += part.length;
    this.#last = part.length < 3 ? Buffer.concat([this.#last.subarray(-3), part]) : part;
    this.#stream.write(part);
  }

  /**
   * The end of the message. False, and it is given up, where it does not begin as it was begun.
   *
   * @param line the message, without what was passed
   */
  finish(line: Line): boolean {
    const rest = behind(this.#opening, piecesOf(line));
    if (!this.#isOpen || rest === undefined) {
      this.abort();
      return false;
    }
    for (const piece of rest) this.#stream.write(piece);
    this.#end();
    return true;
  }

  /** It gets no end. */
  abort(): void {
    if (!this.#isOpen) return;
    // Some readers end at what is no UTF-8.
    this.#stream.write(Buffer.concat([restOfCharacter(this.#last), CUT_OFF]));
    this.#end();
  }

  lineOver(): void {
    if (!this.#isOpen) return;
    this.abort();
    this.onLost();
  }

  #end(): void {
    this.#isOpen = false;
    this.#stream.write(NEWLINE);
    this.#stream.release();
  }
}

/** What follows `opening` in `pieces`; undefined where they begin otherwise. */
function behind(opening: Buffer, pieces: Pieces): Pieces | undefined {
  let at = 0;
  const rest: Buffer[] = [];
  for (const piece of pieces) {
    const length = Math.min(piece.length, opening.length - at);
    if (piece.compare(opening, at, at + length, 0, length) !== 0) return undefined;
    at += length;
    if (length < piece.length) rest.push(piece.subarray(length));
  }
  return at === opening.length ? rest : undefined;
}

/** Bytes that make a character of the one that has begun at the end of `bytes`; none where it is whole. */
function restOfCharacter(bytes: Buffer): Buffer {
  let seen = 1;
  while (seen < 4 && ((bytes.at(-seen) ?? 0) & 0xc0) === 0x80) seen += 1;
  const lead = bytes.at(-seen) ?? 0;
  const size = lead < 0xc0 ? seen : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const rest = Buffer.alloc(Math.max(0, size - seen), 0x80);
  // Shorter forms of other characters would be none.
  if (seen === 1 && lead === 0xe0) rest[0] = 0xa0;
  if (seen === 1 && lead === 0xf0) rest[0] = 0x90;
  return rest;
}

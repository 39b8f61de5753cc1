/** Where the members of one JSON object are: walked once, looked at several times, without a string for each key. */
import { keyIs, keyText, type MemberVisitor, type Span, skipValue, walkMembers } from './json-scan.ts';

/** Numbers kept for each member: where its key's quote is, and where its value begins and ends. */
const STRIDE = 3;
/** So many members are compared pair by pair. */
const FEW = 12;
/** Objects of messages have a handful. V8 ends the whole process where an array grows past some 100 million elements. */
const MAX_MEMBERS = 1_000_000;

export class MemberIndex implements MemberVisitor {
  readonly #bytes: Buffer;
  #places: number[] = [];
  /** The index after the object, or -1 where there is none. */
  readonly end: number;

  private constructor(bytes: Buffer, from: number) {
    this.#bytes = bytes;
    this.end = from === -1 ? -1 : walkMembers(bytes, from, this);
    if (this.end === -1 || this.#places.length > MAX_MEMBERS * STRIDE) this.#places = [];
  }

  static of(bytes: Buffer, object: Span | undefined): MemberIndex {
    return new MemberIndex(bytes, object?.start ?? -1);
  }

  /** Of the object that begins at `from`. */
  static at(bytes: Buffer, from: number): MemberIndex {
    return new MemberIndex(bytes, from);
  }

  /** While the object is walked. */
  member(keyAt: number, start: number): number {
    const end = skipValue(this.#bytes, start);
    if (this.#places.length <= MAX_MEMBERS * STRIDE) this.#places.push(keyAt, start, end);
    return end;
  }

  /** The value of a member; the last one where a key is repeated, as `JSON.parse` does. */
  find(key: string): Span | undefined {
    for (let index = this.#places.length - STRIDE; index >= 0; index -= STRIDE) {
      if (keyIs(this.#bytes, this.#places[index] ?? 0, key))
        return { start: this.#places[index + 1] ?? 0, end: this.#places[index + 2] ?? 0 };
    }
    return undefined;
  }

  /** True where two keys are the same, also to a reader that ignores case. */
  hasTwins(): boolean {
    const count = this.#places.length / STRIDE;
    if (count < 2) return false;
    return this.#mayHaveTwins() && new Set(this.#foldedKeys()).size < count;
  }

  /** True where a reader that ignores case finds this member, besides so many (`among`) that are expected. */
  hides(key: string, among: number): boolean {
    return this.#places.length > among * STRIDE && this.#foldedKeys().includes(key);
  }

  /** Nearly always their first letters already tell keys apart. */
  #mayHaveTwins(): boolean {
    const bytes = this.#bytes;
    const places = this.#places;
    if (places.length > FEW * STRIDE) return true;
    for (let index = 0; index < places.length; index += STRIDE) {
      const mark = firstLetters(bytes, places[index] ?? 0);
      if (mark === UNCLEAR) return true;
      for (let other = 0; other < index; other += STRIDE)
        if (firstLetters(bytes, places[other] ?? 0) === mark) return true;
    }
    return false;
  }

  #foldedKeys(): string[] {
    // Both ways: `ſ` and the Kelvin sign are s and k to the most lenient readers.
    return this.#places
      .filter((_place, index) => index % STRIDE === 0)
      .map((keyAt) => keyText(this.#bytes, keyAt).toUpperCase().toLowerCase());
  }
}

const UNCLEAR = -1;

/** The first three bytes of a key in lower case, as a number; UNCLEAR where escapes or other alphabets are in them. */
function firstLetters(bytes: Buffer, keyAt: number): number {
  let mark = 0;
  for (let index = 1; index <= 3; index += 1) {
    const byte = bytes[keyAt + index] ?? 0;
    if (byte === 0x22) break;
    if (byte > 0x7e || byte === 0x5c) return UNCLEAR;
    mark = mark * 256 + (byte | 0x20);
  }
  return mark;
}

/** Where the members of one JSON object are: walked once, looked at several times, without a string for each key. */
import { keyIs, keyText, type MemberVisitor, type Span, walkMembers } from './json-scan.ts';

/** Numbers kept for each member: where its key's quote is, and where its value begins and ends. */
const STRIDE = 3;
/** So many members are compared pair by pair. */
const FEW = 12;
/** Objects of messages have a handful. V8 ends the whole process where an array grows past some 100 million elements. */
const MAX_MEMBERS = 1_000_000;

/** Where the members are, while an object is walked. */
class Places implements MemberVisitor {
  readonly numbers: number[] = [];

  member(keyAt: number, start: number, end: number): void {
    if (this.numbers.length <= MAX_MEMBERS * STRIDE) this.numbers.push(keyAt, start, end);
  }
}

export class MemberIndex {
  readonly #places: readonly number[];
  /** The index after the object, or -1 where there is none. */
  readonly end: number;

  private constructor(places: readonly number[], end: number) {
    this.#places = places;
    this.end = end;
  }

  static of(bytes: Buffer, object: Span | undefined): MemberIndex {
    const places = new Places();
    const end = object === undefined ? -1 : walkMembers(bytes, object.start, places);
    const isUsable = end !== -1 && places.numbers.length <= MAX_MEMBERS * STRIDE;
    return isUsable ? new MemberIndex(places.numbers, end) : new MemberIndex([], -1);
  }

  get isObject(): boolean {
    return this.end !== -1;
  }

  /** The value of a member; the last one where a key is repeated, as `JSON.parse` does. */
  find(bytes: Buffer, key: string): Span | undefined {
    for (let index = this.#places.length - STRIDE; index >= 0; index -= STRIDE) {
      if (keyIs(bytes, this.#places[index] ?? 0, key))
        return { start: this.#places[index + 1] ?? 0, end: this.#places[index + 2] ?? 0 };
    }
    return undefined;
  }

  /** True where two keys are the same, also to a reader that ignores case. */
  hasTwins(bytes: Buffer): boolean {
    const count = this.#places.length / STRIDE;
    if (count < 2) return false;
    return this.#mayHaveTwins(bytes) && new Set(this.#foldedKeys(bytes)).size < count;
  }

  /** True where a reader that ignores case finds this member, besides so many (`among`) that are expected. */
  hides(bytes: Buffer, key: string, among: number): boolean {
    return this.#places.length > among * STRIDE && this.#foldedKeys(bytes).includes(key);
  }

  /** Nearly always their first letters already tell keys apart. */
  #mayHaveTwins(bytes: Buffer): boolean {
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

  #foldedKeys(bytes: Buffer): string[] {
    // Both ways: `ſ` and the Kelvin sign are s and k to the most lenient readers.
    return this.#places
      .filter((_place, index) => index % STRIDE === 0)
      .map((keyAt) => keyText(bytes, keyAt).toUpperCase().toLowerCase());
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

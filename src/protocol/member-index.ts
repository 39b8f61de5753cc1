/** Where the members of one JSON object are: walked once, looked at several times, without a string for each key. */
import { BACKSLASH, QUOTE } from '../base/ascii.ts';
import { AnywhereError } from '../base/errors.ts';
import { keyIs, keyText, type MemberVisitor, type Span, skipValue, walkMembers } from './json-scan.ts';

/** Up to this many members are compared pair by pair. */
const FEW = 12;
/** Objects of messages have a handful of members. More is an attack on our memory. */
const MAX_MEMBERS = 1_000_000;

/** One member; as a span it is its value. In a chain, since most objects have one or two: an array would cost more than they. */
class Member implements Span {
  /** Where its key's quote is. */
  readonly keyAt: number;
  readonly start: number;
  readonly end: number;
  readonly before: Member | undefined;

  constructor(keyAt: number, start: number, end: number, before: Member | undefined) {
    this.keyAt = keyAt;
    this.start = start;
    this.end = end;
    this.before = before;
  }
}

export class MemberIndex implements MemberVisitor {
  readonly #bytes: Buffer;
  #last: Member | undefined = undefined;
  #count = 0;
  readonly #isTooLarge: boolean;
  /** The index after the object, or -1 where there is none. */
  readonly end: number;

  private constructor(bytes: Buffer, from: number) {
    this.#bytes = bytes;
    this.end = from === -1 ? -1 : walkMembers(bytes, from, this);
    this.#isTooLarge = this.#count > MAX_MEMBERS;
    if (this.end === -1 || this.#isTooLarge) this.#forget();
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
    if (this.#count > MAX_MEMBERS) return end;
    this.#last = new Member(keyAt, start, end, this.#last);
    this.#count += 1;
    return end;
  }

  /** The value of a member; the last one where a key is repeated, as `JSON.parse` does. */
  find(key: string): Span | undefined {
    let member = this.#last;
    while (member !== undefined && !keyIs(this.#bytes, member.keyAt, key)) member = member.before;
    return member;
  }

  /** True where two keys are the same, also to a reader that ignores case. */
  hasTwins(): boolean {
    if (this.#count < 2) return false;
    return this.#mayHaveTwins() && new Set(this.#foldedKeys()).size < this.#count;
  }

  /** True where a reader that ignores case finds one of these members, and another does not. */
  hidesAny(keys: readonly string[]): boolean {
    const folded = this.#foldedKeys();
    return keys.some((key) => folded.includes(key) && this.find(key) === undefined);
  }

  /** How many members have this key (in lower case) for a reader that ignores case. */
  count(key: string): number {
    const mark = firstLetters(Buffer.from(`"${key}"`), 0);
    let found = 0;
    for (let member = this.#last; member !== undefined; member = member.before) {
      const letters = firstLetters(this.#bytes, member.keyAt);
      if ((letters === mark || letters === UNCLEAR) && this.#folded(member) === key) found += 1;
    }
    return found;
  }

  /** True where a reader that ignores case finds another member of this name than we do, or one more. */
  isUnclear(key: string): boolean {
    if (this.#isTooLarge) return true;
    return this.count(key.toLowerCase()) > (this.find(key) === undefined ? 0 : 1);
  }

  /**
   * As `find`, for a member that is replaced: every reader must find the same one.
   * @throws AnywhereError SERVER_PROTOCOL where two readers could find two
   */
  clear(key: string): Span | undefined {
    if (!this.isUnclear(key)) return this.find(key);
    const why = `the answer is ambiguous: a member ${key} stands in it twice, or in another case`;
    throw new AnywhereError('SERVER_PROTOCOL', why);
  }

  /** The first letters nearly always differ. */
  #mayHaveTwins(): boolean {
    if (this.#count > FEW) return true;
    for (let member = this.#last; member !== undefined; member = member.before) {
      const mark = firstLetters(this.#bytes, member.keyAt);
      if (mark === UNCLEAR) return true;
      for (let other = member.before; other !== undefined; other = other.before)
        if (firstLetters(this.#bytes, other.keyAt) === mark) return true;
    }
    return false;
  }

  #foldedKeys(): string[] {
    const keys: string[] = [];
    for (let member = this.#last; member !== undefined; member = member.before) keys.push(this.#folded(member));
    return keys;
  }

  /** Both ways: `ſ` and the Kelvin sign are s and k to the most lenient readers. */
  #folded({ keyAt }: Member): string {
    return keyText(this.#bytes, keyAt).toUpperCase().toLowerCase();
  }

  #forget(): void {
    this.#last = undefined;
    this.#count = 0;
  }
}

/** One look at `MemberIndex.clear`. */
export function clearMember(bytes: Buffer, object: Span | undefined, key: string): Span | undefined {
  return MemberIndex.of(bytes, object).clear(key);
}

const UNCLEAR = -1;

/** The first three bytes of a key in lower case, as a number; UNCLEAR where escapes or other alphabets are in them. */
function firstLetters(bytes: Buffer, keyAt: number): number {
  let mark = 0;
  for (let index = 1; index <= 3; index += 1) {
    const byte = bytes[keyAt + index] ?? 0;
    if (byte === QUOTE) break;
    if (byte > 0x7e || byte === BACKSLASH) return UNCLEAR;
    mark = mark * 256 + (byte | 0x20);
  }
  return mark;
}

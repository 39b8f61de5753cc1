/**
 * Hands a byte stream on as it is, while somebody looks at its lines.
 *
 * A line is handed on when it is whole: if its sender dies halfway, nobody gets half of one. Its watcher may let
 * a long line stream through where the receiver is ready for half of one; of a long line the watcher sees both ends.
 */

/** What becomes of a line: handed on as it is, not at all, or other bytes instead of it. */
export type Verdict = 'pass' | 'drop' | Buffer;

/** A long line streams through, or is held until it is whole, or is put together for `line` to see. */
export type LongManner = 'pass' | 'hold' | 'gather';

export interface LineWatcher {
  /** A whole line, without its newline. The bytes are only lent. */
  line(bytes: Buffer): Verdict;
  /** What becomes of a line that has grown long, by its beginning. */
  long(head: Buffer): LongManner;
  /** A long line that `line` did not see has ended. `isCut`: the other side did not get it whole. */
  longEnded(head: Buffer, tail: Buffer, isCut: boolean): void;
}

const NEWLINE = 0x0a;
const NEWLINE_BYTES = Buffer.from('\n');
const NO_BYTES = Buffer.alloc(0);
/** What is held back of a line that is not whole yet. */
const HELD_BYTES = 256 * 1024;
/** Of a long line, what is kept of each end. */
const EDGE_BYTES = 4096;
/** Of a line that must be seen whole; a longer one is nobody's. */
const GATHERED_BYTES = 64 * 1024 * 1024;

export class LineGate {
  readonly #watcher: LineWatcher;
  readonly #out: (bytes: Buffer) => void;
  /** The beginning of a line that is not whole yet. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Undefined while the line is not long. */
  #manner: LongManner | undefined;
  #long: LongLine | undefined;

  constructor(watcher: LineWatcher, out: (bytes: Buffer) => void) {
    this.#watcher = watcher;
    this.#out = out;
  }

  /** Part of a line was handed on, and not its end. */
  get isMidLine(): boolean {
    return this.#long?.isCut === false;
  }

  push(chunk: Buffer): void {
    let passed = 0;
    let at = 0;
    for (;;) {
      const newline = chunk.indexOf(NEWLINE, at);
      if (newline === -1) break;
      const isBegun = this.#heldBytes > 0;
      const verdict = this.#endLine(chunk.subarray(at, newline));
      if (verdict === 'pass' && isBegun) {
        // Nothing may come between the two parts of a line.
        this.#hand(chunk.subarray(0, newline + 1));
        passed = newline + 1;
      } else if (verdict !== 'pass') {
        this.#hand(chunk.subarray(passed, at));
        if (verdict !== 'drop') this.#handLine(verdict);
        passed = newline + 1;
      }
      at = newline + 1;
    }
    this.#hand(chunk.subarray(passed, at));
    if (at < chunk.length) this.#keep(chunk.subarray(at));
  }

  /** The sender has nothing more to say: what is there of a last line is one. */
  end(): void {
    if (this.#heldBytes > 0 || this.#long !== undefined) this.push(NEWLINE_BYTES);
  }

  /** The receiver of a line that streams through is gone: what comes of the line is thrown away. */
  cutOff(): void {
    if (this.#long !== undefined) this.#long.isCut = true;
  }

  /** The sender is gone: the beginning of a line is forgotten. */
  reset(): void {
    this.#forget();
    this.#long = undefined;
  }

  /** @param part the line's bytes in this chunk, which are handed on by the caller */
  #endLine(part: Buffer): Verdict {
    if (this.#long !== undefined) return this.#endLong(this.#long, part);
    if (this.#heldBytes === 0) return this.#watcher.line(part);
    const held = this.#held;
    if (this.#manner === 'hold') return this.#endHeld(held, part);
    const line = Buffer.concat([...held, part]);
    this.#forget();
    const verdict = line.length > GATHERED_BYTES ? 'drop' : this.#watcher.line(line);
    if (verdict === 'pass') for (const bytes of held) this.#out(bytes);
    return verdict;
  }

  #endHeld(held: readonly Buffer[], part: Buffer): Verdict {
    const ends = new LongLine(headOf(held));
    for (const bytes of [...held, part]) ends.see(bytes);
    this.#forget();
    this.#watcher.longEnded(ends.head, ends.tail, false);
    for (const bytes of held) this.#out(bytes);
    return 'pass';
  }

  #endLong(long: LongLine, part: Buffer): Verdict {
    long.see(part);
    this.#long = undefined;
    this.#watcher.longEnded(long.head, long.tail, long.isCut);
    return long.isCut ? 'drop' : 'pass';
  }

  #keep(part: Buffer): void {
    if (this.#long !== undefined) {
      this.#long.see(part);
      if (!this.#long.isCut) this.#out(part);
      return;
    }
    if (this.#heldBytes <= GATHERED_BYTES || this.#manner === 'hold') this.#held.push(part);
    this.#heldBytes += part.length;
    if (this.#heldBytes > HELD_BYTES && this.#manner === undefined) this.#growLong();
  }

  #growLong(): void {
    const head = headOf(this.#held);
    this.#manner = this.#watcher.long(head);
    if (this.#manner !== 'pass') return;
    const long = new LongLine(head);
    for (const bytes of this.#held) {
      long.see(bytes);
      this.#out(bytes);
    }
    this.#forget();
    this.#long = long;
  }

  #forget(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#manner = undefined;
  }

  #handLine(line: Buffer): void {
    this.#out(line);
    this.#out(NEWLINE_BYTES);
  }

  #hand(bytes: Buffer): void {
    if (bytes.length > 0) this.#out(bytes);
  }
}

/** A copy: a slice would keep the whole chunk alive. */
function headOf(held: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  let size = 0;
  for (const bytes of held) {
    if (size >= EDGE_BYTES) break;
    parts.push(bytes.subarray(0, EDGE_BYTES - size));
    size += bytes.length;
  }
  return Buffer.concat(parts);
}

/** The ends of a line that nobody sees whole. */
class LongLine {
  readonly head: Buffer;
  tail = NO_BYTES;
  isCut = false;

  constructor(head: Buffer) {
    this.head = head;
  }

  see(part: Buffer): void {
    const known = part.length >= EDGE_BYTES ? part : Buffer.concat([this.tail, part]);
    this.tail = Buffer.from(known.subarray(-EDGE_BYTES));
  }
}

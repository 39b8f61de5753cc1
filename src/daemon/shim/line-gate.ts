/**
 * Hands a byte stream on as it is, while somebody looks at its lines.
 *
 * Lines of ordinary length are handed on when they are whole: if their sender dies halfway, nobody gets half of one.
 * A longer one streams through, so that it is never gathered here; who looks sees its ends.
 */

/** What becomes of a line: handed on as it is, not at all, or other bytes instead of it. */
export type Verdict = 'pass' | 'drop' | Buffer;

export interface LineWatcher {
  /** A whole line, without its newline. The bytes are only lent. */
  line(bytes: Buffer): Verdict;
  /** A line that has grown long: may it stream through, or must `line` see it whole? */
  long(head: Buffer): 'pass' | 'gather';
  /** A line that streamed through, or was cut off, has ended. `isCut`: the other side did not get it whole. */
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
  #isGathering = false;
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
      const verdict = this.#endLine(chunk.subarray(at, newline));
      if (verdict !== 'pass') {
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
    const line = Buffer.concat([...held, part]);
    this.#forget();
    const verdict = line.length > GATHERED_BYTES ? 'drop' : this.#watcher.line(line);
    if (verdict === 'pass') for (const bytes of held) this.#out(bytes);
    return verdict;
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
    if (this.#heldBytes <= GATHERED_BYTES) this.#held.push(part);
    this.#heldBytes += part.length;
    if (this.#heldBytes > HELD_BYTES && !this.#isGathering) this.#growLong();
  }

  #growLong(): void {
    const head = Buffer.concat(this.#held).subarray(0, EDGE_BYTES);
    this.#isGathering = this.#watcher.long(head) === 'gather';
    if (this.#isGathering) return;
    const long = new LongLine(Buffer.from(head));
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
    this.#isGathering = false;
  }

  #handLine(line: Buffer): void {
    this.#out(line);
    this.#out(NEWLINE_BYTES);
  }

  #hand(bytes: Buffer): void {
    if (bytes.length > 0) this.#out(bytes);
  }
}

/** A line that streams through. */
class LongLine {
  readonly head: Buffer;
  tail = NO_BYTES;
  isCut = false;

  constructor(head: Buffer) {
    this.head = head;
  }

  see(part: Buffer): void {
    const known = part.length >= EDGE_BYTES ? part : Buffer.concat([this.tail, part]);
    // A copy: a slice would keep the whole chunk alive.
    this.tail = Buffer.from(known.subarray(-EDGE_BYTES));
  }
}

/**
 * Passes a byte stream on unchanged, and shows its lines to a watcher.
 *
 * A line is passed on when it is whole, so that no receiver gets half a line when the sender dies. The watcher can let a
 * long line stream through if the receiver accepts half a line. Of a long line the watcher sees only both ends.
 */
import { NEWLINE } from '../base/ascii.ts';

/** What happens to a line: it passes, it is dropped, or other bytes replace it. */
export type Verdict = 'pass' | 'drop' | Buffer;

/** A long line streams through, is held until it is whole, or is collected and shown to `line`. */
export type LongManner = 'pass' | 'hold' | 'gather';

export interface LineWatcher {
  /** A whole line without its newline. The bytes are valid only during the call. */
  line(bytes: Buffer): Verdict;
  /** What happens to a long line, decided by its start. */
  long(head: Buffer): LongManner;
  /** A long line has ended that `line` did not see. `isCut`: the receiver did not get the whole line. */
  longEnded(head: Buffer, tail: Buffer, isCut: boolean): void;
}

const NEWLINE_BYTES = Buffer.from('\n');
const NO_BYTES = Buffer.alloc(0);
/** A longer line is a long line. */
const HELD_BYTES = 256 * 1024;
/** The bytes that are kept of each end of a long line. */
const EDGE_BYTES = 4096;
/** The longest line that is collected; a longer one is dropped. */
const GATHERED_BYTES = 64 * 1024 * 1024;

export class LineGate {
  readonly #watcher: LineWatcher;
  readonly #out: (bytes: Buffer) => void;
  /** The start of an unfinished line. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Undefined while the line is not long. */
  #manner: LongManner | undefined;
  #long: LongLine | undefined;

  constructor(watcher: LineWatcher, out: (bytes: Buffer) => void) {
    this.#watcher = watcher;
    this.#out = out;
  }

  /** A part of a line was passed on, but not its end. */
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
        // Nothing may come between the parts of a line.
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

  /** The sender has ended. A last line without a newline counts as a line. */
  end(): void {
    if (this.#heldBytes > 0 || this.#long !== undefined) this.push(NEWLINE_BYTES);
  }

  /** The receiver of a streaming line is gone. The rest of the line is dropped. */
  cutOff(): void {
    if (this.#long !== undefined) this.#long.isCut = true;
  }

  /** The sender is gone. The start of an unfinished line is dropped. */
  reset(): void {
    this.#forget();
    this.#long = undefined;
  }

  /** @param part the bytes of the line in this chunk, which the caller passes on */
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

/** A copy, because a slice would keep the whole chunk in memory. */
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

/** Both ends of a long line. */
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

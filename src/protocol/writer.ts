/**
 * Writes messages to a stream, one line each. What is written within one turn of the event loop
 * leaves as one chunk: over SSH that is one packet to encrypt instead of many.
 */
import type { Writable } from 'node:stream';
import { type Line, piecesOf, Splice } from './splice.ts';

const NEWLINE = Buffer.from('\n');
/** Above this, copying messages together costs more than writing them one by one. */
const JOIN_LIMIT_BYTES = 128 * 1024;

export class MessageWriter {
  readonly #stream: Writable;
  readonly #onCongestion: (congested: boolean) => void;
  readonly #holds: boolean;
  #lines: Line[] = [];
  /** With a newline for each. */
  #bytes = 0;
  #scheduled = false;
  #closed = false;
  #congested = false;
  readonly #flushNow = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  /**
   * @param onCongestion told when the stream stops accepting and when it has drained, for backpressure
   * @param holds keep lines here while the stream accepts none: they are known not to be sent, and can be taken back
   */
  constructor(stream: Writable, onCongestion: (congested: boolean) => void = () => undefined, holds = false) {
    this.#stream = stream;
    this.#onCongestion = onCongestion;
    this.#holds = holds;
    stream.on('drain', () => {
      this.#setCongested(false);
      if (holds) this.flush();
    });
  }

  get congested(): boolean {
    return this.#congested;
  }

  /** Bytes that have not left us. */
  get unreadBytes(): number {
    return this.#bytes + this.#stream.writableLength;
  }

  /** Bytes that the stream has not been given. */
  get heldBytes(): number {
    return this.#bytes;
  }

  write(line: Line): void {
    if (this.#closed) return;
    this.#lines.push(line);
    this.#bytes += lengthOf(line) + 1;
    if (this.#bytes >= JOIN_LIMIT_BYTES) this.flush();
    else this.#schedule();
  }

  /** Takes back a line that is held; false where the stream has been given it, or is about to be. */
  takeBack(line: Line): boolean {
    if (!this.#holds || !this.#congested) return false;
    const at = this.#lines.indexOf(line);
    if (at === -1) return false;
    this.#lines.splice(at, 1);
    this.#bytes -= lengthOf(line) + 1;
    return true;
  }

  /** Nothing is written any more. Returns the lines that the stream was never given. */
  close(): readonly Line[] {
    const unsent = this.#lines;
    this.#closed = true;
    this.#lines = [];
    this.#bytes = 0;
    return unsent;
  }

  flush(): void {
    const lines = this.#lines;
    const bytes = this.#bytes;
    if (lines.length === 0 || this.#closed || (this.#holds && this.#congested)) return;
    this.#lines = [];
    this.#bytes = 0;
    if (bytes < JOIN_LIMIT_BYTES) this.#push(joinLines(lines, bytes));
    else this.#pushAll(lines);
  }

  /** A tick later: promises that are ready now still get their messages into the same chunk. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#flushNow);
  }

  #pushAll(lines: Line[]): void {
    this.#stream.cork();
    for (const [index, line] of lines.entries()) {
      if (this.#holds && this.#congested) {
        this.#hold(lines.slice(index));
        break;
      }
      for (const piece of [...piecesOf(line), NEWLINE]) this.#push(piece);
    }
    this.#stream.uncork();
  }

  #hold(lines: Line[]): void {
    this.#lines = lines;
    this.#bytes = lines.reduce((sum, line) => sum + lengthOf(line) + 1, 0);
  }

  #push(bytes: Buffer): void {
    if (!this.#stream.write(bytes) && !this.#congested) this.#setCongested(true);
  }

  #setCongested(congested: boolean): void {
    if (this.#congested === congested) return;
    this.#congested = congested;
    this.#onCongestion(congested);
  }
}

function lengthOf(line: Line): number {
  return line instanceof Splice ? line.length : line.reduce((sum, piece) => sum + piece.length, 0);
}

function joinLines(lines: readonly Line[], bytes: number): Buffer {
  const joined = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const line of lines) {
    if (line instanceof Splice) at = line.copyTo(joined, at);
    else for (const piece of line) at += piece.copy(joined, at);
    joined[at] = 0x0a;
    at += 1;
  }
  return joined;
}

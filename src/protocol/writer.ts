/**
 * Writes messages to a stream, one line each. Messages of one turn of the event loop
 * leave in few chunks, because SSH encrypts every chunk as a packet of its own.
 */

import type { Writable } from 'node:stream';
import { NEWLINE } from '../base/ascii.ts';
import { type Line, type Pieces, piecesOf, Splice } from './splice.ts';

const LINE_END = Buffer.from([NEWLINE]);
/** Above this, copying messages together costs more than writing them one by one. */
const JOIN_LIMIT_BYTES = 128 * 1024;

export interface WriterOptions {
  /** Hold lines while the stream is full: held lines are surely unsent and can be taken back. */
  readonly holds?: boolean;
  /** This many bytes leave at once, without waiting for the end of the turn. */
  readonly chunkBytes?: number;
}

export class MessageWriter {
  readonly #stream: Writable;
  readonly #onCongestion: (congested: boolean) => void;
  readonly #holds: boolean;
  readonly #chunkBytes: number;
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
   */
  constructor(
    stream: Writable,
    onCongestion: (congested: boolean) => void = () => undefined,
    { holds = false, chunkBytes = JOIN_LIMIT_BYTES }: WriterOptions = {},
  ) {
    this.#stream = stream;
    this.#onCongestion = onCongestion;
    this.#holds = holds;
    this.#chunkBytes = chunkBytes;
    stream.on('drain', () => {
      this.#setCongested(false);
      if (holds) this.flush();
    });
  }

  get congested(): boolean {
    return this.#congested;
  }

  /** Bytes that are not sent yet. */
  get unreadBytes(): number {
    return this.#bytes + this.#stream.writableLength;
  }

  /** Bytes that the stream has not received yet. */
  get heldBytes(): number {
    return this.#bytes;
  }

  write(line: Line): void {
    if (this.#closed) return;
    this.#lines.push(line);
    this.#bytes += lengthOf(line) + 1;
    if (this.#bytes >= this.#chunkBytes) this.flush();
    else this.#schedule();
  }

  /** Takes back a held line; false where the stream has the line or is about to get it. */
  takeBack(line: Line): boolean {
    if (!this.#holds || !this.#congested) return false;
    const at = this.#lines.indexOf(line);
    if (at === -1) return false;
    this.#lines.splice(at, 1);
    this.#bytes -= lengthOf(line) + 1;
    return true;
  }

  /** Stops writing. Returns the lines that the stream never received. */
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
    if (bytes < JOIN_LIMIT_BYTES) this.#push(joinLines(lines, Buffer.allocUnsafe(bytes)));
    else this.#pushAll(lines);
  }

  /** One tick later, so that messages of promises that are ready now join the same chunk. */
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
      for (const piece of [...piecesOf(line), LINE_END]) this.#push(piece);
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

/** From the last to the first: see `Splice.copyBefore`. */
function joinLines(lines: readonly Line[], joined: Buffer): Buffer {
  let at = joined.length;
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    at -= 1;
    joined[at] = NEWLINE;
    const line = lines[index] ?? [];
    at = line instanceof Splice ? line.copyBefore(joined, at) : copyPiecesBefore(line, joined, at);
  }
  return joined;
}

function copyPiecesBefore(pieces: Pieces, target: Buffer, end: number): number {
  let at = end;
  for (let index = pieces.length - 1; index >= 0; index -= 1) {
    const piece = pieces[index];
    if (piece === undefined) continue;
    at -= piece.length;
    target.set(piece, at);
  }
  return at;
}

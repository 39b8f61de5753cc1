/**
 * Writes messages to a stream, one line each. What is written within one turn of the event loop
 * leaves as one chunk: over SSH that is one packet to encrypt instead of many.
 */
import type { Writable } from 'node:stream';
import type { Pieces } from './splice.ts';

const NEWLINE = Buffer.from('\n');
/** Above this, copying pieces together costs more than writing them one by one. */
const JOIN_LIMIT_BYTES = 128 * 1024;

export class MessageWriter {
  readonly #stream: Writable;
  readonly #onCongestion: (congested: boolean) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #scheduled = false;
  #closed = false;
  #congested = false;

  /** @param onCongestion told when the stream stops accepting and when it has drained, for backpressure */
  constructor(stream: Writable, onCongestion: (congested: boolean) => void = () => undefined) {
    this.#stream = stream;
    this.#onCongestion = onCongestion;
    stream.on('drain', () => {
      this.#setCongested(false);
    });
  }

  get congested(): boolean {
    return this.#congested;
  }

  write(pieces: Pieces): void {
    if (this.#closed) return;
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.#bytes += piece.length;
    }
    this.#pieces.push(NEWLINE);
    this.#bytes += 1;
    if (this.#bytes >= JOIN_LIMIT_BYTES) this.flush();
    else this.#schedule();
  }

  /** Nothing is written any more. */
  close(): void {
    this.#closed = true;
    this.#pieces = [];
  }

  flush(): void {
    const pieces = this.#pieces;
    const bytes = this.#bytes;
    if (pieces.length === 0 || this.#closed) return;
    this.#pieces = [];
    this.#bytes = 0;
    if (bytes < JOIN_LIMIT_BYTES) this.#push(Buffer.concat(pieces, bytes));
    else this.#pushAll(pieces);
  }

  /** A tick later: promises that are ready now still get their messages into the same chunk. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  #pushAll(pieces: readonly Buffer[]): void {
    this.#stream.cork();
    for (const piece of pieces) this.#push(piece);
    this.#stream.uncork();
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

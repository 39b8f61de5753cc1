/**
 * Cuts text from outside into lines, in time linear in its length, and tells when the text exceeds its limits. The reader
 * then closes the channel.
 */
import { NEWLINE } from './ascii.ts';

export interface TextLimits {
  /** Longest line, in bytes. */
  readonly lineBytes: number;
  /** Of the whole text. Left out: any number. */
  readonly lines?: number;
  readonly bytes?: number;
}

const NO_BYTES: Buffer = Buffer.alloc(0);

export class BoundedLines {
  readonly #limits: Required<TextLimits>;
  #unread = NO_BYTES;
  /** The beginning of an incomplete line. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #lines = 0;
  #bytes = 0;

  constructor({ lineBytes, lines = Number.POSITIVE_INFINITY, bytes = Number.POSITIVE_INFINITY }: TextLimits) {
    this.#limits = { lineBytes, lines, bytes };
  }

  /** The limits are exceeded: no more lines come. */
  get isOver(): boolean {
    const { lineBytes, lines, bytes } = this.#limits;
    return this.#heldBytes > lineBytes || this.#lines > lines || this.#bytes > bytes;
  }

  /** Take every line of the previous chunk first. */
  push(chunk: Buffer): void {
    if (this.isOver) return;
    this.#bytes += chunk.length;
    this.#unread = chunk;
  }

  /** The next line without its newline; undefined where no line is complete yet. */
  next(): string | undefined {
    const end = this.isOver ? -1 : this.#unread.indexOf(NEWLINE);
    if (end === -1) {
      this.#hold();
      return undefined;
    }
    this.#heldBytes += end;
    this.#lines += 1;
    if (this.isOver) return undefined;
    const line = this.#joined(this.#unread.subarray(0, end));
    this.#unread = this.#unread.subarray(end + 1);
    this.#forget();
    return line;
  }

  /** The beginning of the incomplete last line. */
  get partial(): string {
    return this.#joined(NO_BYTES);
  }

  /** The part of the last chunk behind the lines taken. */
  get rest(): Buffer {
    return this.#unread;
  }

  #joined(end: Buffer): string {
    return this.#held.length === 0 ? end.toString('utf8') : Buffer.concat([...this.#held, end]).toString('utf8');
  }

  #hold(): void {
    this.#heldBytes += this.#unread.length;
    // A copy: a part would keep its whole chunk alive.
    if (!this.isOver && this.#unread.length > 0) this.#held.push(Buffer.from(this.#unread));
    this.#unread = NO_BYTES;
  }

  #forget(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }
}

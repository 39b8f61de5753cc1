/**
 * Cuts a byte stream into lines, in time linear in its length for any chunking (MCP stdio transport:
 * messages are delimited by newlines and hold none).
 */

export interface LineSink {
  /** A line without its newline. The bytes are the sink's from now on. */
  line(bytes: Buffer): void;
  /** A line has just grown over the cap; `oversized` follows at its end. */
  overflow(): void;
  /** A line longer than the cap: it was not kept. `head` and `tail` are its ends, to find out whose it was. */
  oversized(size: number, head: Buffer, tail: Buffer): void;
}

const NEWLINE = 0x0a;
const EDGE_BYTES = 4096;

export class LineFramer {
  readonly #sink: LineSink;
  /** Longest line that is kept, in bytes. */
  maxBytes: number;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Set while a line is over the cap: only its ends are kept. */
  #head: Buffer | undefined;

  constructor(sink: LineSink, maxBytes: number) {
    this.#sink = sink;
    this.maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (;;) {
      const newline = chunk.indexOf(NEWLINE, from);
      if (newline === -1) break;
      this.#keep(chunk.subarray(from, newline));
      this.#finish();
      from = newline + 1;
    }
    if (from < chunk.length) this.#keep(from === 0 ? chunk : chunk.subarray(from));
  }

  /** The stream ended: what stands without a newline is a line too. */
  end(): void {
    if (this.#size > 0) this.#finish();
  }

  /** Bytes held of the line that is not complete yet. */
  get pendingBytes(): number {
    return this.#head === undefined ? this.#size : this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#size += part.length;
    this.#chunks.push(part);
    if (this.#size <= this.maxBytes) return;
    if (this.#head === undefined) this.#overflow();
    const tail = Buffer.concat(this.#chunks.slice(-2));
    // A copy: a slice would keep the whole chunk alive.
    this.#chunks = [copyOf(tail.subarray(-EDGE_BYTES))];
  }

  #overflow(): void {
    this.#head = copyOf(Buffer.concat(this.#chunks.slice(0, 2)).subarray(0, EDGE_BYTES));
    this.#sink.overflow();
  }

  #finish(): void {
    const chunks = this.#chunks;
    const size = this.#size;
    const head = this.#head;
    this.#chunks = [];
    this.#size = 0;
    this.#head = undefined;
    const [first = Buffer.alloc(0)] = chunks;
    if (head !== undefined) this.#sink.oversized(size, head, Buffer.concat(chunks));
    else this.#sink.line(chunks.length === 1 ? first : Buffer.concat(chunks, size));
  }
}

function copyOf(bytes: Buffer): Buffer {
  return Buffer.from(bytes);
}

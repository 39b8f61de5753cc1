/**
 * Cuts a byte stream into lines, in time linear in its length for any chunking (MCP stdio transport:
 * messages are delimited by newlines and hold none).
 */
import { NEWLINE } from '../base/ascii.ts';
import { LargeLine } from './large-line.ts';

export interface LineSink {
  /** A line without its newline. The bytes are the sink's from now on. */
  line(bytes: Buffer): void;
  /** The same for a large line in chunks. Left out: the chunks are joined. */
  large?(line: LargeLine): void;
  /** A line has just grown over the cap; `oversized` follows at its end. */
  overflow(): void;
  /** A line longer than the cap, which was not kept. `head` and `tail` are its ends, to find its sender. */
  oversized(size: number, head: Buffer, tail: Buffer): void;
}

/** A line of this size or more is large. */
const LARGE_BYTES = 256 * 1024;
const EDGE_BYTES = 4096;

export class LineFramer {
  readonly #sink: LineSink;
  /** Longest line that is kept, in bytes. */
  maxBytes: number;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Instead of chunks. */
  #large: LargeLine | undefined;
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
      this.#complete(chunk.subarray(from, newline));
      from = newline + 1;
    }
    if (from < chunk.length) this.#keep(from === 0 ? chunk : chunk.subarray(from));
  }

  /** The stream ended: a last line without a newline counts too. */
  end(): void {
    if (this.#size > 0) this.#finish();
  }

  /** Bytes of the incomplete line. */
  get pendingBytes(): number {
    return this.#head === undefined ? this.#size : this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** A line ends with `part`, which nearly always is the whole line. */
  #complete(part: Buffer): void {
    if (this.#size === 0 && part.length <= this.maxBytes) {
      this.#sink.line(part);
      return;
    }
    this.#keep(part);
    this.#finish();
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#size += part.length;
    if (this.#head !== undefined) this.#keepEnds(this.#head, part);
    else if (this.#size > this.maxBytes) this.#overflow(part);
    else if (this.#size > LARGE_BYTES) this.#gather(part);
    else this.#chunks.push(part);
  }

  #gather(part: Buffer): void {
    if (this.#large === undefined) {
      this.#large = new LargeLine();
      for (const chunk of this.#chunks) this.#large.append(chunk);
      this.#chunks = [];
    }
    this.#large.append(part);
  }

  #overflow(part: Buffer): void {
    const chunks = this.#large?.pieces ?? this.#chunks;
    this.#large = undefined;
    this.#head = headOf([...chunks, part]);
    this.#chunks = [tailOf([...chunks, part])];
    this.#sink.overflow();
  }

  #keepEnds(head: Buffer, part: Buffer): void {
    if (head.length < EDGE_BYTES) this.#head = headOf([head, part]);
    this.#chunks = [tailOf([...this.#chunks, part])];
  }

  #finish(): void {
    const chunks = this.#chunks;
    const size = this.#size;
    const head = this.#head;
    const large = this.#large;
    this.#chunks = [];
    this.#size = 0;
    this.#head = undefined;
    this.#large = undefined;
    const [first = Buffer.alloc(0)] = chunks;
    if (head !== undefined) this.#sink.oversized(size, head, Buffer.concat(chunks));
    else if (large !== undefined) this.#giveLarge(large);
    else this.#sink.line(chunks.length === 1 ? first : Buffer.concat(chunks, size));
  }

  #giveLarge(line: LargeLine): void {
    if (this.#sink.large === undefined) this.#sink.line(line.bytes());
    else this.#sink.large(line);
  }
}

/** The first bytes of a line, however small its chunks are. A copy: a slice would keep the whole chunk alive. */
function headOf(chunks: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  let size = 0;
  for (let at = 0; at < chunks.length && size < EDGE_BYTES; at += 1) {
    const part = chunks[at]?.subarray(0, EDGE_BYTES - size) ?? Buffer.alloc(0);
    parts.push(part);
    size += part.length;
  }
  return Buffer.concat(parts, size);
}

/** The last bytes of a line, as a copy too. */
function tailOf(chunks: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  let size = 0;
  for (let at = chunks.length - 1; at >= 0 && size < EDGE_BYTES; at -= 1) {
    const part = chunks[at]?.subarray(-(EDGE_BYTES - size)) ?? Buffer.alloc(0);
    parts.unshift(part);
    size += part.length;
  }
  return Buffer.concat(parts, size);
}

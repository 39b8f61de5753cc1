/** The data types of SSH's binary protocols (RFC 4251 §5), and streams of length-prefixed messages. */

export function byte(value: number): Buffer {
  return Buffer.of(value);
}

export function boolean(value: boolean): Buffer {
  return byte(value ? 1 : 0);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function string(value: string | Uint8Array): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** `length ‖ body`: how the mux socket, its proxied packets and the agent frame a message. */
export function framed(...parts: readonly Uint8Array[]): Buffer {
  return string(Buffer.concat(parts));
}

/** Reads one message from the front. Every method throws a RangeError when the message is too short. */
export class WireReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  byte(): number {
    this.#at += 1;
    return this.#bytes.readUInt8(this.#at - 1);
  }

  boolean(): boolean {
    return this.byte() !== 0;
  }

  uint32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32BE(this.#at - 4);
  }

  /** A view of the message's own memory. */
  string(): Buffer {
    const length = this.uint32();
    if (this.#at + length > this.#bytes.length) throw new RangeError('a string reaches past the end of its message');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text(): string {
    return this.string().toString('utf8');
  }
}

/** Cuts a byte stream into `length ‖ body` messages, in linear time whatever the chunks. */
export class Framing {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #held = 0;

  /** @param maxBytes a longer body throws a RangeError: the other side speaks another protocol */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The bodies that `chunk` completes; views of the chunk where possible. */
  *push(chunk: Buffer): Generator<Buffer> {
    this.#parts.push(chunk);
    this.#held += chunk.length;
    let need = this.#needed();
    while (need !== undefined && this.#held >= need) {
      const whole = this.#join();
      const rest = whole.subarray(need);
      this.#parts = rest.length === 0 ? [] : [rest];
      this.#held = rest.length;
      yield whole.subarray(4, need);
      need = this.#needed();
    }
  }

  /** Bytes of the first message with its length, or undefined while even the length is incomplete. */
  #needed(): number | undefined {
    if (this.#held < 4) return undefined;
    const first = this.#parts[0];
    const length = (first !== undefined && first.length >= 4 ? first : this.#join()).readUInt32BE(0);
    if (length > this.#maxBytes)
      throw new RangeError(`a message of ${length} bytes, and at most ${this.#maxBytes} are possible`);
    return length + 4;
  }

  #join(): Buffer {
    const [first] = this.#parts;
    if (first !== undefined && this.#parts.length === 1) return first;
    const whole = Buffer.concat(this.#parts, this.#held);
    this.#parts = [whole];
    return whole;
  }
}

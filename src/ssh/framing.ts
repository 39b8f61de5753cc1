/** Cuts a byte stream into `length ‖ body` messages, in linear time whatever the chunks. */

export class Framing {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #held = 0;

  /** Bodies longer than `maxBytes` throw: the other side does not speak this protocol. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The bodies that `chunk` completes, as views where possible. */
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

/** Their side of a channel's flow control: bytes go back into the window once they were read. */
import { Readable } from 'node:stream';
import { LOCAL_WINDOW_BYTES } from './messages.ts';

export class Incoming {
  readonly output: Readable;
  readonly errors: Readable;
  readonly #widen: (bytes: number) => void;
  readonly #unread = new Map<Readable, number>();
  #readBytes = 0;
  /** What they may still send. */
  #windowBytes = LOCAL_WINDOW_BYTES;
  #ended = false;

  /** `widen` tells the other side that so many bytes may follow. */
  constructor(widen: (bytes: number) => void) {
    this.#widen = widen;
    this.output = this.#makeStream();
    this.errors = this.#makeStream();
  }

  /**
   * A stream that is full keeps its bytes out of the window; without a stream they are dropped. More than the window
   * allows throws a RangeError: it would be kept here without end.
   */
  deliver(stream: Readable | undefined, bytes: Buffer): void {
    this.#windowBytes -= bytes.length;
    if (this.#windowBytes < 0) throw new RangeError('more data on a channel than its window allows');
    if (stream === undefined || stream.destroyed || this.#ended) {
      this.#release(bytes.length);
      return;
    }
    this.#unread.set(stream, (this.#unread.get(stream) ?? 0) + bytes.length);
    if (stream.push(bytes)) this.#onRead(stream);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.output.push(null);
    this.errors.push(null);
  }

  #onRead(stream: Readable): void {
    const bytes = this.#unread.get(stream) ?? 0;
    this.#unread.set(stream, 0);
    this.#release(bytes);
  }

  /** In steps of half a window: few messages, and the other side never stalls. */
  #release(bytes: number): void {
    this.#readBytes += bytes;
    if (this.#readBytes < LOCAL_WINDOW_BYTES / 2) return;
    this.#windowBytes += this.#readBytes;
    this.#widen(this.#readBytes);
    this.#readBytes = 0;
  }

  #makeStream(): Readable {
    const stream: Readable = new Readable({
      read: () => {
        this.#onRead(stream);
      },
      destroy: (error, done) => {
        this.#onRead(stream);
        done(error);
      },
    });
    return stream.on('error', () => undefined);
  }
}

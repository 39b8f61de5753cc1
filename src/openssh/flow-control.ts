/** Their side of a channel's flow control: bytes go back into the window once they were read. */
import { Readable, Writable } from 'node:stream';
import { channelDataHeader, channelEof, LOCAL_WINDOW_BYTES } from './messages.ts';

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

/** What a channel needs of its connection. */
export interface PacketSink {
  /** False: nothing more should be written before `drained` resolves. */
  send(...parts: readonly Buffer[]): boolean;
  /** Resolves when there is room, or nothing will ever be sent again. Never rejects. */
  drained(): Promise<void>;
  /** False once nothing can be sent any more: a write then waits for the channel's end, which fails it. */
  readonly alive: boolean;
}

/** The other side's answer to our open. */
export interface RemoteEnd {
  readonly id: number;
  readonly windowBytes: number;
  readonly maxPacketBytes: number;
}

type Done = (error?: Error | null) => void;

export class Outgoing {
  readonly stream: Writable;
  readonly #sink: PacketSink;
  readonly #remote: RemoteEnd;
  #window: number;
  #pending: { readonly bytes: Buffer; readonly done: Done } | undefined;
  #ended = false;

  constructor(sink: PacketSink, remote: RemoteEnd) {
    this.#sink = sink;
    this.#remote = remote;
    this.#window = remote.windowBytes;
    this.stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.#write(chunk, done);
      },
      writev: (chunks, done) => {
        this.#write(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), done);
      },
      final: (done) => {
        this.sendEof();
        done();
      },
    });
    // Whoever writes learns of a failure from the write itself; without a listener Node would end the process.
    this.stream.on('error', () => undefined);
  }

  /** The other side has room for `bytes` more. */
  widen(bytes: number): void {
    this.#window += bytes;
    this.#flush();
  }

  /** No data follows. */
  sendEof(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.send(channelEof(this.#remote.id));
  }

  /** Nothing is sent any more; what still waits fails with `cause`. */
  stop(cause: Error | undefined): void {
    this.#ended = true;
    const waiting = this.#pending;
    this.#pending = undefined;
    waiting?.done(cause ?? new Error('the channel is closed'));
    this.stream.destroy(cause);
  }

  #write(bytes: Buffer, done: Done): void {
    this.#pending = { bytes, done };
    this.#flush();
  }

  /** Sends what the window has room for; the write is done once all of it left. */
  #flush(): void {
    if (this.#pending === undefined || this.#ended || !this.#sink.alive) return;
    const { bytes, done } = this.#pending;
    let at = 0;
    let room = true;
    while (at < bytes.length && this.#window > 0) {
      const part = bytes.subarray(at, at + Math.min(this.#window, this.#remote.maxPacketBytes));
      room = this.#sink.send(channelDataHeader(this.#remote.id, part.length), part);
      this.#window -= part.length;
      at += part.length;
    }
    this.#pending = at < bytes.length ? { bytes: bytes.subarray(at), done } : undefined;
    if (this.#pending === undefined) this.#finishWrite(room, done);
  }

  #finishWrite(room: boolean, done: Done): void {
    const finish = (): void => {
      done();
    };
    if (room) finish();
    else this.#sink.drained().then(finish, finish);
  }
}

/** Flow control of a channel, in both directions (RFC 4254 §5.2). */
import { Readable, Writable } from 'node:stream';
import { channelDataHeader, channelEof, LOCAL_WINDOW_BYTES } from './messages.ts';

/** What the machine sends: bytes go back into its window once they have been read. */
export class Incoming {
  readonly output: Readable;
  readonly errors: Readable;
  readonly #widen: (bytes: number) => void;
  readonly #unread = new Map<Readable, number>();
  #readBytes = 0;
  /** Bytes that the machine may still send. */
  #windowBytes = LOCAL_WINDOW_BYTES;
  #ended = false;

  /** @param widen tells the machine that so many more bytes may follow */
  constructor(widen: (bytes: number) => void) {
    this.#widen = widen;
    this.output = this.#makeStream();
    this.errors = this.#makeStream();
  }

  /**
   * Bytes in a full stream do not go back into the window; without a stream bytes are dropped. Throws a RangeError where the
   * machine sends more than the window allows, which would be kept without end.
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

  /** In steps of half a window: few messages, and the machine never stalls. */
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

/** The connection, as a channel uses it. */
export interface PacketSink {
  /** False where nothing more should be written before `drained` resolves. */
  send(...parts: readonly Buffer[]): boolean;
  /** Resolves once there is room, or the connection has ended. Never rejects. */
  drained(): Promise<void>;
  /** False once the connection has ended: a write then waits for the end of the channel, which fails the write. */
  readonly alive: boolean;
}

/** The machine's answer to our open. */
export interface RemoteEnd {
  readonly id: number;
  readonly windowBytes: number;
  readonly maxPacketBytes: number;
}

type Done = (error?: Error | null) => void;

/** What is written waits for the machine's window. */
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
    // A writer learns of a failure from the write; without this listener Node would end the process.
    this.stream.on('error', () => undefined);
  }

  /** The machine has room for more bytes. */
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

  /** Nothing more is sent; a waiting write fails with `cause`. */
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

  /** Sends as much as the window allows; the write is done once all its bytes are sent. */
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

/** Our side of a channel's flow control (RFC 4254 §5.2): what is written waits for the other side's window. */
import { Writable } from 'node:stream';
import { channelDataHeader, channelEof } from './messages.ts';

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

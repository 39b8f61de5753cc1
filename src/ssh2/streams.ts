/** Node streams around a channel of ssh2, whose own neither fail after their connection died nor bound stderr. */
import { Duplex, Readable, Writable } from 'node:stream';
import type { Channel as RawChannel } from 'ssh2';

/** Why writes fail now; undefined while the channel is alive. */
export type Death = () => Error | undefined;

/** Bytes joined into one packet's worth instead of being sent one by one. */
const JOIN_BYTES = 64 * 1024;
const WRITE_BUFFER = 256 * 1024;
const READ_BUFFER = 256 * 1024;
/** Unread stderr kept for a slow reader; what comes beyond is dropped, since it shares its window with stdout. */
const ERRORS_BUFFER = 1024 * 1024;

/** Passes writes on, and fails those that ssh2 would keep silent about. `fail` ends it. */
export class Input extends Writable {
  readonly #raw: RawChannel;
  readonly #death: Death;
  #waiting: ((error: Error) => void) | undefined;

  constructor(raw: RawChannel, death: Death) {
    super({ highWaterMark: WRITE_BUFFER, decodeStrings: true });
    this.#raw = raw;
    this.#death = death;
    // Whoever writes learns of it from `write`; nobody has to listen.
    this.on('error', () => undefined);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const death = this.#death();
    if (death !== undefined) {
      done(death);
      return;
    }
    this.#waiting = done;
    try {
      this.#raw.write(chunk, () => {
        this.#settle();
      });
    } catch (error) {
      this.#settle(error instanceof Error ? error : new Error(String(error)));
    }
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    const bytes = chunks.map(({ chunk }) => chunk);
    if (bytes.reduce((sum, one) => sum + one.length, 0) <= JOIN_BYTES)
      this._write(Buffer.concat(bytes), 'binary', done);
    else this.#writeEach(bytes, 0, done);
  }

  override _final(done: () => void): void {
    if (this.#death() === undefined) this.#raw.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#settle(error ?? undefined);
    done(error);
  }

  #settle(error?: Error): void {
    const waiting = this.#waiting as ((error?: Error) => void) | undefined;
    this.#waiting = undefined;
    waiting?.(error);
  }

  #writeEach(bytes: readonly Buffer[], index: number, done: (error?: Error | null) => void): void {
    const chunk = bytes[index];
    if (chunk === undefined) {
      done();
      return;
    }
    this._write(chunk, 'binary', (error) => {
      if (error === undefined || error === null) this.#writeEach(bytes, index + 1, done);
      else done(error);
    });
  }
}

/** A stream that takes bytes until it is told that there are no more. */
export interface Feed<S extends Readable = Readable> {
  readonly stream: S;
  /** Once; later calls do nothing. */
  readonly finish: () => void;
}

/** stdout, with backpressure to the machine. Ends with the channel. */
export function outputOf(raw: RawChannel): Feed {
  const stream = new Readable({ highWaterMark: READ_BUFFER, read: () => raw.resume() });
  return pump(raw, raw, stream);
}

/** stderr, always drained. */
export function errorsOf(raw: RawChannel): Feed {
  const stream = new Readable({ highWaterMark: ERRORS_BUFFER, read: () => undefined });
  let dropped = 0;
  const feed = feedOf(stream, (chunk) => {
    if (stream.readableLength >= ERRORS_BUFFER) {
      dropped += chunk.length;
      return;
    }
    if (dropped > 0) stream.push(Buffer.from(`\n[${dropped} bytes of stderr were dropped]\n`));
    dropped = 0;
    stream.push(chunk);
  });
  const stderr = raw.stderr as Readable;
  stderr.on('data', feed.take);
  stderr.once('end', feed.finish);
  return feed;
}

/** A direct-tcpip channel as a socket-like stream. */
export function tunnelOf(raw: RawChannel, death: Death): Duplex {
  const input = new Input(raw, death);
  const stream = new Duplex({
    highWaterMark: READ_BUFFER,
    read: () => raw.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      input.write(chunk, done);
    },
    final: (done) => {
      input.end(done);
    },
    destroy: (error, done) => {
      input.destroy();
      if (death() === undefined) raw.close();
      raw.resume();
      done(error);
    },
  });
  const feed = pump(raw, raw, stream);
  raw.once('close', () => {
    feed.finish();
    stream.end();
  });
  return stream;
}

function pump<S extends Readable>(raw: RawChannel, from: Readable, stream: S): Feed<S> {
  const feed = feedOf(stream, (chunk) => {
    if (!stream.push(chunk)) raw.pause();
  });
  from.on('data', feed.take);
  from.once('end', feed.finish);
  return feed;
}

function feedOf<S extends Readable>(
  stream: S,
  take: (chunk: Buffer) => void,
): Feed<S> & { readonly take: (chunk: Buffer) => void } {
  let over = false;
  stream.on('error', () => undefined);
  return {
    stream,
    take: (chunk) => {
      if (!over && !stream.destroyed) take(chunk);
    },
    finish: () => {
      if (!over && !stream.destroyed) stream.push(null);
      over = true;
    },
  };
}

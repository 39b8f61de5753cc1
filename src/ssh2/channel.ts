/**
 * One program on the machine (RFC 4254, sections 5 and 6), and Node streams around ssh2's channel, whose own streams accept
 * writes after their connection died and buffer stderr without a limit.
 */

import { Duplex, Readable, Writable } from 'node:stream';
import type { ClientChannel, Channel as RawChannel } from 'ssh2';
import { AnywhereError } from '../base/errors.ts';
import type { Channel, ChannelEnd } from '../launch/contract.ts';
import { shareWindow } from './windows.ts';

export class Ssh2Channel implements Channel {
  readonly input: Input;
  readonly ended: Promise<ChannelEnd>;
  readonly #raw: ClientChannel;
  readonly #output: Feed;
  readonly #errors: Feed;
  #end: ChannelEnd | undefined;
  #resolve: (end: ChannelEnd) => void = () => undefined;
  #exit: { readonly code: number | undefined; readonly signal: string | undefined } | undefined;

  constructor(raw: ClientChannel) {
    this.#raw = raw;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    shareWindow(raw);
    this.input = new Input(raw, () => this.#death());
    this.#output = outputOf(raw);
    this.#errors = errorsOf(raw);
    raw.on('error', () => undefined);
    raw.on('exit', (code: number | null, signal?: string) => {
      this.#exit = { code: code ?? undefined, signal: signal?.replace(/^SIG/, '') };
    });
    // `exit` may be missing (mscdex/ssh2#168); `close` comes once the output has been read.
    raw.once('close', () => {
      this.#finish(this.#exited() ?? { kind: 'exited', code: undefined, signal: undefined });
    });
  }

  get output(): Feed['stream'] {
    return this.#output.stream;
  }

  get errors(): Feed['stream'] {
    return this.#errors.stream;
  }

  get dead(): boolean {
    return this.#end?.kind === 'lost';
  }

  close(): void {
    if (this.#end !== undefined) return;
    this.#finish({ kind: 'closed' });
    this.#closeRaw();
  }

  /** The connection died. */
  lose(cause: AnywhereError): void {
    this.#finish(this.#exited() ?? { kind: 'lost', cause });
  }

  #exited(): ChannelEnd | undefined {
    return this.#exit === undefined ? undefined : { kind: 'exited', ...this.#exit };
  }

  #finish(end: ChannelEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.input.destroy(this.#death());
    if (end.kind === 'exited') {
      this.#output.finish();
      this.#errors.finish();
    } else {
      // Bytes that ssh2 still holds come first.
      this.#raw.resume();
      this.#raw.stderr.resume();
      setImmediate(() => {
        this.#output.finish();
        this.#errors.finish();
      });
    }
    this.#resolve(end);
  }

  #closeRaw(): void {
    try {
      this.#raw.eof();
      this.#raw.close();
    } catch {
      // The connection ended in the same moment.
    }
  }

  #death(): AnywhereError | undefined {
    switch (this.#end?.kind) {
      case undefined:
        return undefined;
      case 'lost':
        return this.#end.cause;
      case 'closed':
        return new AnywhereError('SERVER_EXITED', 'the channel was closed');
      case 'exited':
        return new AnywhereError('SERVER_EXITED', 'the program has ended');
    }
  }
}

/** Why writes fail now; undefined while the channel is alive. */
type Death = () => Error | undefined;

/** Small writes up to this size are joined into one packet. */
const JOIN_BYTES = 64 * 1024;
const WRITE_BUFFER = 256 * 1024;
const READ_BUFFER = 256 * 1024;
/** Unread stderr that is kept; more is dropped, because stderr shares its window with stdout. */
const ERRORS_BUFFER = 1024 * 1024;

/** Passes writes on, and fails the writes that ssh2 would accept after the connection died. */
class Input extends Writable {
  readonly #raw: RawChannel;
  readonly #death: Death;
  #waiting: ((error: Error) => void) | undefined;

  constructor(raw: RawChannel, death: Death) {
    super({ highWaterMark: WRITE_BUFFER, decodeStrings: true });
    this.#raw = raw;
    this.#death = death;
    // A writer learns of the error from `write`; without this listener Node would end the process.
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

/** A stream that takes bytes until `finish`. */
export interface Feed<S extends Readable = Readable> {
  readonly stream: S;
  /** Once; later calls do nothing. */
  readonly finish: () => void;
}

/** stdout, with backpressure to the machine; ends with the channel. */
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

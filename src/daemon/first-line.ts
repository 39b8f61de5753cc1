/** The first line of a connection; what follows it stays in the stream for whoever reads next. */
import type { Socket } from 'node:net';
import { AnywhereError } from '../base/errors.ts';

const NEWLINE = 0x0a;

/**
 * Resolves with the line without its newline; undefined where the other side closed before it was whole.
 * Rejects with MESSAGE_TOO_LARGE past `maxBytes`, and with the signal's reason.
 *
 * The stream is left as if nobody had read from it: `on('data')`, `pipe` and the like start it.
 */
export function firstLine(socket: Socket, maxBytes: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const line = new LineSoFar(maxBytes);
    const settle = (): void => {
      socket.off('readable', onReadable).off('close', onEnd).off('end', onEnd);
      signal.removeEventListener('abort', onAbort);
    };
    const onReadable = (): void => {
      const progress = line.read(socket);
      if (progress === 'unfinished') return;
      settle();
      line.giveBack(socket);
      if (progress === 'whole') resolve(line.text);
      else reject(new AnywhereError('MESSAGE_TOO_LARGE', `the first line has more than ${maxBytes} bytes`));
    };
    const onEnd = (): void => {
      settle();
      resolve(undefined);
    };
    const onAbort = (): void => {
      settle();
      reject(signal.reason as Error);
    };
    socket.on('readable', onReadable).on('close', onEnd).on('end', onEnd);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}

class LineSoFar {
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #size = 0;
  #rest: Buffer | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  /** Takes what is there, up to the end of the line. */
  read(socket: Socket): 'unfinished' | 'whole' | 'too long' {
    for (let chunk = next(socket); chunk !== undefined; chunk = next(socket)) {
      const newline = chunk.indexOf(NEWLINE);
      const part = newline === -1 ? chunk : chunk.subarray(0, newline);
      this.#chunks.push(part);
      this.#size += part.length;
      if (this.#size > this.#maxBytes) return 'too long';
      if (newline === -1) continue;
      this.#rest = chunk.subarray(newline + 1);
      return 'whole';
    }
    return 'unfinished';
  }

  /** What came behind the line. */
  giveBack(socket: Socket): void {
    if (this.#rest !== undefined && this.#rest.length > 0) socket.unshift(this.#rest);
  }
}

function next(socket: Socket): Buffer | undefined {
  return (socket.read() as Buffer | null) ?? undefined;
}

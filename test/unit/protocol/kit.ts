/** Parts of protocol tests: bytes cut anywhere, streams that are looked at, messages by hand. */
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { Message } from '../../../src/protocol/message.ts';
import { joinPieces, type Pieces } from '../../../src/protocol/splice.ts';

/** `bytes` in chunks that end at `cuts` (taken modulo its length). */
export function chunked(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const chunks: Buffer[] = [];
  let from = 0;
  for (const end of [...ends, bytes.length]) {
    // A copy: like what comes from a socket, it shares nothing with its neighbours.
    if (end > from) chunks.push(Buffer.from(bytes.subarray(from, end)));
    from = end;
  }
  return chunks;
}

export const cuts = fc.array(fc.nat(100_000), { maxLength: 40 });

export function parsed(text: string | Pieces): Message {
  const bytes = typeof text === 'string' ? Buffer.from(text) : joinPieces(text);
  const message = Message.parse(bytes);
  if (message === undefined) throw new Error(`not a message: ${bytes.toString('utf8', 0, 200)}`);
  return message;
}

/** A stream, and what was written to it so far. */
export function watched(highWaterMark = 16 * 1024 * 1024): {
  stream: PassThrough;
  lines: () => string[];
  chunks: () => Buffer[];
} {
  const stream = new PassThrough({ highWaterMark });
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return { stream, chunks: () => chunks, lines: () => Buffer.concat(chunks).toString().split('\n').slice(0, -1) };
}

/** Everything that is ready now has happened: writers have flushed, streams have delivered. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** A promise that may fail before the test looks at it, or that it never looks at. */
export function kept<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/**
 * stdout and stderr of a channel share one window (RFC 4254, section 5.2), and ssh2 opens it again whenever stderr was
 * read: a program that writes both would fill our memory with the stdout that nobody reads. While stdout is full,
 * stderr opens nothing.
 */
import type { Readable } from 'node:stream';
import type { ClientChannel } from 'ssh2';

/** Call it once for every channel, before anything is read of it. */
export function shareWindow(raw: ClientChannel): void {
  const stderr: Readable = raw.stderr;
  const isFull = (): boolean => raw.readableLength >= raw.readableHighWaterMark;
  const push = stderr.push.bind(stderr);
  const read = stderr._read.bind(stderr);
  // False makes ssh2 wait for the next read before it opens the window.
  stderr.push = (chunk: unknown, encoding?: BufferEncoding) => push(chunk, encoding) && !isFull();
  stderr._read = (size: number) => {
    if (!isFull()) read(size);
  };
}

/**
 * Readables whose bytes go straight to whoever listens.
 *
 * Node's own asks for more in a later tick behind every chunk. Where chunks come by themselves and a stream only
 * passes them on, that costs more than the passing on.
 */
import { Readable } from 'node:stream';

export class DirectReadable extends Readable {
  /** As Readable's: false means that the reader is full. */
  override push(chunk: Buffer | null, encoding?: BufferEncoding): boolean {
    return chunk !== null && isOpen(this) ? pass(this, chunk) : super.push(chunk, encoding);
  }
}

/** The same for a stream that somebody else made. */
export function pushDirectly(stream: Readable): void {
  const push = stream.push.bind(stream);
  stream.push = (chunk: Buffer | null, encoding?: BufferEncoding) =>
    chunk !== null && isOpen(stream) ? pass(stream, chunk) : push(chunk, encoding);
}

/** Somebody listens, and nothing waits before the next chunk. */
function isOpen(stream: Readable): boolean {
  return stream.readableFlowing === true && stream.readableLength === 0 && stream.listenerCount('data') > 0;
}

/**
 * Never false, though the listener may have paused: Node asks for more only behind a chunk that it kept, so the source must
 * send one that is kept before it is held back.
 */
function pass(stream: Readable, chunk: Buffer): true {
  stream.emit('data', chunk);
  return true;
}

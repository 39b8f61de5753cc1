/** Reads a peer that may neither swamp us nor keep the others waiting. */
import type { Readable } from 'node:stream';
import { TurnShare } from '../base/turn-share.ts';
import type { MessageReader } from './reader.ts';
import type { MessageWriter } from './writer.ts';

/**
 * Pauses the stream while the peer has more than `mostUnread` bytes of ours to read, and after its share of a turn. The
 * writer's `onCongestion` resumes the stream once the peer has read.
 */
export function readFairly(stream: Readable, reader: MessageReader, writer: MessageWriter, mostUnread: number): void {
  const takesMore = (): boolean => !writer.congested || writer.unreadBytes <= mostUnread;
  const share = new TurnShare((isPaused) => {
    if (isPaused) stream.pause();
    else if (takesMore()) stream.resume();
  });
  stream.on('data', (chunk: Buffer) => {
    reader.push(chunk);
    share.took(chunk.length);
    if (!takesMore()) stream.pause();
  });
}

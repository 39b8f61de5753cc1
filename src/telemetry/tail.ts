/** The last lines of a file, without reading all of it. */

import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';

const BLOCK = 64 * 1024;

/** At most `count` last complete lines, oldest first; none when there is no such file. */
export async function lastLines(file: string, count: number): Promise<string[]> {
  if (count <= 0) return [];
  const handle = await openIfThere(file);
  if (handle === undefined) return [];
  try {
    return await readBackwards(handle, count);
  } finally {
    await handle.close();
  }
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readBackwards(handle: FileHandle, count: number): Promise<string[]> {
  let { size: position } = await handle.stat();
  const blocks: Buffer[] = [];
  let newlines = 0;
  while (position > 0 && newlines <= count) {
    const length = Math.min(BLOCK, position);
    position -= length;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
    const block = buffer.subarray(0, bytesRead);
    for (const byte of block) if (byte === 0x0a) newlines += 1;
    blocks.unshift(block);
  }
  const lines = Buffer.concat(blocks).toString('utf8').split('\n').slice(0, -1);
  // The first piece is only a whole line when it begins the file.
  return (position > 0 ? lines.slice(1) : lines).slice(-count);
}

/** Reads the log files of `ServerLogs`. */

import { type FileHandle, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { LogEntry } from '../api/control.ts';
import type { LogStream } from '../api/events.ts';
import { NEWLINE } from '../base/ascii.ts';
import { isMissing } from '../base/errno.ts';
import { type LogPlace, logFile, placeOf, rotatedFile } from './log-file.ts';

export interface TailQuery {
  readonly host?: string | undefined;
  readonly server?: string | undefined;
  /** Undefined: also those that no hosts file names any more. */
  readonly hosts?: readonly string[] | undefined;
  /** How many entries at most, over all files asked for. */
  readonly lines: number;
  /** Undefined: all streams. */
  readonly streams?: readonly LogStream[] | undefined;
}

/** The lines of one stream stand among those of the others: so many lines are looked through. */
const LOOK_THROUGH = 20_000;

/** The last entries of a server, of a host with its servers, or of everything; oldest first. */
export async function readLogs(folder: string, query: TailQuery): Promise<LogEntry[]> {
  const places = (await placesIn(folder)).filter((place) => isAsked(query, place));
  const { streams, lines } = query;
  const most = streams === undefined ? lines : Math.max(lines, LOOK_THROUGH);
  const entries = await Promise.all(places.map((place) => tailOf(folder, place, most)));
  const asked = entries.flat().filter(({ stream }) => streams?.includes(stream) ?? true);
  const inOrder = asked.sort((a, b) => a.atMs - b.atMs);
  return lines > 0 ? inOrder.slice(-lines) : [];
}

async function placesIn(folder: string): Promise<LogPlace[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  // Right after a rotation only the rotated file is there.
  const current = new Set(files.map((file) => path.relative(folder, file).replace(/\.1$/, '')));
  return [...current].flatMap((file) => placeOf(file) ?? []);
}

async function tailOf(folder: string, place: LogPlace, lines: number): Promise<LogEntry[]> {
  const file = logFile(folder, place);
  const last = await lastLines(file, lines);
  const before = await lastLines(rotatedFile(file), lines - last.length);
  return [...before, ...last].flatMap((line) => entryOf(place, line) ?? []);
}

function isAsked(query: TailQuery, place: LogPlace): boolean {
  if (query.host !== undefined && query.host !== place.host) return false;
  if (query.hosts?.includes(place.host) === false) return false;
  return query.server === undefined || query.server === place.server;
}

/** Undefined for a line of another program or of an interrupted write. */
function entryOf(place: LogPlace, text: string): LogEntry | undefined {
  try {
    const { atMs, stream, line } = JSON.parse(text) as Partial<LogEntry>;
    if (typeof atMs !== 'number' || typeof line !== 'string' || stream === undefined) return undefined;
    return { ...place, atMs, stream, line };
  } catch {
    return undefined;
  }
}

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
    if (isMissing(error)) return undefined;
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
    for (const byte of block) if (byte === NEWLINE) newlines += 1;
    blocks.unshift(block);
  }
  const lines = Buffer.concat(blocks).toString('utf8').split('\n').slice(0, -1);
  // The first piece is only a whole line when it begins the file.
  return (position > 0 ? lines.slice(1) : lines).slice(-count);
}

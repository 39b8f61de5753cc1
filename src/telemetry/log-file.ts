/**
 * One log file, rotated by size, and its reader. Lines are appended in batches, one write at a time. A line waits for
 * others up to a second, so that logs do not delay twenty hosts that connect at once.
 *
 * The file is opened for every batch, so that a thousand servers hold no thousand descriptors, and several
 * gateways of one user can append to the same file and rotate it under each other.
 */

import { type FileHandle, mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import type { LogStream } from '../api/events.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';

export interface LogFileOptions {
  readonly file: string;
  readonly clock: Pick<Clock, 'after'>;
  /** A file this large is rotated before the next batch; one rotated file is kept. */
  readonly maxFileBytes: number;
  /** Lines waiting for a slow disk, in UTF-16 units; past it `append` refuses. */
  readonly maxPending: number;
  /** Called with each failure (disk full, no permission); those lines are lost. */
  readonly onError: (error: unknown) => void;
}

/** The longest time that a line waits for others. */
const WAIT_MS = 1_000;
/** In UTF-16 units: a batch of this size is written at once. */
const FULL_BATCH = 64 * 1024;

export class LogFile {
  readonly #options: LogFileOptions;
  #pending: string[] = [];
  #pendingSize = 0;
  #writing: Promise<void> | undefined;
  #cancelWait: CancelTimer | undefined;

  constructor(options: LogFileOptions) {
    this.#options = options;
  }

  /** False when too much is pending: the line is dropped. */
  append(line: string): boolean {
    if (this.#pendingSize + line.length > this.#options.maxPending) return false;
    this.#pending.push(line);
    this.#pendingSize += line.length;
    if (this.#pendingSize >= FULL_BATCH) this.#begin();
    else
      this.#cancelWait ??= this.#options.clock.after(
        WAIT_MS,
        () => {
          this.#begin();
        },
        { background: true },
      );
    return true;
  }

  /** Resolves when everything appended so far is written or lost. */
  async flush(): Promise<void> {
    this.#begin();
    await this.#writing;
  }

  #begin(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
    if (this.#pending.length > 0) this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending.join('');
      this.#pending = [];
      this.#pendingSize = 0;
      try {
        await this.#write(batch);
      } catch (error) {
        this.#options.onError(error);
      }
    }
    this.#writing = undefined;
  }

  async #write(batch: string): Promise<void> {
    const { file, maxFileBytes } = this.#options;
    const handle = await openToAppend(file);
    try {
      await handle.appendFile(batch);
      const { size, ino } = await handle.stat();
      if (size >= maxFileBytes) await rotate(file, ino);
    } finally {
      await handle.close();
    }
  }
}

async function openToAppend(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'a', 0o600);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    return open(file, 'a', 0o600);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Unless another process has already rotated the file: then the path names a new file, or nothing yet. */
async function rotate(file: string, ino: number): Promise<void> {
  try {
    const current = await stat(file);
    if (current.ino === ino) await rename(file, rotatedFile(file));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

export interface LogPlace {
  readonly host: string;
  /** Undefined: the host's own log, of its ssh and of this program about it. */
  readonly server?: string;
}

/** Not a legal server name, so that no server can be confused with its host. */
const HOST_FILE = '@host';
const ENDING = '.log';

export function logFile(folder: string, place: LogPlace): string {
  const name = place.server === undefined ? HOST_FILE : encode(place.server);
  return path.join(folder, encode(place.host), `${name}${ENDING}`);
}

/** The file before the last rotation. */
export function rotatedFile(file: string): string {
  return `${file}.1`;
}

/** The place of a log file, from its path below the folder; undefined for any other file. */
export function placeOf(relative: string): LogPlace | undefined {
  const [host, file, ...deeper] = relative.split(path.sep);
  if (host === undefined || file === undefined || deeper.length > 0 || !file.endsWith(ENDING)) return undefined;
  const name = file.slice(0, -ENDING.length);
  return name === HOST_FILE ? { host: decode(host) } : { host: decode(host), server: decode(name) };
}

/** Names from a hosts file are already restricted; the encoding keeps any other name inside its folder too. The buffer replaces lone surrogates. */
function encode(name: string): string {
  return encodeURIComponent(Buffer.from(name).toString()).replace(/^[.@]/, (first) => (first === '.' ? '%2E' : '%40'));
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** One log line. */
export interface ServerLogEntry extends LogPlace {
  /** Wall clock, ms since the epoch. */
  readonly atMs: number;
  readonly stream: LogStream;
  readonly line: string;
}

export interface TailQuery {
  readonly host?: string | undefined;
  readonly server?: string | undefined;
  /** How many entries at most, over all files asked for. */
  readonly lines: number;
}

/** The last entries of a server, of a host with its servers, or of everything; oldest first. */
export async function readLogs(folder: string, query: TailQuery): Promise<ServerLogEntry[]> {
  const places = (await placesIn(folder)).filter((place) => isAsked(query, place));
  const entries = await Promise.all(places.map((place) => tailOf(folder, place, query.lines)));
  const inOrder = entries.flat().sort((a, b) => a.atMs - b.atMs);
  return query.lines > 0 ? inOrder.slice(-query.lines) : [];
}

async function placesIn(folder: string): Promise<LogPlace[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  // Right after a rotation only the rotated file is there.
  const current = new Set(files.map((file) => path.relative(folder, file).replace(/\.1$/, '')));
  return [...current].flatMap((file) => placeOf(file) ?? []);
}

async function tailOf(folder: string, place: LogPlace, lines: number): Promise<ServerLogEntry[]> {
  const file = logFile(folder, place);
  const last = await lastLines(file, lines);
  const before = await lastLines(rotatedFile(file), lines - last.length);
  return [...before, ...last].flatMap((line) => entryOf(place, line) ?? []);
}

function isAsked(query: TailQuery, place: LogPlace): boolean {
  if (query.host !== undefined && query.host !== place.host) return false;
  return query.server === undefined || query.server === place.server;
}

/** Undefined for a line of another program or of an interrupted write. */
function entryOf(place: LogPlace, text: string): ServerLogEntry | undefined {
  try {
    const { atMs, stream, line } = JSON.parse(text) as Partial<ServerLogEntry>;
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

/**
 * One log file: lines are appended in batches, one write under way at a time, rotated by size. A line waits a moment
 * for others, so that logging does not delay twenty hosts that connect at once.
 *
 * The file is opened for every batch, so that a thousand servers hold no thousand descriptors, and several
 * gateways of one user can append to the same file and rotate it under each other.
 */

import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { isMissing } from '../base/errno.ts';
import { makeFolder } from '../base/make-folder.ts';

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
    await makeFolder(path.dirname(file));
    return open(file, 'a', 0o600);
  }
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

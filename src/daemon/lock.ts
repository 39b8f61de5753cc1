/**
 * Who serves a hosts file: one process at a time, whatever dies at whichever moment. Light.
 *
 * Each holder of the lock creates the next generation of the lock file (`<lock>.7`), and only one process can create a
 * generation. The highest generation counts, and its file is never removed: nobody can create a generation that somebody
 * else has had. Pid and start time tell that a holder has died; a holder that gives the lock back says so in its file.
 */

import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { writeAtomic } from '../base/atomic-write.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { errnoAdvice, errnoOf, errnoText } from '../base/errno.ts';
import { AnywhereError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import type { Endpoint } from './endpoint.ts';
import { makeOwnFolder } from './endpoint.ts';
import { processStart } from './process-start.ts';

export type LockOutcome =
  | { readonly kind: 'ours'; readonly lock: Lock }
  /** A living process holds the lock. */
  | { readonly kind: 'held'; readonly pid: number };

export interface Lock {
  /** Another process can take the lock from now on. Does nothing where the file is no longer ours. */
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly start: string;
  readonly released?: boolean;
}

/** @param path in a folder that only the user can enter */
export async function takeLock(path: string, pid = process.pid): Promise<LockOutcome> {
  const self: Holder = { pid, start: (await processStart(pid)) ?? '' };
  for (;;) {
    const top = await highest(path);
    const holder = top === 0 ? undefined : await readHolder(fileOf(path, top));
    // Another process removed the file between the two steps: a higher generation exists.
    if (top !== 0 && holder === undefined) continue;
    if (holder !== undefined && (await holds(holder))) return { kind: 'held', pid: holder.pid };
    if (await isTaken(path, top + 1, self)) return { kind: 'ours', lock: lockOf(path, top + 1, self) };
  }
}

/** True where the last holder has died without giving the lock back. */
export async function hasDeadHolder(path: string): Promise<boolean> {
  const top = await highest(path);
  const holder = top === 0 ? undefined : await readHolder(fileOf(path, top));
  return holder !== undefined && holder.released !== true && !(await holds(holder));
}

/** True where this process holds the generation now. */
async function isTaken(path: string, generation: number, self: Holder): Promise<boolean> {
  const file = fileOf(path, generation);
  if (!(await create(file, self))) return false;
  // A process with a higher generation may have removed the lower ones meanwhile.
  if ((await highest(path)) !== generation) {
    await rm(file, { force: true });
    return false;
  }
  const older = (await generations(path)).filter((one) => one < generation);
  await Promise.all(older.map((one) => rm(fileOf(path, one), { force: true })));
  return true;
}

function lockOf(path: string, generation: number, self: Holder): Lock {
  const file = fileOf(path, generation);
  return {
    release: async () => {
      const holder = await readHolder(file);
      const isOurs = holder?.pid === self.pid && holder.start === self.start;
      // A daemon that has given the lock back writes nothing more there: its folder may be gone.
      if (!isOurs || holder.released === true) return;
      await writeAtomic(file, JSON.stringify({ ...self, released: true }));
    },
  };
}

/** Creates the file with its content in one step: a reader never sees an empty file. False where the file exists. */
async function create(file: string, holder: Holder): Promise<boolean> {
  const draft = draftOf(file, holder);
  try {
    await writeFile(draft, JSON.stringify(holder), { mode: 0o600 });
    await link(draft, file);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    const text = `${file}, the daemon's lock, cannot be made: ${errnoText(error)}.`;
    throw new AnywhereError('FOLDER_UNUSABLE', text, { hint: errnoAdvice(error, dirname(file)), cause: error });
  } finally {
    await rm(draft, { force: true });
  }
}

async function holds({ pid, start, released }: Holder): Promise<boolean> {
  return released !== true && (await processStart(pid)) === start;
}

/** Undefined where the file does not exist. A file that cannot be parsed names no living process. */
async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (isRecord(value) && typeof value['pid'] === 'number' && typeof value['start'] === 'string')
      return value as unknown as Holder;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { pid: 0, start: '', released: true };
}

/** 0: no generation exists. */
async function highest(path: string): Promise<number> {
  return Math.max(0, ...(await generations(path)));
}

async function generations(path: string): Promise<number[]> {
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(path));
  return names.flatMap((name) => {
    const ending = name.startsWith(prefix) ? name.slice(prefix.length) : '';
    return /^\d+$/.test(ending) ? [Number(ending)] : [];
  });
}

function fileOf(path: string, generation: number): string {
  return join(dirname(path), `${basename(path)}.${generation}`);
}

function draftOf(file: string, { pid }: Holder): string {
  return `${file}.of-${pid}`;
}

export type Claim =
  /** No other process binds the socket until the lock is released. */
  | { readonly kind: 'ours'; readonly lock: Lock }
  /** Another process serves the endpoint. */
  | { readonly kind: 'served'; readonly pid: number };

/** How long the holder of the lock may take until it listens. */
const PATIENCE_MS = 20_000;
const LOOK_AGAIN_MS = 25;

/** Rejects with NO_DAEMON where the holder of the lock does not listen in time, FOLDER_UNUSABLE, or the signal's reason. */
export async function claimEndpoint(endpoint: Endpoint, clock: Clock, signal: AbortSignal): Promise<Claim> {
  await makeOwnFolder(endpoint.folder);
  const untilMs = clock.monotonic() + PATIENCE_MS;
  for (;;) {
    const outcome = await takeLock(endpoint.lock);
    if (outcome.kind === 'ours') return outcome;
    if (await isListening(endpoint.socket)) return { kind: 'served', pid: outcome.pid };
    if (clock.monotonic() > untilMs) throw stuck(outcome.pid);
    await sleep(clock, LOOK_AGAIN_MS, signal);
  }
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('error', () => {
      resolve(false);
    });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function stuck(pid: number): AnywhereError {
  return new AnywhereError('NO_DAEMON', `process ${pid} holds the lock of this hosts file, but serves no clients`, {
    hint: `kill ${pid}`,
  });
}

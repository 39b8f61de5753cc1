/**
 * Who may bind the daemon's socket: one process at a time, whatever dies at whichever moment.
 *
 * Each holder creates the next generation of the lock file (`<lock>.7`), which only one can; the highest generation counts.
 * It is never removed while it is the highest: so nobody can create a generation that somebody else has had. A holder
 * that has died is told by pid and start time; one that gave the lock back says so in its file.
 */
import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeAtomic } from '../base/atomic-write.ts';
import { isRecord } from '../base/record.ts';
import { processStart } from './process-start.ts';

export type LockOutcome =
  | { readonly kind: 'ours'; readonly lock: Lock }
  /** By a process that lives. */
  | { readonly kind: 'held'; readonly pid: number };

export interface Lock {
  /** Somebody else can take it from now on. Does nothing where the file is not ours any more. */
  release(): Promise<void>;
}

interface Holder {
  readonly pid: number;
  readonly start: string;
  readonly released?: boolean;
}

/** @param path in a folder that is ours alone */
export async function takeLock(path: string, pid = process.pid): Promise<LockOutcome> {
  const self: Holder = { pid, start: (await processStart(pid)) ?? '' };
  for (;;) {
    const top = await highest(path);
    const holder = top === 0 ? undefined : await readHolder(fileOf(path, top));
    // It was tidied away between the two looks: a higher one is there.
    if (top !== 0 && holder === undefined) continue;
    if (holder !== undefined && (await holds(holder))) return { kind: 'held', pid: holder.pid };
    if (await isTaken(path, top + 1, self)) return { kind: 'ours', lock: lockOf(path, top + 1, self) };
  }
}

/** True where this generation is ours now. */
async function isTaken(path: string, generation: number, self: Holder): Promise<boolean> {
  const file = fileOf(path, generation);
  if (!(await create(file, self))) return false;
  // We may have looked long ago: whoever has a higher one has tidied up ours since.
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

/** With its content at once (a reader never sees it empty). False where it is there already. */
async function create(file: string, holder: Holder): Promise<boolean> {
  const draft = draftOf(file, holder);
  await writeFile(draft, JSON.stringify(holder), { mode: 0o600 });
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function holds({ pid, start, released }: Holder): Promise<boolean> {
  return released !== true && (await processStart(pid)) === start;
}

/** Undefined where it is not there. One that cannot be read says nothing of a process that lives. */
async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (isRecord(value) && typeof value['pid'] === 'number' && typeof value['start'] === 'string')
      return value as unknown as Holder;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { pid: 0, start: '', released: true };
}

/** 0: there is none. */
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

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** The record of a daemon: a small file beside its socket, from which `ps` lists the daemons of this user. */
import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomic } from '../base/atomic-write.ts';
import { AnywhereError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import { type Endpoint, isOwnFolder } from './endpoint.ts';
import { isHalted, processStart } from './process-start.ts';

export interface DaemonRecord {
  readonly pid: number;
  /** The start of the process as `processStart` gives it: pids are reused. */
  readonly start: string;
  readonly version: string;
  /** Absolute path of the hosts file. */
  readonly file: string;
  readonly socket: string;
  readonly log: string;
  /** Wall clock, ms since the epoch. */
  readonly sinceMs: number;
}

export async function writeRecord(endpoint: Endpoint, record: Omit<DaemonRecord, 'start'>): Promise<void> {
  const start = (await processStart(record.pid)) ?? '';
  await writeAtomic(endpoint.record, `${JSON.stringify({ ...record, start })}\n`);
}

/** Removes the record, if the record is still the one of this process. */
export async function removeRecord(endpoint: Endpoint, pid: number): Promise<void> {
  if ((await readRecord(endpoint.record))?.pid === pid) await rm(endpoint.record, { force: true });
}

/** The record of the living process that serves this endpoint. */
async function livingRecord({ record: file }: Pick<Endpoint, 'record'>): Promise<DaemonRecord | undefined> {
  const record = await readRecord(file);
  return record !== undefined && (await processStart(record.pid)) === record.start ? record : undefined;
}

/**
 * Every living daemon with its socket in one of these folders.
 * @throws AnywhereError FOLDER_UNUSABLE where other users can enter a folder: any user could have written the records
 */
export async function listDaemons(folders: readonly string[]): Promise<DaemonRecord[]> {
  const files = await Promise.all([...new Set(folders)].map(recordsIn));
  const records = await Promise.all(files.flat().map(readRecord));
  const living = await Promise.all(
    records.map(async (record) => record !== undefined && (await processStart(record.pid)) === record.start),
  );
  return records.filter((record, index): record is DaemonRecord => record !== undefined && living[index] === true);
}

async function recordsIn(folder: string): Promise<string[]> {
  if (!(await isOwnFolder(folder))) return [];
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith('.pid')).map((name) => join(folder, name));
}

async function readRecord(file: string): Promise<DaemonRecord | undefined> {
  try {
    if (!(await isOwnFolder(dirname(file))) || !(await isOwnFile(file))) return undefined;
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isDaemonRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

async function isOwnFile(path: string, uid = process.getuid?.()): Promise<boolean> {
  const found = await lstat(path);
  return found.isFile() && (uid === undefined || found.uid === uid);
}

function isDaemonRecord(value: unknown): value is DaemonRecord {
  if (!isRecord(value)) return false;
  const texts = ['start', 'version', 'file', 'socket', 'log'].every((key) => typeof value[key] === 'string');
  return texts && typeof value['pid'] === 'number' && typeof value['sinceMs'] === 'number';
}

/** The error for a daemon that runs and does not answer. @param waitedMs for its answer, or for its start */
export async function silentDaemon(
  endpoint: Pick<Endpoint, 'record' | 'log'>,
  hostsFile: string,
  waitedMs: number,
): Promise<AnywhereError> {
  const record = await livingRecord(endpoint);
  const time = `within ${waitedMs / 1000} s`;
  if (record === undefined)
    return new AnywhereError('NO_DAEMON', `No daemon of ${hostsFile} answered ${time}.`, {
      hint: `read ${endpoint.log}`,
    });
  const { pid } = record;
  const why = (await isHalted(pid)) ? 'it was stopped (SIGSTOP)' : 'it hangs';
  return new AnywhereError('NO_DAEMON', `The daemon of ${hostsFile} does not answer ${time}: ${why}.`, {
    evidence: [`process ${pid}, log ${record.log}`],
    hint: await wakeOrEnd(pid),
  });
}

/** The command that helps where a daemon does not answer. A halted or hanging process handles no other signal. */
export async function wakeOrEnd(pid: number): Promise<string> {
  return (await isHalted(pid)) ? `kill -CONT ${pid}` : `kill -9 ${pid}, and the next client starts another`;
}

/** What killed daemons left in the folder of sockets: found for `doctor`, and cleared without getting in a living one's way. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isOwnFolder } from './endpoint.ts';
import { hasDeadHolder, takeLock } from './lock.ts';

export interface Leftover {
  /** Of the lock, without its generation. */
  readonly lock: string;
  /** Socket and record, as far as they are there. */
  readonly files: readonly string[];
}

const OURS = /^([0-9a-f]{16})\.(?:sock|pid|lock\.\d+)$/;

/** @throws AnywhereError FOLDER_UNUSABLE where other users can enter the folder */
export async function findLeftovers(folder: string): Promise<readonly Leftover[]> {
  if (!(await isOwnFolder(folder))) return [];
  const names = await readdir(folder);
  const endpoints = [...new Set(names.flatMap((name) => OURS.exec(name)?.[1] ?? []))];
  const found = await Promise.all(
    endpoints.map(async (name) => {
      const lock = join(folder, `${name}.lock`);
      if (!(await hasDeadHolder(lock))) return undefined;
      const files = [`${name}.sock`, `${name}.pid`].filter((file) => names.includes(file));
      return { lock, files: files.map((file) => join(folder, file)) };
    }),
  );
  return found.filter((one) => one !== undefined);
}

/**
 * False where a daemon has started meanwhile. The lock is taken, so that no daemon starts while its files go, and given back:
 * the file of the lock stays, because generations must not begin anew.
 */
export async function clearLeftover({ lock, files }: Leftover): Promise<boolean> {
  const outcome = await takeLock(lock);
  if (outcome.kind === 'held') return false;
  try {
    await Promise.all(files.map((file) => rm(file, { force: true })));
  } finally {
    await outcome.lock.release();
  }
  return true;
}

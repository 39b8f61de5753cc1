/** Who starts the daemon, of many that find none: a file that only one can make. A hint, no lock: the daemon has that. */
import { open, rm, stat } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import type { Endpoint } from './endpoint.ts';
import { makeOwnFolder } from './socket-folder.ts';

/** Whoever claimed it and takes longer has died, or may be joined. */
const STALE_MS = 10_000;

/** How to give it back; undefined while somebody else starts one. @throws AnywhereError FOLDER_UNUSABLE */
export async function claimStart(
  { folder, lock }: Pick<Endpoint, 'folder' | 'lock'>,
  clock: Pick<Clock, 'now'>,
): Promise<(() => Promise<void>) | undefined> {
  await makeOwnFolder(folder);
  const file = `${lock}.start`;
  const give = (): Promise<void> => rm(file, { force: true });
  try {
    await (await open(file, 'wx', 0o600)).close();
    return give;
  } catch (error) {
    // What else is wrong with the folder is the daemon's to say.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) return give;
    if (await isStale(file, clock)) await give();
    return undefined;
  }
}

async function isStale(file: string, clock: Pick<Clock, 'now'>): Promise<boolean> {
  try {
    return clock.now() - (await stat(file)).mtimeMs > STALE_MS;
  } catch {
    return false;
  }
}

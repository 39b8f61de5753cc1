/** The folder of the daemon's socket: who may connect is who may enter it. */
import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { AnywhereError } from '../base/errors.ts';

/**
 * False where it is not there. Throws FOLDER_UNUSABLE where others own it or can enter it, or where it is a link:
 * a socket in it could be anybody's. On Windows pipes have no folder, and it is true.
 */
export async function isOwnFolder(folder: string, uid = process.getuid?.()): Promise<boolean> {
  if (uid === undefined) return true;
  const found = await ifThere(folder);
  if (found === undefined) return false;
  if (!found.isDirectory()) throw unusable(folder, 'is no folder');
  if (found.uid !== uid) throw unusable(folder, `belongs to another user (uid ${String(found.uid)})`);
  if ((found.mode & 0o077) !== 0) throw unusable(folder, 'can be entered by other users');
  return true;
}

/** Makes it (0700), or takes away what others may do in it; then as `isOwnFolder`. */
export async function makeOwnFolder(folder: string, uid = process.getuid?.()): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found = await lstat(folder);
    if (found.isDirectory() && found.uid === uid && (found.mode & 0o077) !== 0) await chmod(folder, 0o700);
  } catch (error) {
    throw unusable(folder, 'cannot be made', error);
  }
  await isOwnFolder(folder, uid);
}

async function ifThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw unusable(path, 'cannot be looked at', error);
  }
}

function unusable(folder: string, why: string, cause?: unknown): AnywhereError {
  return new AnywhereError('FOLDER_UNUSABLE', `${folder}, where the daemon's socket belongs, ${why}`, { cause });
}

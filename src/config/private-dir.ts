/** Folders that only the user can read. */

import { chmod, lstat, stat } from 'node:fs/promises';
import { errnoAdvice, errnoText } from '../base/errno.ts';
import { AnywhereError } from '../base/errors.ts';
import { makeFolder } from '../base/make-folder.ts';

/**
 * Creates the folder (0700) and its parents, or removes the permissions of others. A folder of another user
 * is refused with FOLDER_UNUSABLE: its owner could swap what is inside.
 */
export async function ensurePrivateDir(path: string, uid = process.getuid?.()): Promise<void> {
  try {
    await makeFolder(path);
    const found = await stat(path);
    if (uid === undefined) return;
    if (found.uid !== uid) throw ownedByOthers(path, found.uid);
    if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
  } catch (error) {
    throw error instanceof AnywhereError ? error : unusable(path, error);
  }
}

/** True for a path of the user that is no link and that nobody else can write. Rejects where the path is missing. */
export async function isOurs(path: string): Promise<boolean> {
  const own = process.getuid?.();
  const found = await lstat(path);
  return own === undefined || (!found.isSymbolicLink() && found.uid === own && (found.mode & 0o022) === 0);
}

/** `ensurePrivateDir` for a folder that exists; a missing folder is left to its user. */
export async function keepPrivate(path: string): Promise<void> {
  const isThere = await lstat(path).then(
    () => true,
    () => false,
  );
  if (isThere) await ensurePrivateDir(path);
}

function ownedByOthers(path: string, owner: number): AnywhereError {
  return new AnywhereError('FOLDER_UNUSABLE', `${path} belongs to another user (uid ${String(owner)}).`, {
    hint: `remove ${path}, or set XDG_CACHE_HOME, XDG_STATE_HOME or XDG_RUNTIME_DIR to folders of your own`,
  });
}

function unusable(path: string, cause: unknown): AnywhereError {
  const text = `${path} cannot be created or used: ${errnoText(cause)}.`;
  return new AnywhereError('FOLDER_UNUSABLE', text, { hint: errnoAdvice(cause, path), cause });
}

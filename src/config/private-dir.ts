/** Folders that only the user can look into. */
import { chmod, lstat, mkdir, stat } from 'node:fs/promises';
import { AnywhereError } from '../base/errors.ts';

/**
 * Makes the folder (0700) with all above it, or takes away what others may do in it. A folder that belongs
 * to somebody else is refused with FOLDER_UNUSABLE: its owner could swap what is inside.
 */
export async function ensurePrivateDir(path: string, uid = process.getuid?.()): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const found = await stat(path);
    if (uid === undefined) return;
    if (found.uid !== uid) throw ownedByOthers(path, found.uid);
    if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
  } catch (error) {
    throw error instanceof AnywhereError ? error : unusable(path, error);
  }
}

/** No link, the user's own, and written by nobody else. Rejects where it is not there. */
export async function isOurs(path: string): Promise<boolean> {
  const own = process.getuid?.();
  const found = await lstat(path);
  return own === undefined || (!found.isSymbolicLink() && found.uid === own && (found.mode & 0o022) === 0);
}

/** As `ensurePrivateDir` where the folder is there; one that is not is made by whoever needs it. */
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
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  return new AnywhereError('FOLDER_UNUSABLE', `${path} cannot be made or used (${code}).`, { cause });
}

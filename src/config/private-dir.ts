/** Folders that only the user can look into. */
import { chmod, mkdir, stat } from 'node:fs/promises';
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

function ownedByOthers(path: string, owner: number): AnywhereError {
  return new AnywhereError('FOLDER_UNUSABLE', `${path} belongs to another user (uid ${String(owner)}).`, {
    hint: `remove ${path}, or set XDG_CACHE_HOME, XDG_STATE_HOME or XDG_RUNTIME_DIR to folders of your own`,
  });
}

function unusable(path: string, cause: unknown): AnywhereError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  return new AnywhereError('FOLDER_UNUSABLE', `${path} cannot be made or used (${code}).`, { cause });
}

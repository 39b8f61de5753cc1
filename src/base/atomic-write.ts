/**
 * Replaces a whole file: a reader finds the old content or the new content and never a part, even when the program is
 * killed meanwhile. The folder is made (0700) where it is missing.
 */
import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, type Stats, writeFileSync } from 'node:fs';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder, makeFolderSync } from './make-folder.ts';

export interface AtomicOptions {
  /** Waits until the disk has the content, so that the file also outlives a power cut. */
  readonly isDurable?: boolean;
  /** The new file gets the permissions and the owner of this one. */
  readonly like?: Pick<Stats, 'mode' | 'uid' | 'gid'> | undefined;
}

type Content = string | Uint8Array | AsyncIterable<string>;

const PRIVATE_FILE = 0o600;

/** The new file is 0600, unless `like` says otherwise; a link is replaced, not followed. */
export async function writeAtomic(file: string, content: Content, options: AtomicOptions = {}): Promise<void> {
  await makeFolder(dirname(file));
  const draft = draftOf(file);
  try {
    await writeNew(draft, content, options);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** `writeAtomic` for a small private file that the very next step may read. */
export function writeAtomicSync(file: string, content: string | Uint8Array): void {
  makeFolderSync(dirname(file));
  const draft = draftOf(file);
  try {
    writeFileSync(draft, content, { mode: PRIVATE_FILE, flag: 'wx' });
    renameSync(draft, file);
  } catch (error) {
    removeQuietly(draft);
    throw error;
  }
}

async function writeNew(path: string, content: Content, { isDurable, like }: AtomicOptions): Promise<void> {
  const handle = await open(path, 'wx', PRIVATE_FILE);
  try {
    await writeFile(handle, content);
    if (like !== undefined) {
      const { uid, gid } = await handle.stat();
      if (uid !== like.uid || gid !== like.gid) await handle.chown(like.uid, like.gid);
      await handle.chmod(like.mode & 0o7777);
    }
    if (isDurable === true) await handle.sync();
  } finally {
    await handle.close();
  }
}

/** In the same folder: only there a rename is one step. */
function draftOf(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}`;
}

/** What hindered the write may hinder the removal too; the first failure is the one to report. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A leftover draft is never read.
  }
}

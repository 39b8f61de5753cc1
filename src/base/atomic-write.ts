/**
 * Replaces a whole file: a reader finds the old content or the new content and never a part, even when the program is
 * killed meanwhile. The folder is made (0700) where it is missing.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface AtomicOptions {
  /** Waits until the disk has the content, so that the file also outlives a power cut. */
  readonly isDurable?: boolean;
  /** For files that the user edits: links are followed, and an existing file keeps its mode. Otherwise a link is replaced. */
  readonly isUsers?: boolean;
}

type Content = string | Uint8Array | AsyncIterable<string>;

const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/** The new file is 0600, unless `isUsers` keeps another mode. */
export async function writeAtomic(
  file: string,
  content: Content,
  { isDurable = false, isUsers = false }: AtomicOptions = {},
): Promise<void> {
  const path = isUsers ? await ifThere(realpath(file), file) : file;
  const mode = isUsers ? await ifThere(modeOf(path), PRIVATE_FILE) : PRIVATE_FILE;
  await mkdir(dirname(path), { recursive: true, mode: PRIVATE_FOLDER });
  const draft = draftOf(path);
  try {
    await writeNew(draft, content, mode, isDurable);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** `writeAtomic` for a small private file that the very next step may read. */
export function writeAtomicSync(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true, mode: PRIVATE_FOLDER });
  const draft = draftOf(file);
  try {
    writeFileSync(draft, content, { mode: PRIVATE_FILE, flag: 'wx' });
    renameSync(draft, file);
  } catch (error) {
    removeQuietly(draft);
    throw error;
  }
}

async function writeNew(path: string, content: Content, mode: number, isDurable: boolean): Promise<void> {
  const handle = await open(path, 'wx', PRIVATE_FILE);
  try {
    await writeFile(handle, content);
    // Not at opening: the umask would take bits away.
    if (mode !== PRIVATE_FILE) await handle.chmod(mode);
    if (isDurable) await handle.sync();
  } finally {
    await handle.close();
  }
}

/** In the same folder: only there a rename is one step. */
function draftOf(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}`;
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

async function ifThere<T>(looked: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await looked;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return otherwise;
    throw error;
  }
}

/** What hindered the write may hinder the removal too; the first failure is the one to report. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A leftover draft is never read.
  }
}

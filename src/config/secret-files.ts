/** Secrets where there is no keychain: a file for each, which only the user can read. */
import { constants } from 'node:fs';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../base/atomic-write.ts';
import { errnoAdvice, errnoText, isMissing } from '../base/errno.ts';
import { AnywhereError } from '../base/errors.ts';
import { MAX_VALUE_BYTES } from './fields.ts';
import { ensurePrivateDir, keepPrivate } from './private-dir.ts';

/** Drafts and files of others have another one. */
const SUFFIX = '.secret';

export class SecretFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Undefined where there is no file. Throws SECRET_STORE for a file that others can read or have written. */
  async get(name: string): Promise<string | undefined> {
    await keepPrivate(this.folder);
    const path = this.#path(name);
    try {
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        checkFile(path, await handle.stat());
        return await handle.readFile('utf8');
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error instanceof AnywhereError ? error : unusable(path, errnoText(error), error);
    }
  }

  async set(name: string, value: string): Promise<void> {
    const path = this.#path(name);
    await ensurePrivateDir(this.folder);
    try {
      await writeAtomic(path, value, { isDurable: true });
    } catch (error) {
      throw unusable(path, errnoText(error), error);
    }
  }

  /** False: there was no secret of this name. */
  async remove(name: string): Promise<boolean> {
    try {
      await rm(this.#path(name));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw unusable(this.#path(name), errnoText(error), error);
    }
  }

  async names(): Promise<readonly string[]> {
    const files = await readdir(this.folder).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw unusable(this.folder, errnoText(error), error);
    });
    return files.filter((file) => file.endsWith(SUFFIX)).map((file) => file.slice(0, -SUFFIX.length));
  }

  #path(name: string): string {
    return join(this.folder, name + SUFFIX);
  }
}

interface Found {
  readonly mode: number;
  readonly uid: number;
  readonly size: number;
  isFile(): boolean;
}

function checkFile(path: string, found: Found): void {
  if (!found.isFile()) throw unusable(path, 'it is not a regular file');
  if (found.size > MAX_VALUE_BYTES) throw unusable(path, 'it is larger than 128 KiB');
  const own = process.getuid?.();
  if (own === undefined) return;
  if (found.uid !== own) throw unusable(path, `it belongs to another user (uid ${String(found.uid)})`);
  if ((found.mode & 0o077) === 0) return;
  throw new AnywhereError('SECRET_STORE', `Other users can open the secret in ${path}, so it is not used.`, {
    hint: `chmod 600 ${path}, and replace the secret where it was issued if others use this machine`,
  });
}

function unusable(path: string, why: string, cause?: unknown): AnywhereError {
  return new AnywhereError('SECRET_STORE', `${path} cannot be used: ${why}.`, {
    hint: errnoAdvice(cause, path),
    cause,
  });
}

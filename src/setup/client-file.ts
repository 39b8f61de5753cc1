/** The file of an AI client on this disk: found, read, and replaced without losing anything. */
import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { writeAtomic } from '../base/atomic-write.ts';
import { errnoAdvice, errnoText, isMissing } from '../base/errno.ts';
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import { isThere } from '../base/small-file.ts';
import { type AiClient, filesOf, type Machine, signsOf } from '../discovery/clients.ts';
import { checkSize, decoded } from '../discovery/document.ts';

export async function isInstalled(client: AiClient, machine: Machine): Promise<boolean> {
  const signs = await Promise.all(signsOf(client, machine).map(expanded));
  return signs.flat().some(isThere);
}

/** The client's files that exist, or else the one to create: in a folder that exists, where there is one. */
export async function clientFiles(client: AiClient, machine: Machine): Promise<readonly [string, ...string[]]> {
  const all = (await Promise.all(filesOf(client, machine).map(expanded))).flat();
  const [first, ...others] = all.filter(isThere);
  if (first !== undefined) return [first, ...others];
  const next = all.find((file) => isThere(folderOf(file))) ?? all[0];
  if (next === undefined) throw new AnywhereError('INTERNAL', `${client.title} has no file on this platform.`);
  return [next];
}

/** A folder's name with `*` stands for the folders that match. */
export async function expanded(path: string): Promise<readonly string[]> {
  const star = path.indexOf('*');
  if (star === -1) return [path];
  const parent = folderOf(path.slice(0, star));
  const start = path.slice(parent.length + 1, star);
  const rest = path.slice(star + 1);
  const names = await readdir(parent).catch(() => []);
  return names.filter((name) => name.startsWith(start)).map((name) => `${parent}/${name}${rest}`);
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** Undefined where there is no file. */
export async function readClientFile(path: string): Promise<string | undefined> {
  return await about(path, async () => {
    const target = await targetOf(path);
    if (target === undefined) return undefined;
    const found = await stat(target);
    // A pipe would block the read, and a link to /dev/null must never be replaced.
    if (!found.isFile()) throw new AnywhereError('CLIENT_CONFIG', 'not a regular file');
    checkSize(found.size);
    return decoded(await readFile(target));
  });
}

/** Through links, with the permissions of the file, in one step. Undefined removes the file. */
export async function writeClientFile(path: string, text: string | undefined): Promise<void> {
  await about(path, async () => {
    const { target, like } = await writable(path);
    if (text === undefined) await rm(target);
    else await writeAtomic(target, text, { isDurable: true, like });
  });
}

/** Throws CLIENT_CONFIG where the file is protected from changes. */
export async function checkWritable(path: string): Promise<void> {
  await about(path, () => writable(path));
}

async function writable(path: string): Promise<{ readonly target: string; readonly like: Stats | undefined }> {
  const target = (await targetOf(path)) ?? path;
  const like = await stat(target).catch(() => undefined);
  if (like !== undefined) refuseProtected(like);
  return { target, like };
}

/** Beside the file, for its user alone. */
export function backupOf(path: string): string {
  return `${path}.before-anywhere`;
}

/** A rename would replace a file that its user has protected, or take a file of somebody else over. */
function refuseProtected({ mode, uid }: Stats): void {
  const own = process.getuid?.();
  const mayWrite = own === undefined || own === 0 || own === uid ? (mode & 0o200) !== 0 : false;
  if (!mayWrite)
    throw new AnywhereError('CLIENT_CONFIG', 'read-only', {
      hint: 'make the file writable (chmod u+w), or make the change where the file comes from',
    });
}

/** Where the links lead; undefined where there is nothing at all. */
async function targetOf(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const link = await lstat(path).catch(() => undefined);
  if (link === undefined) return undefined;
  throw new AnywhereError('CLIENT_CONFIG', 'a link to a file that does not exist', {
    hint: 'create the file, or remove the link',
  });
}

/** An error of the file system, or of a text, with the name of the file. */
export async function about<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AnywhereError && error.code === 'CLIENT_CONFIG')
      throw new AnywhereError('CLIENT_CONFIG', `${path} cannot be changed: ${error.message}.`, {
        hint: error.hint,
        cause: error,
      });
    if (!(error instanceof Error) || !('syscall' in error)) throw asAnywhereError(error);
    const text = `${path} cannot be read or written: ${errnoText(error)}.`;
    throw new AnywhereError('CLIENT_CONFIG', text, { hint: errnoAdvice(error, path), cause: error });
  }
}

/** The links and folders on the way to a file: if one of them changes, the path names another file. */
import { lstat, readlink, stat } from 'node:fs/promises';
import { dirname, join, parse, resolve, sep } from 'node:path';

export interface Way {
  /** Every link on the way, then the file itself or its first missing part. */
  readonly names: readonly string[];
  readonly isThere: boolean;
}

/** As many as Linux follows. */
const MAX_LINKS = 40;

/** @param file absolute */
export async function wayTo(file: string): Promise<Way> {
  const names: string[] = [];
  let { at, rest } = begin(file);
  for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
    const path = join(at, next);
    const found = await look(path);
    if (found === undefined) return { names: [...names, path], isThere: false };
    if (found.target === undefined) {
      at = path;
      continue;
    }
    names.push(path);
    if (names.length > MAX_LINKS) return { names, isThere: false };
    const onwards = begin(found.target);
    at = onwards.at;
    rest = [...onwards.rest, ...rest];
  }
  return { names: [...names, at], isThere: true };
}

/** The folders of these names, each with the identity of its inode. */
export async function foldersOf(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const folders = [...new Set(names.map((name) => dirname(name)))];
  return new Map(await Promise.all(folders.map(async (folder) => [folder, await identityOf(folder)] as const)));
}

function begin(file: string): { at: string; rest: string[] } {
  const { root } = parse(file);
  return {
    at: root,
    rest: file
      .slice(root.length)
      .split(sep)
      .filter((part) => part !== ''),
  };
}

/** `target` is set for a link. Undefined where the path does not exist. */
async function look(path: string): Promise<{ readonly target: string | undefined } | undefined> {
  try {
    const isLink = (await lstat(path)).isSymbolicLink();
    return { target: isLink ? resolve(dirname(path), await readlink(path)) : undefined };
  } catch {
    return undefined;
  }
}

async function identityOf(folder: string): Promise<string> {
  try {
    const { dev, ino } = await stat(folder);
    return `${String(dev)}:${String(ino)}`;
  } catch {
    return '';
  }
}

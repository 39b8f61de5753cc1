/**
 * The machines that ssh knows by name: the aliases of ~/.ssh/config and the names of known_hosts. Only names are read here;
 * what a name means is the answer of `ssh -G`.
 */
import { readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { matchesGlob } from '../base/glob.ts';
import { readSmallFile } from '../base/small-file.ts';
import type { Environment } from '../config/paths.ts';
import { type KnownLine, parseKnownHosts } from './known-hosts-lines.ts';

export interface KnownMachine {
  /** As given to ssh: an alias, or `address[:port]`. */
  readonly name: string;
  /** What ~/.ssh/config says behind HostName, for people. */
  readonly address: string | undefined;
  readonly source: 'ssh config' | 'known_hosts';
}

/** Accounts there serve git and run no programs. */
const GIT_SERVICES =
  /(?:^|\.)(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|sr\.ht|dev\.azure\.com|visualstudio\.com|launchpad\.net|gitee\.com|gitea\.com|sourceforge\.net)$/i;

/** Aliases in the order of the configuration, then the other names of known_hosts. */
export async function knownMachines(place: {
  readonly homeDir: string;
  readonly env: Environment;
}): Promise<readonly KnownMachine[]> {
  const folder = join(place.homeDir, '.ssh');
  const blocks = await blocksOf(join(folder, 'config'), place, 0);
  const texts = await Promise.all(['known_hosts', 'known_hosts2'].map((name) => textOf(join(folder, name))));
  return machinesFrom(blocks, texts.flatMap(parseKnownHosts));
}

export function machinesFrom(blocks: readonly HostBlock[], lines: readonly KnownLine[]): readonly KnownMachine[] {
  const found = new Map<string, KnownMachine>();
  const seen = new Set<string>();
  for (const { aliases, address, user } of blocks)
    for (const alias of aliases) {
      seen.add((address ?? alias).toLowerCase()).add(alias.toLowerCase());
      if (found.has(alias) || user === 'git' || GIT_SERVICES.test(address ?? alias)) continue;
      found.set(alias, { name: alias, address, source: 'ssh config' });
    }
  for (const line of lines) {
    const names = namesOf(line);
    const [first] = names;
    if (first === undefined || names.some(({ host }) => seen.has(host.toLowerCase()) || GIT_SERVICES.test(host)))
      continue;
    for (const { host } of names) seen.add(host.toLowerCase());
    const name = first.port === undefined ? first.host : `${bracketed(first.host)}:${first.port}`;
    found.set(name, { name, address: undefined, source: 'known_hosts' });
  }
  return [...found.values()];
}

/** Hashed names cannot be read, and a pattern is no machine. */
function namesOf({
  marker,
  names,
}: KnownLine): readonly { readonly host: string; readonly port: string | undefined }[] {
  if (marker !== undefined || names.startsWith('|')) return [];
  return names.split(',').flatMap((name) => {
    if (!isName(name)) return [];
    const [, host = name, port] = /^\[([^\]]+)\](?::(\d+))?$/.exec(name) ?? [];
    return isName(host) ? [{ host, port }] : [];
  });
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function isName(text: string): boolean {
  return text !== '' && !text.startsWith('-') && !/[*?!\s\p{Cc}]/u.test(text);
}

/** What one `Host` line begins. */
export interface HostBlock {
  readonly aliases: readonly string[];
  readonly address?: string | undefined;
  readonly user?: string | undefined;
}

/** As ssh has it (readconf.c, READCONF_MAX_DEPTH); a file that includes itself ends here. */
const MOST_INCLUDES = 16;

async function blocksOf(
  file: string,
  place: { readonly homeDir: string; readonly env: Environment },
  depth: number,
): Promise<readonly HostBlock[]> {
  const parts = await Promise.all(
    hostBlocks(await textOf(file)).map(async (part) => {
      if (!('include' in part)) return [part];
      if (depth >= MOST_INCLUDES) return [];
      const files = part.include.flatMap((pattern) => expanded(placed(pattern, place)));
      return (await Promise.all(files.map((each) => blocksOf(each, place, depth + 1)))).flat();
    }),
  );
  return parts.flat();
}

/** The `Host` and `Include` lines of a configuration, in order. What stands below `Match` belongs to no alias. */
export function hostBlocks(text: string): readonly (HostBlock | { readonly include: readonly string[] })[] {
  const parts: (HostBlock | { include: readonly string[] })[] = [];
  let block = newBlock([]);
  for (const line of text.split(/\r?\n/)) {
    const [, keyword = '', rest = ''] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(.*?)\s*$/.exec(line) ?? [];
    const words = wordsOf(rest);
    switch (keyword.toLowerCase()) {
      case 'host':
        block = newBlock(words.filter(isName));
        parts.push(block);
        break;
      case 'match':
        block = newBlock([]);
        break;
      case 'include':
        parts.push({ include: words });
        break;
      case 'hostname':
        // `%h` is the alias itself.
        block.address ??= words.find((word) => !word.includes('%'));
        break;
      case 'user':
        block.user ??= words[0];
        break;
    }
  }
  return parts;
}

function newBlock(aliases: readonly string[]): {
  aliases: readonly string[];
  address?: string | undefined;
  user?: string | undefined;
} {
  return { aliases };
}

/** Words of a line: in quotes or not, up to a comment. */
function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  for (const [word] of text.matchAll(/"[^"]*"|\S+/g)) {
    if (word.startsWith('#')) break;
    words.push(word.replace(/^"(.*)"$/, '$1'));
  }
  return words;
}

function placed(pattern: string, { homeDir, env }: { readonly homeDir: string; readonly env: Environment }): string {
  const path = pattern
    .replaceAll(/\$\{([^}]+)\}/g, (whole, name: string) => env[name] ?? whole)
    .replace(/^(?:~|%d)(?=[\\/])/, homeDir);
  return isAbsolute(path) ? path : join(homeDir, '.ssh', path);
}

/** The files that a pattern of `Include` names, in the order of their names (glob(3)). */
function expanded(pattern: string): readonly string[] {
  const [root = '', ...parts] = pattern.split(/[\\/]/);
  return parts.reduce<readonly string[]>(
    (folders, part) =>
      folders.flatMap((folder) =>
        /[*?]/.test(part) ? entriesOf(folder, part).map((name) => `${folder}/${name}`) : [`${folder}/${part}`],
      ),
    [root],
  );
}

function entriesOf(folder: string, part: string): readonly string[] {
  try {
    const names = readdirSync(`${folder}/`).filter((name) => !name.startsWith('.') || part.startsWith('.'));
    return names.filter((name) => matchesGlob(part, name)).sort();
  } catch {
    return [];
  }
}

/** A file that is missing or cannot be read names no machine. */
async function textOf(file: string): Promise<string> {
  return await readSmallFile(file, 'utf8').catch(() => '');
}

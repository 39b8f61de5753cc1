/**
 * The working folder and those above it, through cosmiconfig.
 *
 * Its `Explorer` is used, and not its `cosmiconfig()`: that one first looks for options of its own in the
 * working folder and so runs `.config/config.js` of a cloned repository before anybody trusted it (9.0.2).
 * No loader reads anything here either: what counts is read, checked for trust and parsed by our own.
 */
import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CosmiconfigResult } from 'cosmiconfig';
import { Explorer } from 'cosmiconfig/dist/Explorer.js';

/** The package leaves the class out of its types. */
declare module 'cosmiconfig/dist/Explorer.js' {
  export class Explorer {
    constructor(options: object);
    search(from: string): Promise<CosmiconfigResult>;
  }
}

export const SEARCH_PLACES = [
  'mcp-anywhere.config.yaml',
  'mcp-anywhere.config.yml',
  'mcp-anywhere.config.json',
  '.mcp-anywhererc',
];

/** Absolute path of the nearest hosts file, or undefined. */
export async function searchUpwards(cwd: string): Promise<string | undefined> {
  const explorer = new Explorer({
    moduleName: 'mcp-anywhere',
    searchPlaces: SEARCH_PLACES,
    // One folder at a time: its own way up also ends in folders of the real home.
    searchStrategy: 'none',
    // An empty file is a mistake to report, not a file to skip.
    ignoreEmptySearchPlaces: false,
    loaders: { default: () => ({}), noExt: () => ({}), '.yaml': () => ({}), '.yml': () => ({}), '.json': () => ({}) },
    transform: (result: CosmiconfigResult) => result,
    cache: false,
    metaConfigFilePath: null,
    mergeImportArrays: false,
    mergeSearchPlaces: false,
    applyPackagePropertyPathToConfiguration: false,
  });
  for (const folder of upwards(cwd)) {
    const found = (await explorer.search(folder))?.filepath;
    const file = (await passedBy(folder, found)) ?? found;
    if (file !== undefined) return file;
  }
  return undefined;
}

/** A link that leads nowhere, or a folder, is an error later, and never a reason to take another file: cosmiconfig goes past them. */
async function passedBy(folder: string, found: string | undefined): Promise<string | undefined> {
  for (const place of SEARCH_PLACES) {
    const file = join(folder, place);
    if (file === found) return undefined;
    if (await isThere(file)) return file;
  }
  return undefined;
}

/** Seen to be there: a folder above that nobody may look into holds nothing of ours. */
async function isThere(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch {
    return false;
  }
}

function upwards(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...upwards(parent)];
}

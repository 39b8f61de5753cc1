/**
 * Which hosts file counts: `--config`, `$MCP_ANYWHERE_CONFIG`, the user's config folder, then the working folder
 * and the folders above it. A file named by the user must exist; no other place is tried then.
 */

import { lstat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import type { FileSource } from '../api/hosts-problems.ts';
import { isMissing } from '../base/errno.ts';
import { AnywhereError } from '../base/errors.ts';
import { type Environment, expandHome, type Paths } from './paths.ts';

export interface FoundFile {
  /** Absolute. */
  readonly file: string;
  readonly source: FileSource;
}

export interface FindOptions {
  /** `--config`. */
  readonly explicit?: string | undefined;
  /** How `explicit` was found, if not by `--config`: a file from a working folder must be trusted. */
  readonly explicitSource?: FileSource | undefined;
  readonly env: Environment;
  readonly cwd: string;
  readonly homeDir: string;
  readonly paths: Pick<Paths, 'configDir'>;
}

export const CONFIG_VARIABLE = 'MCP_ANYWHERE_CONFIG';

/** Throws CONFIG_NOT_FOUND with every place that was searched. */
export async function findHostsFile(options: FindOptions): Promise<FoundFile> {
  const named = namedFile(options);
  if (named !== undefined) return named;
  const places = ['yaml', 'yml', 'json'].map((extension) => join(options.paths.configDir, `config.${extension}`));
  for (const file of places) if (await exists(file)) return { file, source: 'user' };
  // Loaded only when needed, for a fast start.
  const { searchUpwards, SEARCH_PLACES } = await import('./search.ts');
  const found = await searchUpwards(options.cwd);
  if (found !== undefined) return { file: found, source: 'folder' };
  throw nowhere(options, [...places, `${SEARCH_PLACES.join(', ')} in ${options.cwd} and above`]);
}

function namedFile(options: FindOptions): FoundFile | undefined {
  const absolute = (written: string): string => {
    const path = expandHome(written, options.homeDir);
    return isAbsolute(path) ? path : resolve(options.cwd, path);
  };
  if (options.explicit !== undefined)
    return { file: absolute(options.explicit), source: options.explicitSource ?? 'flag' };
  const variable = options.env[CONFIG_VARIABLE];
  return variable === undefined || variable === '' ? undefined : { file: absolute(variable), source: 'environment' };
}

/** True for an unreadable file too: that file must be an error later, and never a reason to use another one. */
async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    return !isMissing(error);
  }
}

function nowhere(options: FindOptions, places: readonly string[]): AnywhereError {
  return new AnywhereError('CONFIG_NOT_FOUND', 'No hosts file was found.', {
    evidence: ['--config: not given', `$${CONFIG_VARIABLE}: not set`, ...places.map((place) => `looked for ${place}`)],
    hint: `mcp-anywhere init, which makes ${join(options.paths.configDir, 'config.yaml')}; or choose a file with --config`,
  });
}

/** Finds, reads, and checks the hosts file, and its trust. The trust check and the parser see the same bytes. */

import { constants, type Stats } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { errnoText, isMissing } from '../base/errno.ts';
import { AnywhereError } from '../base/errors.ts';
import { checkHostsFile, MAX_HOSTS_FILE_BYTES } from './check.ts';
import { type FindOptions, type FoundFile, findHostsFile } from './find.ts';
import type { Paths } from './paths.ts';
import type { Plan } from './plan.ts';
import { configInvalid } from './problem.ts';

export interface LoadOptions extends FindOptions {
  readonly paths: Paths;
}

export interface OpenedFile extends FoundFile, HostsBytes {}

/**
 * The Plan in force. Throws CONFIG_NOT_FOUND, CONFIG_UNTRUSTED, or CONFIG_INVALID with every mistake
 * (`problemsOf` gives them as data). No reference is resolved here.
 */
export async function loadPlan(options: LoadOptions): Promise<Plan> {
  return (await findPlan(options)).load();
}

/** Throws CONFIG_NOT_FOUND. Nothing is read yet. */
export async function findPlan(options: LoadOptions): Promise<PlanLoader> {
  return new PlanLoader(await findHostsFile(options), options);
}

/** Reads one hosts file again and again. */
export class PlanLoader {
  readonly found: FoundFile;
  readonly #options: LoadOptions;
  #realPath: string | undefined;
  #last: { readonly bytes: Uint8Array; readonly realPath: string; readonly plan: Plan } | undefined;

  constructor(found: FoundFile, options: LoadOptions) {
    this.found = found;
    this.#options = options;
  }

  /** The files that decide the result: the hosts file, and the trust record of a file from a working folder. */
  async decisiveFiles(): Promise<readonly string[]> {
    const { file, source } = this.found;
    if (source !== 'folder' || this.#realPath === undefined) return [file];
    const { trustRecordFile } = await import('./trust.ts');
    return [file, trustRecordFile(this.#options.paths.stateDir, this.#realPath)];
  }

  /** Like `loadPlan`. The same bytes of the same file give the same Plan object. */
  async load(): Promise<Plan> {
    const { paths, homeDir } = this.#options;
    const opened = { ...this.found, ...(await readHostsFile(this.found)) };
    this.#realPath = opened.realPath;
    await requireTrust(opened, paths);
    const { bytes, realPath } = opened;
    const isSame = this.#last?.realPath === realPath && Buffer.compare(this.#last.bytes, bytes) === 0;
    if (this.#last !== undefined && isSame) return this.#last.plan;
    const checked = checkHostsFile(bytes, { file: opened.file, realPath, homeDir });
    if ('problems' in checked) throw configInvalid(opened.file, checked.problems);
    this.#last = { bytes, realPath, plan: checked.plan };
    return checked.plan;
  }
}

/** Finds and reads, without asking for trust: for `config validate` and `config trust`. */
export async function openHostsFile(options: FindOptions): Promise<OpenedFile> {
  const found = await findHostsFile(options);
  return { ...found, ...(await readHostsFile(found)) };
}

async function requireTrust(opened: OpenedFile, paths: Paths): Promise<void> {
  if (opened.source !== 'folder') return;
  const { createTrustStore, untrusted } = await import('./trust.ts');
  const state = await createTrustStore({ stateDir: paths.stateDir, now: Date.now }).check(
    opened.realPath,
    opened.bytes,
  );
  if (state.kind !== 'trusted') throw untrusted(opened.file, state);
}

export interface HostsBytes {
  readonly bytes: Uint8Array;
  /** With links followed: the path that the user trusts. */
  readonly realPath: string;
}

/** Throws CONFIG_NOT_FOUND, or CONFIG_INVALID where the path is not a readable file. */
export async function readHostsFile(found: FoundFile, uid = process.getuid?.()): Promise<HostsBytes> {
  try {
    const realPath = await realpath(found.file);
    // Opening a pipe that nobody writes to would block for ever without O_NONBLOCK; for files the flag changes nothing.
    const handle = await open(realPath, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      refuseOddFile(found, await handle.stat(), uid);
      return { bytes: await handle.readFile(), realPath };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof AnywhereError ? error : unreadable(found, error);
  }
}

function refuseOddFile(found: FoundFile, stats: Stats, uid: number | undefined): void {
  if (stats.isDirectory()) throw wholeFile(found, 'a file', 'a folder');
  if (!stats.isFile()) throw wholeFile(found, 'a file', 'a pipe or a device');
  if (stats.size > MAX_HOSTS_FILE_BYTES)
    throw wholeFile(found, 'a hosts file of at most 4 MiB', `${String(stats.size)} bytes`);
  // As ssh does with ~/.ssh/config: anybody who can write this file can start programs as its reader.
  if (found.source !== 'user' || uid === undefined) return;
  if (stats.uid !== uid && stats.uid !== 0)
    throw wholeFile(found, 'a file of your own', `a file of uid ${String(stats.uid)}`, 'make a copy of your own');
  if ((stats.mode & 0o002) !== 0)
    throw wholeFile(
      found,
      'a file that only you can write',
      'a file that everybody can write',
      `chmod o-w ${found.file}`,
    );
}

function wholeFile(found: FoundFile, expected: string, what: string, suggestion?: string): AnywhereError {
  const advice = suggestion === undefined ? {} : { suggestion };
  return configInvalid(found.file, [
    { file: found.file, line: 1, column: 1, key: '', expected, found: what, ...advice },
  ]);
}

const BY_SOURCE: Readonly<Record<FoundFile['source'], string>> = {
  flag: 'named by --config',
  environment: 'named by $MCP_ANYWHERE_CONFIG',
  user: "in the user's config folder",
  folder: 'found from the working folder',
};

function unreadable(found: FoundFile, cause: unknown): AnywhereError {
  if (isMissing(cause)) {
    return new AnywhereError(
      'CONFIG_NOT_FOUND',
      `The hosts file ${found.file} (${BY_SOURCE[found.source]}) does not exist.`,
      { cause },
    );
  }
  return wholeFile(found, 'a readable file', `a file that cannot be read: ${errnoText(cause)}`);
}

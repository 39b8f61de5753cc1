/**
 * Reports possible changes of files: a write, a rename, a swap by an editor, or a changed link on the path. Loaded only
 * when there is something to watch.
 *
 * The folders are watched, not the files: after a rename the path names another file, which a watch of the old file
 * does not report.
 */

import { lstat, readlink, stat } from 'node:fs/promises';
import { basename, dirname, join, parse, resolve, sep } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { aborted } from '../base/abort.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Scope } from '../base/scope.ts';
import { Turns } from '../base/turns.ts';

export interface WatchOptions {
  /** Absolute; asked again after every change. */
  readonly files: () => Promise<readonly string[]>;
  readonly clock: Clock;
  /** Also called when the watch starts: a file may have changed before. */
  readonly onChange: () => void;
  /** Changes may be missed from now on. */
  readonly onError: (error: unknown) => void;
}

/** An editor's several steps are one change. */
const DEBOUNCE_MS = 100;
/** A missing file is often about to be written. */
const MISSING_MS = 1_000;

/** Resolves when `signal` aborts and nothing is watched any more. */
export async function watchFiles(options: WatchOptions, signal: AbortSignal): Promise<void> {
  const watching = new FileWatch(options);
  watching.begin();
  await aborted(signal);
  await watching.close();
}

class FileWatch {
  readonly #options: WatchOptions;
  readonly #scope: Scope;
  readonly #turns = new Turns(1);
  #watcher: FSWatcher | undefined;
  #names: ReadonlySet<string> = new Set();
  #folders: ReadonlyMap<string, string> = new Map();
  #cancelDebounce: CancelTimer = () => undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#scope = new Scope(options.onError);
  }

  begin(): void {
    this.#scope.run(this.#turns.run(() => this.#look({ isPatient: false })));
  }

  async close(): Promise<void> {
    this.#cancelDebounce();
    await this.#scope.close();
    await this.#watcher?.close();
  }

  #touched(): void {
    this.#lookIn(DEBOUNCE_MS, { isPatient: true });
  }

  #lookIn(delayMs: number, how: { readonly isPatient: boolean }): void {
    if (this.#scope.closed) return;
    this.#cancelDebounce();
    this.#cancelDebounce = this.#options.clock.after(
      delayMs,
      () => {
        this.#scope.run(this.#turns.run(() => this.#look(how)));
      },
      { background: true },
    );
  }

  async #look({ isPatient }: { readonly isPatient: boolean }): Promise<void> {
    const ways = await Promise.all((await this.#options.files()).map(wayTo));
    const names = ways.flatMap((way) => way.names);
    await this.#watch(names);
    if (this.#scope.closed) return;
    if (isPatient && ways[0]?.isThere !== true) this.#lookIn(MISSING_MS, { isPatient: false });
    else this.#options.onChange();
  }

  /** Watches again where the way to a file leads through other folders now. */
  async #watch(names: readonly string[]): Promise<void> {
    const folders = await foldersOf(names);
    this.#names = new Set(names);
    if (this.#scope.closed || sameFolders(folders, this.#folders)) return;
    await this.#watcher?.close();
    this.#folders = folders;
    this.#watcher = await this.#watcherOf([...folders.keys()]);
    // Changes while nothing was watched.
    this.#touched();
  }

  #watcherOf(folders: string[]): Promise<FSWatcher> {
    const isOurs = (path: string): boolean => folders.includes(path) || this.#names.has(path);
    // Without `persistent` an error of the system's watcher would end this process.
    const watcher = watch(folders, {
      depth: 0,
      ignoreInitial: true,
      followSymlinks: false,
      persistent: true,
      ignored: (path) => !isOurs(path),
    });
    watcher.on('all', () => {
      this.#touched();
    });
    watcher.on('raw', (_event, name, details) => {
      if (this.#concerns(name, details)) this.#touched();
    });
    watcher.on('error', this.#options.onError);
    return new Promise((resolve) =>
      watcher.once('ready', () => {
        resolve(watcher);
      }),
    );
  }

  /** Raw events of the system also tell of changes that leave size and time alone. */
  #concerns(name: unknown, details: unknown): boolean {
    const folder = (details as { readonly watchedPath?: unknown }).watchedPath;
    if (typeof name !== 'string' || typeof folder !== 'string') return true;
    return this.#names.has(join(folder, name)) || name === basename(folder);
  }
}

function sameFolders(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([folder, identity]) => b.get(folder) === identity);
}

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

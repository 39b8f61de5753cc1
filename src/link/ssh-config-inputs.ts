/**
 * All that the answer of `ssh -G` depends on, as one digest: two equal ones mean equal answers.
 *
 * Undefined where that cannot be said for certain. `Match` can run programs and look at the network, canonical names come from
 * DNS, `${…}` from the environment, and an ssh from elsewhere has its own place for the system's file.
 */
import { createHash, type Hash } from 'node:crypto';
import { readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';

export interface InputsOptions {
  /** As `ssh -F`; undefined: the user's and the system's own. */
  readonly configFile: string | undefined;
  /** Where `ssh` is looked for. */
  readonly searchPath: string;
  /** Home of the user by the system's accounts, where ssh itself looks; not $HOME. */
  readonly accountHome?: string;
}

/** The one ssh that is known to read `SYSTEM_FILE`. */
const SYSTEM_SSH = '/usr/bin/ssh';
const SYSTEM_FILE = '/etc/ssh/ssh_config';
const MOST_FILES = 64;
const MOST_BYTES = 256 * 1024;

/** Keywords may stand in quotes. */
const UNCERTAIN = /^[\s"]*(match|canonicalizehostname)\b|\$\{|^[\s]*"\s*include\b/im;
const INCLUDE = /^\s*include\b[ \t=]*(.*)$/gim;
/** An Include that is more than a path with `*` and `?` in its last part. */
const INTRICATE = /["'\\%$[\]{}!]|[*?][^\s]*\//;

export function sshConfigInputs(options: InputsOptions): string | undefined {
  if (process.platform === 'win32') return undefined;
  const inputs = new Inputs(options);
  try {
    return inputs.gather() ? inputs.digest() : undefined;
  } catch {
    return undefined;
  }
}

class Inputs {
  readonly #options: InputsOptions;
  readonly #userFolder: string;
  readonly #hash: Hash = createHash('sha256');
  readonly #seen = new Set<string>();

  constructor(options: InputsOptions) {
    this.#options = options;
    const { homedir, uid, gid, username } = userInfo();
    const home = options.accountHome ?? homedir;
    this.#userFolder = join(home, '.ssh');
    this.#add([uid, gid, username, home, hostname()]);
  }

  digest(): string {
    return this.#hash.digest('hex');
  }

  /** False: there is something that cannot be foreseen. */
  gather(): boolean {
    const { configFile, searchPath } = this.#options;
    const program = findSsh(searchPath);
    if (program === undefined) return false;
    this.#add(program.identity);
    if (configFile !== undefined) return this.#file(configFile, this.#userFolder);
    if (program.path !== SYSTEM_SSH) return false;
    return (
      this.#file(join(this.#userFolder, 'config'), this.#userFolder) && this.#file(SYSTEM_FILE, dirname(SYSTEM_FILE))
    );
  }

  #add(parts: readonly (string | number)[]): void {
    this.#hash.update(`${JSON.stringify(parts)}\n`);
  }

  /** `folder`: where relative Includes are looked for. */
  #file(path: string, folder: string): boolean {
    if (!isAbsolute(path)) return false;
    if (this.#seen.has(path)) return true;
    this.#seen.add(path);
    if (this.#seen.size > MOST_FILES) return false;
    const info = statIfThere(path);
    // ssh refuses a file that others can write.
    this.#add([path, info?.mode ?? -1, info?.uid ?? -1, info?.gid ?? -1]);
    if (info === undefined) return true;
    if (!info.isFile() || info.size > MOST_BYTES) return false;
    const text = readFileSync(path, 'latin1');
    this.#add([text]);
    return !UNCERTAIN.test(text) && this.#included(text, folder);
  }

  #included(text: string, folder: string): boolean {
    for (const [, written = ''] of text.matchAll(INCLUDE)) {
      if (INTRICATE.test(written)) return false;
      for (const pattern of written.split(/\s+/).filter((word) => word !== '')) {
        if (!this.#matching(this.#absolute(pattern, folder), folder)) return false;
      }
    }
    return true;
  }

  #absolute(pattern: string, folder: string): string {
    if (pattern.startsWith('~/')) return join(dirname(this.#userFolder), pattern.slice(2));
    return isAbsolute(pattern) ? pattern : join(folder, pattern);
  }

  /** For a pattern the whole folder counts: more than ssh reads, never less. */
  #matching(path: string, folder: string): boolean {
    if (path.includes('~')) return false;
    if (!/[*?]/.test(basename(path))) return this.#file(path, folder);
    const names = namesIn(dirname(path));
    this.#add(['in', dirname(path), ...names]);
    return names.every((name) => this.#file(join(dirname(path), name), folder));
  }
}

function findSsh(
  searchPath: string,
): { readonly path: string; readonly identity: readonly (string | number)[] } | undefined {
  for (const folder of searchPath.split(delimiter)) {
    // It could be one in the working folder.
    if (!isAbsolute(folder)) return undefined;
    const info = statIfThere(join(folder, 'ssh'));
    if (info?.isFile() !== true) continue;
    const path = realpathSync(join(folder, 'ssh'));
    return { path, identity: [path, info.ino, info.size, info.mtimeMs, info.ctimeMs] };
  }
  return undefined;
}

function namesIn(folder: string): string[] {
  return (ifThere(() => readdirSync(folder)) ?? []).sort();
}

function statIfThere(path: string): Stats | undefined {
  return ifThere(() => statSync(path));
}

/** What is not there is known; what cannot be seen is not. */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

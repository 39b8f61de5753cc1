/** The hosts file, found, trusted, read and checked. */
import { checkHostsFile } from './check.ts';
import { type FindOptions, type FoundFile, findHostsFile } from './find.ts';
import type { Paths } from './paths.ts';
import type { Plan } from './plan.ts';
import { configInvalid } from './problem.ts';
import { type HostsBytes, readHostsFile } from './read-file.ts';

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

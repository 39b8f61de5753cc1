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
  const opened = await openHostsFile(options);
  await requireTrust(opened, options.paths);
  const checked = checkHostsFile(opened.bytes, { file: opened.file, homeDir: options.homeDir });
  if ('problems' in checked) throw configInvalid(opened.file, checked.problems);
  return checked.plan;
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

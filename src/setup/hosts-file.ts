/** The hosts file that a command edits: opened, changed and checked in memory, and written only if nobody else has meanwhile. */
import { isUtf8 } from 'node:buffer';
import { lstat, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';
import type { ConfigProblem } from '../api/hosts-problems.ts';
import { writeAtomic } from '../base/atomic-write.ts';
import { errnoAdvice, errnoOf, errnoText } from '../base/errno.ts';
import { AnywhereError } from '../base/errors.ts';
import { visible } from '../base/harmless.ts';
import { makeFolder } from '../base/make-folder.ts';
import { checkHostsFile } from '../config/check.ts';
import { readDocument } from '../config/document.ts';
import { type FindOptions, type FoundFile, findHostsFile } from '../config/find.ts';
import { readHostsFile } from '../config/load.ts';
import type { Paths } from '../config/paths.ts';
import type { Plan } from '../config/plan.ts';
import { configInvalid } from '../config/problem.ts';
import { createTrustStore } from '../config/trust.ts';
import { changedHostsText, type HostsChange } from './hosts-file-edit.ts';
import { withoutSecrets } from './secret-values.ts';

export interface EditPlace extends FindOptions {
  readonly paths: Paths;
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
}

/** What a hosts file says before the edit. */
export interface OpenHostsFile extends FoundFile {
  /** What a new file begins with. */
  readonly start?: string;
  /** Undefined: the file is not there yet. */
  readonly existing: { readonly bytes: Uint8Array; readonly realPath: string } | undefined;
  /** Unchecked. */
  readonly data: unknown;
  /** Undefined where the file has mistakes. */
  readonly plan: Plan | undefined;
}

export const NEW_FILE = 'version: 1\n';
const BOM = '\uFEFF';

interface OpenForEdit {
  /** Makes the user's hosts file where there is none. */
  readonly creates: boolean;
  /** Passes over a file of a working folder, which another may have written, and makes a named file that is missing. */
  readonly isOwn?: boolean;
}

/** Throws CONFIG_NOT_FOUND where there is no file and `creates` is false, and CONFIG_INVALID where the file cannot be read. */
export async function openForEdit(place: EditPlace, { creates, isOwn = false }: OpenForEdit): Promise<OpenHostsFile> {
  const found = await foundOrNew(place, creates, isOwn);
  const existing = found.isNew ? undefined : await readHostsFile(found);
  const bytes = existing?.bytes ?? Buffer.from(NEW_FILE);
  const checked = checkHostsFile(bytes, { file: found.file, homeDir: place.homeDir });
  const { value: data } = readDocument(textOf(bytes));
  // Other bytes than UTF-8 would not survive the edit.
  if ('problems' in checked && (data === undefined || !isUtf8(bytes)))
    throw configInvalid(found.file, checked.problems);
  return { file: found.file, source: found.source, existing, data, plan: 'plan' in checked ? checked.plan : undefined };
}

async function foundOrNew(
  place: EditPlace,
  creates: boolean,
  isOwn: boolean,
): Promise<FoundFile & { readonly isNew: boolean }> {
  const made = { file: join(place.paths.configDir, 'config.yaml'), source: 'user', isNew: true } as const;
  try {
    const found = await findHostsFile(place);
    if (!isOwn) return { ...found, isNew: false };
    return found.source === 'folder' ? made : { ...found, isNew: !(await isAnything(found.file)) };
  } catch (error) {
    if (!creates || !(error instanceof AnywhereError) || error.code !== 'CONFIG_NOT_FOUND') throw error;
    return made;
  }
}

function isAnything(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

export interface PreparedEdit {
  readonly bytes: Uint8Array;
  /** For people: secrets are hidden, and every character is visible. */
  readonly diff: string;
  /** After the change. */
  readonly plan: Plan;
}

/**
 * Where the changed file would have mistakes, throws in the words of `config validate`: USAGE where the mistakes come from the
 * change, and CONFIG_INVALID where the file had mistakes before.
 */
export function prepareEdit(open: OpenHostsFile, changes: readonly HostsChange[], homeDir: string): PreparedEdit {
  const text = open.existing === undefined ? (open.start ?? NEW_FILE) : textBefore(open);
  return preparedText(open, changedHostsText(text, changes), homeDir);
}

/** The text of the file as it is; empty for a new file. */
export function textBefore({ existing }: OpenHostsFile): string {
  return existing === undefined ? '' : textOf(existing.bytes);
}

/** `prepareEdit` with the whole text after the change. */
export function preparedText(open: OpenHostsFile, after: string, homeDir: string): PreparedEdit {
  const before = textBefore(open);
  const hasBom = open.existing !== undefined && Buffer.from(open.existing.bytes).toString().startsWith(BOM);
  const bytes = Buffer.from(hasBom ? BOM + after : after);
  const checked = checkHostsFile(bytes, { file: open.file, homeDir });
  if ('problems' in checked) {
    if (open.plan === undefined && open.existing !== undefined) throw configInvalid(open.file, checked.problems);
    throw notPossible(checked.problems);
  }
  if (open.existing === undefined ? after === NEW_FILE : after === before)
    return { bytes, diff: '', plan: checked.plan };
  const [old, now] = [withoutSecrets(before), withoutSecrets(after)];
  const from = open.existing === undefined ? '/dev/null' : open.file;
  const diff = createTwoFilesPatch(from, open.file, old, now, undefined, undefined, {
    context: 3,
    headerOptions: FILE_HEADERS_ONLY,
  });
  return { bytes, diff: visible(diff.replaceAll('\r\n', '\n')), plan: checked.plan };
}

function notPossible(problems: readonly ConfigProblem[]): AnywhereError {
  const texts = problems.map(({ key, expected, found, suggestion }) => {
    const advice = suggestion === undefined ? '' : `; ${suggestion}`;
    return `${key}: expected ${expected}, found ${found}${advice}`;
  });
  return new AnywhereError('USAGE', 'The hosts file cannot hold that, and is left as it is.', { evidence: texts });
}

/**
 * Writes the file through links, with its permissions. A file that was trusted stays trusted, because its owner changed it.
 * Throws CONFIG_UNTRUSTED for a file of a working folder that is not: whoever wrote it would decide what starts beside the change.
 */
export async function saveEdit(open: OpenHostsFile, { bytes }: PreparedEdit, place: EditPlace): Promise<void> {
  const { existing, file } = open;
  const trust = createTrustStore({ stateDir: place.paths.stateDir, now: place.now });
  const wasTrusted =
    existing !== undefined && (await trust.check(existing.realPath, existing.bytes)).kind === 'trusted';
  if (open.source === 'folder' && !wasTrusted) throw untrusted(file);
  const target = existing?.realPath ?? file;
  try {
    await alone(target, place.now, async () => {
      await refuseChanged(open);
      if (existing === undefined) {
        await writeAtomic(target, bytes, { isDurable: true });
        return;
      }
      const like = await stat(target);
      // A rename would replace the file although its owner made it read-only.
      if ((like.mode & 0o200) === 0) throw unwritable(file, 'the file is read-only', `chmod u+w ${target}`);
      await writeAtomic(target, bytes, { isDurable: true, like });
    });
  } catch (error) {
    if (error instanceof AnywhereError) throw error;
    throw unwritable(file, errnoText(error), errnoAdvice(error, dirname(target)), error);
  }
  if (wasTrusted) await trust.trust(existing.realPath, bytes);
}

function untrusted(file: string): AnywhereError {
  const text = `${file} comes from a working folder and is not trusted, so nothing was written.`;
  return new AnywhereError('CONFIG_UNTRUSTED', text, {
    hint: 'mcp-anywhere config trust, or name another file with --config',
  });
}

/** A command that was killed left its lock behind. */
const STALE_LOCK_MS = 10_000;

/** Of two commands at the same moment, one is refused: neither can overwrite what the other wrote. */
async function alone(file: string, now: () => number, work: () => Promise<void>): Promise<void> {
  const lock = `${file}.lock`;
  await makeFolder(dirname(file));
  const ageMs = await stat(lock).then(
    ({ mtimeMs }) => now() - mtimeMs,
    () => 0,
  );
  if (ageMs > STALE_LOCK_MS) await rm(lock, { force: true });
  try {
    await writeFile(lock, '', { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw errnoOf(error) === 'EEXIST' ? new HostsFileChanged(file) : error;
  }
  try {
    await work();
  } finally {
    await rm(lock, { force: true });
  }
}

/** The look comes last before the write: an editor may have saved the file since this command read it. */
async function refuseChanged(open: OpenHostsFile): Promise<void> {
  const { existing, file } = open;
  if (existing === undefined) {
    if (await isAnything(file)) throw new HostsFileChanged(file);
    return;
  }
  const now = await readHostsFile(open);
  const isSame = now.realPath === existing.realPath && Buffer.compare(now.bytes, existing.bytes) === 0;
  if (!isSame) throw new HostsFileChanged(file);
}

/** Somebody else wrote the file since it was opened, or writes it now. Nothing was written. */
export class HostsFileChanged extends AnywhereError {
  constructor(file: string) {
    super('OUTPUT_FAILED', `${file} has changed while this command ran, so nothing was written.`, {
      hint: 'run the command again',
    });
  }
}

function unwritable(file: string, why: string, hint: string, cause?: unknown): AnywhereError {
  return new AnywhereError('OUTPUT_FAILED', `${file} could not be written: ${why}.`, { hint, cause });
}

/** Without a byte order mark. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** `install` and `uninstall`: plans a change for each AI client, and makes the changes that a person has agreed to. */
import { readFile, rm } from 'node:fs/promises';
import type { ClientChange } from '../api/clients.ts';
import { writeAtomic } from '../base/atomic-write.ts';
import { AnywhereError, type ErrorReport } from '../base/errors.ts';
import { isThere } from '../base/small-file.ts';
import { referredVariables } from '../config/environment.ts';
import { type FoundFile, findHostsFile } from '../config/find.ts';
import { nearMiss } from '../config/near-miss.ts';
import { resolvePaths } from '../config/paths.ts';
import { type AiClient, CLIENTS, type Machine } from '../discovery/clients.ts';
import { canRefer, readEntries, readRaw } from '../discovery/document.ts';
import {
  type Change,
  describeRaw,
  ENTRY_NAME,
  type Intent,
  isBefore,
  isOurs,
  type Ourselves,
  planned,
  type Texts,
  tokenOf,
} from './change.ts';
import {
  about,
  backupOf,
  checkWritable,
  clientFiles,
  isInstalled,
  readClientFile,
  writeClientFile,
} from './client-file.ts';
import { recordEntry } from './install-record.ts';
import { ownCommand, runOwnCommand } from './own-command.ts';

export interface Surroundings extends Machine {
  readonly cwd: string;
  /** Absolute paths of node and of bin.js. */
  readonly program: { readonly node: string; readonly file: string };
  /** `--config`. */
  readonly config: string | undefined;
}

/** The change as `--json` says it. */
export function reportedChange(change: PlannedChange, us: Ourselves): ClientChange {
  const { client, file, name, action, command, after, before } = change;
  const isWritten = action === 'add' || action === 'update' || action === 'replace';
  const passesOn = canRefer(client);
  return {
    client: client.id,
    title: client.title,
    file,
    entry: name,
    action,
    ...(command === undefined ? {} : { command: [...command] }),
    ...(isWritten && after !== undefined ? { starts: [us.command, ...us.args] } : {}),
    ...(action === 'replace' && before !== undefined ? { replaces: describeRaw(client, name, before) } : {}),
    variables: isWritten && passesOn ? [...us.variables] : [],
    leftOut: isWritten && !passesOn ? [...us.variables] : [],
    ...(action === 'keep' || action === 'none' ? {} : { reload: client.reload ?? `restart ${client.title}` }),
  };
}

/** A client whose file cannot be read or changed. */
export async function failedChange(client: AiClient, machine: Machine, cause: ErrorReport): Promise<ClientChange> {
  const [file] = await clientFiles(client, machine);
  const { id, title } = client;
  return { client: id, title, file, entry: ENTRY_NAME, action: 'failed', variables: [], leftOut: [], cause };
}

/** A change with the client's own command that makes it, if there is one. */
export interface PlannedChange extends Change {
  readonly command: readonly string[] | undefined;
}

export const CLIENT_NAMES: readonly string[] = CLIENTS.map(({ id }) => id);

/** Throws USAGE for a name that no client has. */
export function clientNamed(name: string): AiClient {
  const client = CLIENTS.find(({ id }) => id === name);
  if (client !== undefined) return client;
  const near = nearMiss(name, CLIENT_NAMES);
  const meant = near === undefined ? '' : ` Did you mean ${near}?`;
  throw new AnywhereError('USAGE', `MCP-Anywhere knows no AI client ${name}.${meant}`, {
    evidence: [`clients: ${CLIENT_NAMES.join(', ')}`],
  });
}

export async function installedClients(machine: Machine): Promise<readonly AiClient[]> {
  const here = await Promise.all(CLIENTS.map((client) => isInstalled(client, machine)));
  return CLIENTS.filter((_client, index) => here[index]);
}

/** Throws USAGE for a program that npx will remove: the entry of a client would stop working. */
export function checkLasting({ file }: Surroundings['program']): void {
  if (!/[\\/](_npx|dlx-[^\\/]*)[\\/]/.test(file)) return;
  throw new AnywhereError('USAGE', 'npx runs this program from a cache, and may delete it at any time.', {
    evidence: [file],
    hint: 'npm i -g mcp-anywhere, then mcp-anywhere install',
  });
}

/** How AI clients are to start this program. */
export async function ourselves(surroundings: Surroundings): Promise<Ourselves> {
  const { program, config } = surroundings;
  const found = await hostsFile(surroundings);
  const text = found === undefined ? '' : await readFile(found.file, 'utf8').catch(() => '');
  const explicit = config === undefined ? undefined : found?.file;
  return {
    command: program.node,
    script: program.file,
    args: [program.file, ...(explicit === undefined ? [] : ['--config', explicit])],
    config: explicit,
    variables: referredVariables(text),
    hostsFile: found,
  };
}

/** Undefined where there is none yet: the entry of a client does not depend on the file. */
async function hostsFile({ config, env, cwd, homeDir, platform }: Surroundings): Promise<FoundFile | undefined> {
  try {
    const paths = resolvePaths(env, platform, homeDir);
    const found = await findHostsFile({ explicit: config, env, cwd, homeDir, paths });
    if (config === undefined || isThere(found.file)) return found;
    throw new AnywhereError('CONFIG_NOT_FOUND', `${found.file} does not exist.`);
  } catch (error) {
    if (config !== undefined || !(error instanceof AnywhereError) || error.code !== 'CONFIG_NOT_FOUND') throw error;
    return undefined;
  }
}

export async function planChange(
  intent: Intent,
  client: AiClient,
  us: Ourselves,
  machine: Machine,
): Promise<PlannedChange> {
  const change = await currentPlan(intent, client, us, machine);
  if (change.action !== 'keep' && change.action !== 'none') await checkWritable(change.file);
  return { ...change, command: await ownCommand(change, us, machine) };
}

async function currentPlan(intent: Intent, client: AiClient, us: Ourselves, machine: Machine): Promise<Change> {
  const texts = await currentTexts(client, us, machine);
  return await about(texts.file, () => planned(intent, client, texts, us));
}

/** Of several files, the one with our entry counts, or else the first. */
async function currentTexts(client: AiClient, us: Ourselves, machine: Machine): Promise<Texts> {
  const files = await clientFiles(client, machine);
  const all = await Promise.all(
    files.map(async (file) => ({
      file,
      text: await readClientFile(file),
      backup: await readClientFile(backupOf(file)),
    })),
  );
  const holdsUs = ({ text = '' }: Texts): boolean => readEntries(client, text).some(({ entry }) => isOurs(entry, us));
  const [first] = all;
  if (all.length > 1) {
    for (const texts of all) if (await about(texts.file, () => holdsUs(texts))) return texts;
  }
  if (first === undefined) throw new AnywhereError('INTERNAL', `${client.title} has no file.`);
  return first;
}

export interface Made {
  /** The client's own command made the change. */
  readonly byCommand: boolean;
  /** The file as it was before. */
  readonly backup: string | undefined;
}

/** Throws CLIENT_CONFIG where the entry is no longer the one that `change` was planned for. */
export async function makeChange(
  intent: Intent,
  change: PlannedChange,
  us: Ourselves,
  machine: Machine,
  signal: AbortSignal,
): Promise<Made> {
  const made = await carriedOut(intent, change, us, machine, signal);
  await noteEntry(intent, change, us, machine);
  return made;
}

/** For `doctor`, which compares the clients' files with what they should hold. */
async function noteEntry(
  intent: Intent,
  { client, file, name, action, after }: Change,
  us: Ourselves,
  machine: Machine,
): Promise<void> {
  if (intent === 'undo' && action === 'none') return;
  const holdsUs = after !== undefined && isOurs(readRaw(client, name, after), us);
  const entry = { file, entry: name, ...(us.config === undefined ? {} : { config: us.config }) };
  await recordEntry(client.id, holdsUs ? entry : undefined, machine);
}

async function carriedOut(
  intent: Intent,
  change: PlannedChange,
  us: Ourselves,
  machine: Machine,
  signal: AbortSignal,
): Promise<Made> {
  const { client, file, command } = change;
  if (change.action === 'keep' || change.action === 'none') return { byCommand: false, backup: undefined };
  const texts = await currentTexts(client, us, machine);
  const fresh = await about(file, () => planned(intent, client, texts, us));
  if (tokenOf(fresh) !== tokenOf(change)) throw changedMeanwhile(file);
  const backup = await keepBackup(fresh, texts);
  if (command !== undefined && (await runOwnCommand(command, machine, signal))) {
    const after = await currentPlan(intent, client, us, machine);
    if (after.action === 'keep' || after.action === 'none') return { byCommand: true, backup };
  }
  // A command that failed may still have changed the file.
  const latest = command === undefined ? fresh : await currentPlan(intent, client, us, machine);
  if (latest.action === 'keep' || latest.action === 'none') return { byCommand: true, backup };
  if (command === undefined && (await readClientFile(file)) !== texts.text) throw changedMeanwhile(file);
  await writeClientFile(file, latest.text);
  if ((await readClientFile(file)) !== latest.text) throw changedMeanwhile(file);
  if (latest.isWhole) await rm(backupOf(file), { force: true });
  return { byCommand: false, backup };
}

function changedMeanwhile(file: string): AnywhereError {
  return new AnywhereError('CLIENT_CONFIG', `${file} has changed since the preview, so it was left alone.`, {
    hint: 'run the command again, and look at the new preview',
  });
}

/** A backup that still is the file without our entry stays: it is older, and better. */
async function keepBackup({ client, name, before, file, isWhole }: Change, texts: Texts): Promise<string | undefined> {
  const backup = backupOf(file);
  if (isWhole || texts.text === undefined) return undefined;
  if (texts.backup !== undefined && before !== undefined && isBefore(client, texts, name, before)) return backup;
  await about(backup, () => writeAtomic(backup, texts.text ?? ''));
  return backup;
}

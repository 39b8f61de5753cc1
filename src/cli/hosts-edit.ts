/** `add`, `rm`, `server add|rm|enable|disable`: they edit the hosts file and print the difference. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostsFileEdit } from '../api/hosts-file.ts';
import { deadline } from '../base/abort.ts';
import { systemClock } from '../base/clock.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { resolvePaths } from '../config/paths.ts';
import type { Plan } from '../config/plan.ts';
import { formatKey } from '../config/problem.ts';
import { asTyped } from '../model/words.ts';
import { addHost, addServers, type NewHost, removeHost, removeServer, switchServer } from '../setup/hosts-changes.ts';
import {
  type EditPlace,
  HostsFileChanged,
  type OpenHostsFile,
  openForEdit,
  prepareEdit,
  saveEdit,
} from '../setup/hosts-file.ts';
import type { HostsChange } from '../setup/hosts-file-edit.ts';
import { commandsOf, secretsOf } from '../setup/secret-values.ts';
import { wantedServers } from '../setup/server-words.ts';
import { aliasHint } from '../setup/ssh-alias.ts';
import { confirmed, readAll } from './ask.ts';
import { type CliContext, isInteractive, parseTarget } from './context.ts';
import { withRunning } from './session.ts';

/** A snippet of a README has a few kilobytes. */
const MOST_PASTED = 1024 * 1024;
const TOO_MUCH = 'stdin holds more than 1 MiB, which is too much for the entry of a server.';

export interface EditOptions {
  /** Prints the difference and writes nothing. */
  readonly dryRun: boolean;
  /** Asks nothing, and writes secrets too. */
  readonly yes: boolean;
}

/** What a command wants of the hosts file. */
interface Wish {
  readonly changes: readonly HostsChange[];
  readonly notes?: readonly string[];
  /** Names of literal values that look like secrets. */
  readonly secrets?: readonly string[];
  /** Names of values that run a command or read a file of this machine. */
  readonly commands?: readonly string[];
  /** The command that a person wants next. */
  readonly next?: string;
}

interface Edit {
  readonly wish: (open: OpenHostsFile) => Wish;
  /** Makes the user's hosts file where there is none. */
  readonly creates?: boolean;
  /** A new host that ssh alone knows by this name. */
  readonly alias?: string | undefined;
}

export async function runAdd(context: CliContext, host: NewHost, options: EditOptions): Promise<ExitCode> {
  return await edit(context, options, {
    wish: (open) => ({ changes: addHost(open, host), next: `mcp-anywhere doctor ${host.name}` }),
    creates: true,
    alias: host.ssh === undefined ? host.name : undefined,
  });
}

export async function runRemove(context: CliContext, host: string, options: EditOptions): Promise<ExitCode> {
  return await edit(context, options, { wish: (open) => ({ changes: removeHost(open, host) }) });
}

export interface ServerAddOptions extends EditOptions {
  readonly hosts: readonly string[];
  readonly name: string | undefined;
}

export async function runServerAdd(
  context: CliContext,
  words: readonly string[],
  options: ServerAddOptions,
): Promise<ExitCode> {
  const { hosts, name } = options;
  if (hosts.length === 0)
    throw new AnywhereError('USAGE', 'The host for the server is missing.', {
      hint: 'mcp-anywhere server add --host <host> …',
    });
  const isPiped = words.length === 1 && words[0] === '-';
  const wanted = wantedServers(isPiped ? [await readAll(context.io.stdin, MOST_PASTED, TOO_MUCH)] : words);
  return await edit(context, options, { wish: (open) => serversWish(addServers(open, hosts, wanted, name)) });
}

function serversWish({ changes, added, notes }: ReturnType<typeof addServers>): Wish {
  const named = (find: (entry: unknown) => readonly string[]): string[] =>
    added.flatMap(([host, server, entry]) => find(entry).map((name) => `${host}/${server}: ${name}`));
  const [first] = added;
  const next = first === undefined ? {} : { next: `mcp-anywhere tools ${first[0]}/${first[1]}` };
  return { changes, notes, secrets: named(secretsOf), commands: named(commandsOf), ...next };
}

export async function runServerRemove(context: CliContext, target: string, options: EditOptions): Promise<ExitCode> {
  const { host, server } = serverTarget(target);
  return await edit(context, options, { wish: (open) => ({ changes: removeServer(open, host, server) }) });
}

export async function runServerSwitch(
  context: CliContext,
  target: string,
  enabled: boolean,
  options: EditOptions,
): Promise<ExitCode> {
  const { host, server } = serverTarget(target);
  return await edit(context, options, { wish: (open) => ({ changes: switchServer(open, host, server, enabled) }) });
}

function serverTarget(target: string): { readonly host: string; readonly server: string } {
  const { host, server } = parseTarget(target);
  if (server !== undefined) return { host, server };
  throw new AnywhereError('USAGE', `${target} is a host. Name one of its servers: ${target}/<server>.`, {
    host,
    hint: 'mcp-anywhere tools',
  });
}

/** Enough for a dozen commands at once, each of which writes for a few milliseconds. */
const ATTEMPTS = 40;
const PAUSE_MS = 50;

/** The edit is made anew, and asked about anew, where another command was faster: both changes stay. */
async function edit(context: CliContext, options: EditOptions, wanted: Edit): Promise<ExitCode> {
  for (let left = ATTEMPTS; ; left -= 1) {
    try {
      return await editOnce(context, options, wanted);
    } catch (error) {
      if (!(error instanceof HostsFileChanged) || left === 0) throw error;
      await sleep(Math.random() * PAUSE_MS, undefined, { signal: context.io.signal });
    }
  }
}

async function editOnce(
  context: CliContext,
  options: EditOptions,
  { wish, creates = false, alias }: Edit,
): Promise<ExitCode> {
  const place = editPlace(context);
  const open = await openForEdit(place, { creates });
  const wanted = wish(open);
  const prepared = prepareEdit(open, wanted.changes, context.io.homeDir);
  const written = wanted.changes.length > 0 && !options.dryRun;
  const show = (): void => {
    if (!context.globals.json) context.out.write(prepared.diff);
  };
  const isAsked = written && needsConsent(wanted, options);
  if (isAsked) {
    show();
    await requireConsent(context, wanted);
  }
  if (written) await saveEdit(open, prepared, place);
  if (!isAsked) show();
  if (written) await putInForce(context);
  // ssh runs what a `configFile` says (Match exec), so only a trusted file may name one.
  const hints = written ? await hintsFor(alias, prepared.plan, place) : [];
  const notes = [...notesOf(wanted), ...hints];
  report(context, options, wanted, {
    file: open.file,
    written,
    created: written && open.existing === undefined,
    keys: wanted.changes.map(({ path }) => formatKey(path)),
    diff: prepared.diff,
    secrets: wanted.secrets ?? [],
    notes,
  });
  return EXIT.ok;
}

/** A daemon with a host that does not answer still reads the file by itself. */
const IN_FORCE_MS = 3_000;

/** The next command sees the change: a running daemon has read the file when this one ends. */
async function putInForce(context: CliContext): Promise<void> {
  const late = (): AnywhereError => new AnywhereError('NO_DAEMON', 'The daemon does not answer.');
  const limit = deadline(systemClock(), IN_FORCE_MS, late, context.io.signal);
  try {
    await withRunning(context, (client) => client.request('reload', {}, limit.signal));
  } catch (error) {
    context.io.signal.throwIfAborted();
    // Where no daemon answers, the next one reads the file.
    if (!(error instanceof AnywhereError)) throw error;
  } finally {
    limit.clear();
  }
}

function notesOf({ notes = [], secrets = [] }: Wish): string[] {
  return [...notes, ...secrets.map(secretNote)];
}

async function hintsFor(alias: string | undefined, plan: Plan, place: EditPlace): Promise<string[]> {
  const ssh = plan.hosts.find(({ name }) => name === alias)?.ssh;
  const hint = ssh === undefined ? undefined : await aliasHint(ssh, place);
  return hint === undefined ? [] : [hint];
}

function secretNote(name: string): string {
  return `${name} holds a value that looks like a secret. To put the value into the keychain: mcp-anywhere secret move`;
}

/** Secrets come into the file, and commands of pasted text into force, only where a person says so. */
function needsConsent({ secrets = [], commands = [] }: Wish, { yes }: EditOptions): boolean {
  return !yes && secrets.length + commands.length > 0;
}

async function requireConsent(context: CliContext, { secrets = [], commands = [] }: Wish): Promise<void> {
  const what = [
    ...(secrets.length === 0 ? [] : [`values that look like secrets (${secrets.join(', ')})`]),
    ...(commands.length === 0
      ? []
      : [`values that run a command, or read a file or a stored secret, on this machine (${commands.join(', ')})`]),
  ].join(' and ');
  if (isInteractive(context.io) && (await confirmed(context, `Write ${what} into the hosts file?`))) return;
  throw new AnywhereError('USAGE', `Nothing was written: the entry has ${what}.`, {
    hint: 'write ${env:NAME} instead of the value and set NAME in your environment, or run the command again with --yes',
  });
}

function report({ globals, out, style }: CliContext, { dryRun }: EditOptions, wish: Wish, result: HostsFileEdit): void {
  if (globals.json) {
    out.json<'hosts file edit'>(result);
    return;
  }
  for (const note of result.notes) out.note(`${oneLine(`note: ${asTyped(note, style.program)}`)}\n`);
  const { file, written, created, keys } = result;
  if (keys.length === 0) out.note(`${oneLine(`Nothing to change: ${file} already says so.`)}\n`);
  else if (dryRun) out.note(`${oneLine(`Nothing was written to ${file} (--dry-run).`)}\n`);
  else if (written) {
    out.note(
      `${oneLine(`${created ? 'Created' : 'Changed'} ${file}. A running daemon applies the change at once.`)}\n`,
    );
    if (wish.next !== undefined) out.note(`Next: ${asTyped(wish.next, style.program)}\n`);
  }
}

export function editPlace({ io, globals }: CliContext): EditPlace {
  const { env, cwd, homeDir, platform } = io;
  return { explicit: globals.config, env, cwd, homeDir, paths: resolvePaths(env, platform, homeDir), now: Date.now };
}

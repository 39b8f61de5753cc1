/** `install` and `uninstall`: shows what would change in the files of AI clients, asks, and makes the changes. */

import type { ClientChange } from '../api/clients.ts';
import { AnywhereError, asAnywhereError, type ErrorReport, type ExitCode, reportOf } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import type { Intent, Ourselves } from '../setup/change.ts';
import {
  checkLasting,
  clientNamed,
  failedChange,
  installedClients,
  makeChange,
  ourselves,
  type PlannedChange,
  planChange,
  reportedChange,
  type Surroundings,
} from '../setup/install.ts';
import { confirmed } from './ask.ts';
import { type CliContext, isInteractive } from './context.ts';
import { combinedExit } from './report.ts';
import type { Style } from './style.ts';

export interface InstallOptions {
  readonly yes: boolean;
  readonly dryRun: boolean;
}

interface Planned {
  readonly report: ClientChange;
  /** Absent where the file cannot be changed. */
  readonly change?: PlannedChange;
}

export async function runInstall(
  context: CliContext,
  intent: Intent,
  names: readonly string[],
  options: InstallOptions,
): Promise<ExitCode> {
  const clients = await changedClients(context, intent, names, options);
  const { globals, out, style } = context;
  if (globals.json) out.json<'install'>({ dryRun: options.dryRun, clients });
  else if (clients.length === 0) out.write('No AI client on this machine has an entry of MCP-Anywhere.\n');
  else out.write(clientsText(clients, style, options.dryRun));
  return combinedExit(clients.map(({ cause }) => cause));
}

/** Shows the changes, asks, and makes them. With `dryRun` or where nothing is to change, only says what is so. */
export async function changedClients(
  context: CliContext,
  intent: Intent,
  names: readonly string[],
  { yes, dryRun }: InstallOptions,
): Promise<ClientChange[]> {
  const surroundings: Surroundings = { ...context.io, config: context.globals.config };
  if (intent === 'install') checkLasting(context.io.program);
  const us = await ourselves(surroundings);
  const clients = names.length === 0 ? await installedClients(surroundings) : [...new Set(names)].map(clientNamed);
  if (clients.length === 0) throw noClients();
  const all = await Promise.all(clients.map((client) => planFor(intent, client, us, surroundings)));
  // A client that nobody named and that has no entry is of no interest.
  const planned = names.length > 0 ? all : all.filter(({ report }) => report.action !== 'none');
  const open = planned.filter(
    ({ report: { action } }) => action !== 'keep' && action !== 'none' && action !== 'failed',
  );
  if (intent === 'install') warnOfPlace(context, us);
  if (dryRun) return planned.map(({ report }) => report);
  if (open.length > 0 && !yes) await ask(context, open);
  // Also those that stay as they are: `doctor` is to know what a client should hold.
  const made: ClientChange[] = [];
  for (const one of planned) made.push((await madeFrom(intent, one, us, context, surroundings)).report);
  return made;
}

/** A client starts in another folder, and often without the variables of this shell. */
function warnOfPlace({ out, style }: CliContext, { hostsFile, config }: Ourselves): void {
  if (hostsFile === undefined || config !== undefined || hostsFile.source === 'user') return;
  const where = hostsFile.source === 'folder' ? 'a working folder' : 'MCP_ANYWHERE_CONFIG';
  const text = `${hostsFile.file} was found through ${where}, where an AI client may not look.`;
  out.note(
    `${style.warn('!')} ${oneLine(text)}\n    To name the file in the entry: mcp-anywhere install --config ${oneLine(hostsFile.file)}\n`,
  );
}

async function planFor(
  intent: Intent,
  client: ReturnType<typeof clientNamed>,
  us: Ourselves,
  surroundings: Surroundings,
): Promise<Planned> {
  try {
    const change = await planChange(intent, client, us, surroundings);
    return { change, report: reportedChange(change, us) };
  } catch (thrown) {
    return { report: await failedChange(client, surroundings, reportOf(asAnywhereError(thrown))) };
  }
}

async function madeFrom(
  intent: Intent,
  { change, report }: Planned,
  us: Ourselves,
  { io }: CliContext,
  surroundings: Surroundings,
): Promise<Planned> {
  if (change === undefined) return { report };
  try {
    const { byCommand, backup } = await makeChange(intent, change, us, surroundings, io.signal);
    const { command, ...rest } = report;
    return {
      report: {
        ...rest,
        ...(byCommand && command !== undefined ? { command } : {}),
        ...(backup === undefined ? {} : { backup }),
      },
    };
  } catch (thrown) {
    io.signal.throwIfAborted();
    return { report: { ...report, action: 'failed', cause: reportOf(asAnywhereError(thrown)) } };
  }
}

async function ask(context: CliContext, open: readonly Planned[]): Promise<void> {
  if (!isInteractive(context.io))
    throw new AnywhereError('USAGE', 'There is no terminal to ask whether to change the files of AI clients.', {
      evidence: open.map(({ report }) => `${report.title}: \`${report.entry}\` ${WILL[report.action]} ${report.file}`),
      hint: 'add --yes, or look at the changes with --dry-run',
    });
  const clients = open.map(({ report }) => report);
  context.out.note(clientsText(clients, context.style, true));
  if (await confirmed(context, 'Make these changes?')) return;
  throw new AnywhereError('INTERRUPTED', 'Nothing was changed.');
}

type Words = Readonly<Record<ClientChange['action'], string>>;

/** Before the name of the file. */
const SAME = { keep: 'is already in', none: 'is not in', failed: 'could not be changed in' };
const WILL: Words = {
  ...SAME,
  add: 'will be added to',
  update: 'will be updated in',
  replace: 'will replace an entry in',
  remove: 'will be removed from',
  restore: 'will be restored in',
};
const DONE: Words = {
  ...SAME,
  add: 'was added to',
  update: 'was updated in',
  replace: 'replaced an entry in',
  remove: 'was removed from',
  restore: 'was restored in',
};

/** @param isPlan the changes are still to be made */
export function clientsText(clients: readonly ClientChange[], style: Style, isPlan: boolean): string {
  return clients.map((client) => clientText(client, style, isPlan ? WILL : DONE)).join('');
}

function clientText(report: ClientChange, style: Style, words: Words): string {
  const { title, action, entry, file, cause } = report;
  if (cause !== undefined) return `${style.bad('✖')} ${style.bold(oneLine(title))}: ${causeText(cause)}`;
  const isPlan = words === WILL && action !== 'keep';
  const mark = action === 'none' ? style.dim('○') : isPlan ? style.dim('→') : style.good('✓');
  const head = `${mark} ${style.bold(oneLine(title))}: ${oneLine(`\`${entry}\` ${words[action]} ${file}`)}\n`;
  return (
    head +
    detailsOf(report, words === DONE)
      .map((line) => `    ${oneLine(line)}\n`)
      .join('')
  );
}

function causeText({ message, hint }: ErrorReport): string {
  return `${oneLine(message)}\n    Fix: ${oneLine(hint)}\n`;
}

function detailsOf(report: ClientChange, isDone: boolean): readonly string[] {
  const { starts, replaces, variables, leftOut, command, backup, reload } = report;
  return [
    ...(replaces === undefined ? [] : [`replaced entry: ${replaces}`]),
    ...(starts === undefined ? [] : [`starts ${starts.join(' ')}`]),
    ...(variables.length === 0 ? [] : [`passes on ${variables.join(', ')} by reference`]),
    ...(leftOut.length === 0
      ? []
      : [`cannot pass on ${leftOut.join(', ')}: use \${cmd:…} or \${file:…} in the hosts file instead`]),
    ...(command === undefined ? [] : [`by its own command: ${command.join(' ')}`]),
    ...(backup === undefined ? [] : [`backup: ${backup}`]),
    ...(reload === undefined || !isDone ? [] : [`next: ${reload}`]),
  ];
}

function noClients(): AnywhereError {
  return new AnywhereError('USAGE', 'No AI client was found on this machine.', {
    hint: 'name one to create its file: mcp-anywhere install cursor',
  });
}

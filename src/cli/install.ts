/** `install` and `uninstall`: shows what would change in the files of AI clients, asks, and makes the changes. */

import type { ClientChange } from '../api/clients.ts';
import { AnywhereError, asAnywhereError, type ErrorReport, EXIT, type ExitCode, reportOf } from '../base/errors.ts';
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
import { exitOf } from './report.ts';
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
  { yes, dryRun }: InstallOptions,
): Promise<ExitCode> {
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
  if (dryRun) return finish(context, planned, true);
  if (open.length > 0 && !yes) await ask(context, open);
  // Also those that stay as they are: `doctor` is to know what a client should hold.
  const made: Planned[] = [];
  for (const one of planned) made.push(await madeFrom(intent, one, us, context, surroundings));
  return finish(context, made, false);
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
    throw new AnywhereError('USAGE', 'Whether to change the files of AI clients cannot be asked without a terminal.', {
      evidence: open.map(({ report }) => `${report.title}: \`${report.entry}\` ${WILL[report.action]} ${report.file}`),
      hint: 'add --yes, or look at the changes with --dry-run',
    });
  context.out.note(textOf(open, context.style, WILL));
  if (await confirmed(context, 'Make these changes?')) return;
  throw new AnywhereError('INTERRUPTED', 'Nothing was changed.');
}

function finish(context: CliContext, planned: readonly Planned[], dryRun: boolean): ExitCode {
  const { globals, out, style } = context;
  const clients = planned.map(({ report }) => report);
  if (globals.json) out.json<'install'>({ dryRun, clients });
  else if (planned.length === 0) out.write('No AI client on this machine has an entry of MCP-Anywhere.\n');
  else out.write(textOf(planned, style, dryRun ? WILL : DONE));
  const causes = clients.flatMap(({ cause }) => cause ?? []);
  const [first] = causes;
  if (first === undefined) return EXIT.ok;
  return causes.length < clients.length ? EXIT.partly : exitOf(first);
}

type Words = Readonly<Record<ClientChange['action'], string>>;

/** Before the name of the file. */
const SAME = { keep: 'is already in', none: 'is not in', failed: 'could not be changed in' };
const WILL: Words = {
  ...SAME,
  add: 'goes into',
  update: 'is brought up to date in',
  replace: 'replaces an entry of',
  remove: 'leaves',
  restore: 'becomes what it was before in',
};
const DONE: Words = {
  ...SAME,
  add: 'was added to',
  update: 'was brought up to date in',
  replace: 'replaced an entry of',
  remove: 'was removed from',
  restore: 'is again what it was before in',
};

function textOf(planned: readonly Planned[], style: Style, words: Words): string {
  return planned.map(({ report }) => clientText(report, style, words)).join('');
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
    ...(replaces === undefined ? [] : [`which held: ${replaces}`]),
    ...(starts === undefined ? [] : [`starts ${starts.join(' ')}`]),
    ...(variables.length === 0 ? [] : [`passes on ${variables.join(', ')} by reference`]),
    ...(leftOut.length === 0
      ? []
      : [`cannot pass on ${leftOut.join(', ')}: use \${cmd:…} or \${file:…} in the hosts file instead`]),
    ...(command === undefined ? [] : [`by its own command: ${command.join(' ')}`]),
    ...(backup === undefined ? [] : [`the file as it was: ${backup}`]),
    ...(reload === undefined || !isDone ? [] : [`next: ${reload}`]),
  ];
}

function noClients(): AnywhereError {
  return new AnywhereError('USAGE', 'No AI client was found on this machine.', {
    hint: 'name one, and its file is created: mcp-anywhere install cursor',
  });
}

/** What `init` tells a person. */
import { counted } from '../base/counted.ts';
import { durationText } from '../base/duration.ts';
import type { ErrorReport } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { asTyped, messageAt, nextStep } from '../model/words.ts';
import type { CheckedHost, InitOutcome } from '../setup/init.ts';
import type { SeenServer, ServerStart } from '../setup/init-trial.ts';
import { machineText } from '../setup/machine.ts';
import { evidenceLines } from './report.ts';
import type { Style } from './style.ts';

/** Of the steps, those that a person knows by name. */
const SHOWN = ['agent', 'host-key', 'login'];

export function lookText({ host, steps, machine, seen, unread = [], cause }: CheckedHost, style: Style): string {
  const name = style.bold(oneLine(host.name));
  const known = steps.filter(
    ({ check, outcome }) => SHOWN.includes(check) && outcome !== 'failed' && outcome !== 'skipped',
  );
  const lines = [
    ...known.map(
      ({ outcome, text }) => `  ${outcome === 'ok' ? style.good('✓') : style.warn('!')} ${messageAt(host.name, text)}`,
    ),
    ...steps
      .filter(({ check, outcome }) => check === 'ssh-config' && outcome === 'warning')
      .map(({ text }) => `  ${style.warn('!')} ${oneLine(text)}`),
    ...unread.map(
      ({ client, file, problem }) =>
        `  ${style.warn('!')} ${oneLine(`${file} of ${client} there cannot be read: ${problem}`)}`,
    ),
    ...(seen.length === 0 ? [] : [`  ${style.dim('○')} AI clients there have ${seenText(seen)}`]),
  ];
  const head =
    cause === undefined
      ? `${style.good('✓')} ${name}${machine === undefined ? '' : `: ${machineText(machine)}`}`
      : `${style.bad('✖')} ${name}`;
  return `${[head, ...lines].join('\n')}\n${cause === undefined ? '' : causeText(cause, host.ssh ?? host.name, style)}`;
}

/** As "git (cursor, codex), notes (zed: switched off)". */
export function seenText(seen: readonly SeenServer[]): string {
  const named = seen.map(({ name, clients, whyNot }) => {
    return `${name} (${clients.join(', ')}${whyNot === undefined ? '' : `: ${whyNot}`})`;
  });
  return oneLine(named.join(', '));
}

export function startText({ host, server, tools, durationMs, cause }: ServerStart, style: Style): string {
  const name = style.bold(oneLine(`${host}/${server}`));
  if (cause !== undefined) return `${style.bad('✖')} ${name}\n${causeText(cause, host, style)}`;
  return `${style.good('✓')} ${name}: ${counted(tools ?? 0, 'tool')}, ${durationText(durationMs)}\n`;
}

/** What happened, why, and the next command. @param word the host as `init` takes it */
function causeText(cause: ErrorReport, word: string, style: Style): string {
  const evidence = evidenceLines(cause.evidence ?? []);
  const [first, ...why] = [messageAt(cause.host ?? '', cause.message), ...evidence.slice(0, 8)];
  const label = (word: string, text: string): string => `  ${style.dim(word)} ${text}\n`;
  const fix = label('Fix:', fixOf(cause, word, style));
  return [label('Why:', first), ...why.map((line) => label('    ', line)), fix].join('');
}

/** Commands that need the host in the hosts file come later. */
function fixOf(cause: ErrorReport, word: string, { program }: Style): string {
  const again = oneLine(`mcp-anywhere init --hosts ${word}`);
  // As the hint has the program, so that a step is recognised however the program was called.
  const steps = nextStep(cause, 'mcp-anywhere')
    .split('; ')
    .map((step) => (/^mcp-anywhere (?:doctor|trust|logs) /.test(step) ? again : step))
    .map((step) => step.replaceAll('`mcp-anywhere status`', `\`${again}\``));
  return asTyped([...new Set(steps)].join('; '), program);
}

export function outcomeText({ file, written, created, hosts, servers, diff }: InitOutcome, dryRun: boolean): string {
  const place = oneLine(file);
  if (dryRun) return `Nothing was written to ${place} (--dry-run).\n`;
  // Nothing could be added, or the person said no; a file that has all of it needs nothing.
  const isComplete = diff === '' && hosts.some(({ isChosen }) => isChosen);
  if (!written) return isComplete ? `${place} needs no change.\n` : `Nothing was written to ${place}.\n`;
  const added = hosts.filter(({ isChosen }) => isChosen).length;
  const tools = servers.reduce((sum, server) => sum + (server.tools ?? 0), 0);
  const started = servers.filter(({ cause }) => cause === undefined).length;
  const what = `${counted(added, 'host')}, ${counted(started, 'server')}, ${counted(tools, 'tool')}`;
  return `${created ? 'Created' : 'Changed'} ${place}: ${what}.\n`;
}

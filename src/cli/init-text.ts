/** What `init` tells a person. */
import { counted } from '../base/counted.ts';
import type { ErrorReport } from '../base/errors.ts';
import { harmless, oneLine } from '../base/harmless.ts';
import { asTyped, messageAt, nextStep } from '../model/words.ts';
import type { CheckedHost, InitOutcome } from '../setup/init.ts';
import type { SeenServer, ServerStart } from '../setup/init-trial.ts';
import { machineText } from '../setup/machine.ts';
import type { Style } from './style.ts';

/** Of the steps, those that a person knows by name. */
const SHOWN = ['agent', 'host-key', 'login'];

export function lookText({ host, steps, machine, seen, cause }: CheckedHost, style: Style): string {
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
    ...(seen.length === 0 ? [] : [`  ${style.dim('○')} AI clients there have ${seenText(seen)}`]),
  ];
  const head =
    machine === undefined ? `${style.bad('✖')} ${name}` : `${style.good('✓')} ${name}: ${machineText(machine)}`;
  return `${[head, ...lines].join('\n')}\n${cause === undefined ? '' : causeText(cause, style)}`;
}

/** As "git (cursor, codex), notes (zed: off, or incomplete)". */
export function seenText(seen: readonly SeenServer[]): string {
  const named = seen.map(({ name, clients, canStart }) => {
    return `${name} (${clients.join(', ')}${canStart ? '' : ': off, or incomplete'})`;
  });
  return oneLine(named.join(', '));
}

export function startText({ host, server, tools, durationMs, cause }: ServerStart, style: Style): string {
  const name = style.bold(oneLine(`${host}/${server}`));
  if (cause !== undefined) return `${style.bad('✖')} ${name}\n${causeText(cause, style)}`;
  return `${style.good('✓')} ${name}: ${counted(tools ?? 0, 'tool')}, ${(durationMs / 1000).toFixed(1)} s\n`;
}

/** What happened, why, and the next command, for a host that is in no hosts file yet. */
export function causeText(cause: ErrorReport, style: Style): string {
  const evidence = (cause.evidence ?? []).flatMap((text) => harmless(text).trimEnd().split('\n'));
  const [first, ...why] = [messageAt(cause.host ?? '', cause.message), ...evidence.slice(0, 8)];
  const label = (word: string, text: string): string => `  ${style.dim(word)} ${text}\n`;
  return [label('Why:', first), ...why.map((line) => label('    ', line)), label('Fix:', fixOf(cause, style))].join('');
}

/** Commands that need the host in the hosts file come later. */
function fixOf(cause: ErrorReport, { program }: Style): string {
  const host = oneLine(cause.host ?? '');
  // As the hint has the program, so that a step is recognised however the program was called.
  const steps = nextStep(cause, 'mcp-anywhere')
    .split('; ')
    .map((step) => (/^mcp-anywhere (?:doctor|trust|logs) /.test(step) ? `mcp-anywhere init --hosts ${host}` : step));
  return asTyped([...new Set(steps)].join('; '), program);
}

export function outcomeText({ file, written, created, hosts, servers, diff }: InitOutcome, dryRun: boolean): string {
  const place = oneLine(file);
  if (dryRun) return `Nothing was written to ${place} (--dry-run).\n`;
  if (!written) return diff === '' ? `${place} needs no change.\n` : `Nothing was written to ${place}.\n`;
  const added = hosts.filter(({ isChosen }) => isChosen).length;
  const tools = servers.reduce((sum, server) => sum + (server.tools ?? 0), 0);
  const started = servers.filter(({ cause }) => cause === undefined).length;
  const what = `${counted(added, 'host')}, ${counted(started, 'server')}, ${counted(tools, 'tool')}`;
  return `${created ? 'Created' : 'Changed'} ${place}: ${what}. A running daemon applies the change at once.\n`;
}

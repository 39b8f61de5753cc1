/** `explain <code|host|host/server>`: what an error code means, or what is wrong with a part and what helps. */
import { AnywhereError, ERROR_CODES, type ErrorReport, EXIT, type ExitCode, isErrorCode } from '../base/errors.ts';
import { nearMiss } from '../config/near-miss.ts';
import type { HostStatus, StatusSnapshot } from '../daemon/control-schema.ts';
import type { CliContext } from './context.ts';
import { formatError } from './report.ts';
import { settled } from './status.ts';
import { parseTarget, type Target } from './target.ts';

export async function runExplain(context: CliContext, subject: string): Promise<ExitCode> {
  const code = subject.toUpperCase();
  if (isErrorCode(code)) explainCode(context, code);
  else await explainTarget(context, parseTarget(subject));
  return EXIT.ok;
}

function explainCode({ globals, out, style }: CliContext, code: keyof typeof ERROR_CODES): void {
  const { meaning, hint, exit } = ERROR_CODES[code];
  if (globals.json) {
    out.json({ code, meaning, hint, exitCode: exit });
    return;
  }
  const next = hint.replaceAll(/\{(\w+)\}/g, '<$1>');
  out.write(
    `${style.bold(code)}: ${meaning}\n  ${style.dim('next')} ${next}\n  ${style.dim('exit')} ${String(exit)}\n`,
  );
}

async function explainTarget(context: CliContext, target: Target): Promise<void> {
  const causes = causesOf(await settled(context, target.host), target);
  if (context.globals.json) context.out.json({ ...target, causes });
  else if (causes.length === 0)
    context.out.write(`Nothing is wrong with ${[target.host, target.server].filter(Boolean).join('/')}.\n`);
  else context.out.write(causes.map((cause) => formatError(cause, context.style)).join('\n'));
}

export function causesOf(snapshot: StatusSnapshot, target: Target): readonly ErrorReport[] {
  const host = snapshot.hosts.find(({ name }) => name === target.host);
  if (host === undefined)
    throw unknownName(
      target.host,
      snapshot.hosts.map(({ name }) => name),
    );
  return [...(host.cause === undefined ? [] : [host.cause]), ...serverCauses(host, target.server)];
}

function serverCauses(host: HostStatus, wanted: string | undefined): readonly ErrorReport[] {
  const names = host.servers.map(({ name }) => name);
  if (wanted !== undefined && !names.includes(wanted)) throw unknownName(wanted, names);
  const servers = host.servers.filter(({ name }) => wanted === undefined || name === wanted);
  return servers.flatMap(({ cause, problems }) => (cause === undefined ? problems : [cause, ...problems]));
}

function unknownName(name: string, known: readonly string[]): AnywhereError {
  const near = nearMiss(name, known);
  return new AnywhereError(
    'USAGE',
    `The hosts file has no ${name}${near === undefined ? '' : `; did you mean ${near}?`}`,
    {
      evidence: [`it has ${known.join(', ')}`],
      hint: 'mcp-anywhere status',
    },
  );
}

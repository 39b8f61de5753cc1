/** `explain <code|host|host/server>`: what an error code means, or how a part fares, on what evidence, and what helps. */
import { ERROR_CODES, EXIT, type ExitCode, isErrorCode } from '../base/errors.ts';
import type { Explanation } from '../daemon/control-schema.ts';
import type { CliContext } from './context.ts';
import { oneLine } from './output.ts';
import { withAny } from './session.ts';
import type { Style } from './style.ts';
import { parseTarget } from './target.ts';

/** Where no daemon runs, the host is tried here. */
const SETTLE_MS = 30_000;

export async function runExplain(context: CliContext, subject: string): Promise<ExitCode> {
  const code = subject.toUpperCase();
  if (isErrorCode(code)) explainCode(context, code);
  else await explainTarget(context, subject);
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

async function explainTarget(context: CliContext, subject: string): Promise<void> {
  const target = parseTarget(subject);
  const explanation = await withAny(context, async (client) => {
    const { daemon } = await client.request('status', {}, context.io.signal);
    if (daemon === null) {
      context.out.progress(`connecting to ${target.host} …`);
      await client.request('settle', { withinMs: SETTLE_MS, host: target.host }, context.io.signal);
      context.out.progress('');
    }
    return await client.request('explain', { subject }, context.io.signal);
  });
  if (context.globals.json) context.out.json({ ...target, ...explanation });
  else context.out.write(explanationText(explanation, context.style));
}

/** Texts of remote machines are in it. */
export function explanationText({ title, lines, hint, causes }: Explanation, style: Style): string {
  return [
    `${causes.length === 0 ? '' : `${style.bad('✖')} `}${style.bold(oneLine(title))}`,
    ...lines.map((line) => `  ${oneLine(line)}`),
    ...(hint === undefined ? [] : [`  ${style.dim('next')} ${oneLine(hint)}`]),
    '',
  ].join('\n');
}

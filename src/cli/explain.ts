/** `explain <code|host|pool|host/server>`: what an error code means, or the state of a part, its evidence and the next step. */

import type { Explanation } from '../api/control.ts';
import { ERROR_CODES, EXIT, type ExitCode, isErrorCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { asTyped } from '../model/words.ts';
import type { CliContext } from './context.ts';
import { parseTarget } from './context.ts';
import { withAny } from './session.ts';
import type { Style } from './style.ts';

/** How long a connection may take where no daemon runs. */
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
    out.json<'explain code'>({ code, meaning, hint, exitCode: exit });
    return;
  }
  const next = hint.replaceAll(/\{(\w+)\}/g, '<$1>');
  out.write(
    `${style.bold(code)}: ${meaning}\n  ${style.dim('next')} ${asTyped(next, style.program)}\n  ${style.dim('exit')} ${String(exit)}\n`,
  );
}

async function explainTarget(context: CliContext, subject: string): Promise<void> {
  const target = parseTarget(subject);
  const { signal } = context.io;
  const [explanation, isPool] = await withAny(context, async (client) => {
    const { daemon, pools } = await client.request('status', {}, signal);
    const found = pools?.some(({ name }) => name === subject) === true;
    if (daemon === null) {
      context.out.progress(`connecting to ${target.host} …`);
      // A pool depends on the hosts of its members.
      await client.request('settle', { withinMs: SETTLE_MS, ...(found ? {} : { host: target.host }) }, signal);
    }
    return [await client.request('explain', { subject }, signal), found] as const;
  });
  if (context.globals.json) context.out.json<'explain'>({ ...(isPool ? { pool: subject } : target), ...explanation });
  else context.out.write(explanationText(explanation, context.style));
}

/** The explanation holds text of remote machines. */
export function explanationText({ title, lines, hint, causes }: Explanation, style: Style): string {
  return [
    `${causes.length === 0 ? '' : `${style.bad('✖')} `}${style.bold(oneLine(title))}`,
    ...lines.map((line) => `  ${oneLine(line)}`),
    ...(hint === undefined ? [] : [`  ${style.dim('next')} ${oneLine(asTyped(hint, style.program))}`]),
    '',
  ].join('\n');
}

/** `explain <code|host|pool|host/server>`: what an error code means, or the state of a part, its evidence and the next step. */

import type { Explanation } from '../api/control.ts';
import { ERROR_PAGES } from '../base/error-pages.ts';
import { ERROR_CODES, type ErrorCode, EXIT, type ExitCode, isErrorCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { asTyped } from '../model/words.ts';
import type { CliContext } from './context.ts';
import { parseTarget } from './context.ts';
import { withAny } from './session.ts';
import { type Style, widthOf } from './style.ts';
import { wrappedBy } from './wrap.ts';

/** How long a connection may take where no daemon runs. */
const SETTLE_MS = 30_000;

export async function runExplain(context: CliContext, subject: string): Promise<ExitCode> {
  const code = subject.toUpperCase();
  if (isErrorCode(code)) explainCode(context, code);
  else await explainTarget(context, subject);
  return EXIT.ok;
}

function explainCode({ globals, io, out, style }: CliContext, code: ErrorCode): void {
  const { meaning, hint, exit } = ERROR_CODES[code];
  if (globals.json) out.json<'explain code'>({ code, meaning, hint, exitCode: exit, causes: ERROR_PAGES[code] });
  else out.write(pageText(code, style, io.stdout.isTTY ? Math.min(io.stdout.columns, WIDEST) : undefined));
}

/** Wider lines are hard to read. */
const WIDEST = 110;

/** @param width undefined: no line is broken, so that programs such as grep find whole sentences */
export function pageText(code: ErrorCode, style: Style, width?: number): string {
  const { meaning, hint, exit } = ERROR_CODES[code];
  const causes = ERROR_PAGES[code].flatMap(({ cause, see, fix }) => [
    '',
    `• ${cause}`,
    `  ${style.dim('see')}  ${asTyped(see, style.program)}`,
    `  ${style.dim('do')}   ${asTyped(fix, style.program)}`,
  ]);
  const lines = [
    `${style.bold(code)}: ${meaning}`,
    ...causes,
    '',
    `  ${style.dim('next')} ${asTyped(hint.replaceAll('{host}', 'gpu1').replaceAll('{server}', 'files'), style.program)}`,
    `  ${style.dim('exit')} ${String(exit)}`,
    ...(isAboutPlace(code) ? ['', style.dim('gpu1 and gpu1/files stand for your host and server.')] : []),
  ];
  return lines.map((line) => `${width === undefined ? line : wrappedBy(line, width, INDENT)}\n`).join('');
}

/** True where the page names a host as an example. */
export function isAboutPlace(code: ErrorCode): boolean {
  return /gpu1|\{host\}/.test(JSON.stringify([ERROR_CODES[code].hint, ERROR_PAGES[code]]));
}

const INDENT = 7;
const LINE_INDENT = 4;

async function explainTarget(context: CliContext, subject: string): Promise<void> {
  const target = parseTarget(subject);
  const { signal } = context.io;
  const [explanation, isPool] = await withAny(context, async (client) => {
    const { daemon, pools, hosts } = await client.request('status', {}, signal);
    const found = pools?.some(({ name }) => name === subject) === true;
    // An unknown name connects to nothing, and `explain` says what it may have meant.
    if (daemon === null && (found || hosts.some(({ name }) => name === target.host))) {
      context.out.progress(`connecting to ${target.host} …`);
      // A pool depends on the hosts of its members.
      await client.request('settle', { withinMs: SETTLE_MS, ...(found ? {} : { host: target.host }) }, signal);
    }
    return [await client.request('explain', { subject }, signal), found] as const;
  });
  if (context.globals.json) context.out.json<'explain'>({ ...(isPool ? { pool: subject } : target), ...explanation });
  else context.out.write(explanationText(explanation, context.style, widthOf(context.io)));
}

/** The explanation holds text of remote machines. */
export function explanationText(
  { title, lines, hint, works, causes }: Explanation,
  style: Style,
  width = Number.POSITIVE_INFINITY,
): string {
  const [first] = causes;
  return [
    `${first === undefined ? '' : `${works === true ? style.warn('!') : style.bad('✖')} `}${style.bold(oneLine(title))}`,
    ...lines.map((line) => wrappedBy(`  ${oneLine(line)}`, width, LINE_INDENT)),
    ...(hint === undefined ? [] : [`  ${style.dim('next')} ${oneLine(asTyped(hint, style.program))}`]),
    ...(first === undefined ? [] : [`  ${style.dim('more')} ${style.program} explain ${oneLine(first.code)}`]),
    '',
  ].join('\n');
}

/** `logs [host[/server]]`: what servers and connections said, and with `-f` what they go on to say. */

import { sleep, systemClock } from '../base/clock.ts';
import { EXIT, type ExitCode } from '../base/errors.ts';
import type { LogEntry } from '../daemon/control-schema.ts';
import type { CliContext } from './context.ts';
import { harmless, SCHEMA_VERSION } from './output.ts';
import { withClient } from './session.ts';
import type { Style } from './style.ts';
import { parseTarget } from './target.ts';

export interface LogsOptions {
  readonly follow: boolean;
  readonly lines: number;
}

/** Other processes write the logs, so following means looking again. */
const LOOK_AGAIN_MS = 500;

export async function runLogs(
  context: CliContext,
  target: string | undefined,
  options: LogsOptions,
): Promise<ExitCode> {
  const wanted = target === undefined ? {} : parseTarget(target);
  return await withClient(context, async (client) => {
    const read = async (lines: number): Promise<readonly LogEntry[]> =>
      (await client.request('logs', { ...wanted, lines }, context.io.signal)).entries;
    const entries = await read(options.lines);
    if (options.follow) return await follow(context, entries, read);
    if (context.globals.json) context.out.json({ entries });
    else showEntries(context, entries);
    return EXIT.ok;
  });
}

async function follow(
  context: CliContext,
  first: readonly LogEntry[],
  read: (lines: number) => Promise<readonly LogEntry[]>,
): Promise<ExitCode> {
  const clock = systemClock();
  let seen = first;
  showEntries(context, first);
  while (!context.io.signal.aborted) {
    await sleep(clock, LOOK_AGAIN_MS, context.io.signal);
    const now = await read(1000);
    showEntries(context, unseen(seen, now));
    if (now.length > 0) seen = now;
  }
  return EXIT.ok;
}

/**
 * Entries of `now` that came after those `before`. Entries have no number, so the newest ones known
 * are looked for by content: equal lines in the same millisecond count as often as they occur.
 */
export function unseen(before: readonly LogEntry[], now: readonly LogEntry[]): readonly LogEntry[] {
  const newest = Math.max(Number.NEGATIVE_INFINITY, ...before.map((entry) => entry.atMs));
  const known = new Map<string, number>();
  for (const entry of before) if (entry.atMs === newest) known.set(keyOf(entry), (known.get(keyOf(entry)) ?? 0) + 1);
  return now.filter((entry) => {
    if (entry.atMs !== newest) return entry.atMs > newest;
    const left = known.get(keyOf(entry)) ?? 0;
    known.set(keyOf(entry), left - 1);
    return left <= 0;
  });
}

function keyOf({ host, server, stream, line }: LogEntry): string {
  return JSON.stringify([host, server, stream, line]);
}

function showEntries(context: CliContext, entries: readonly LogEntry[]): void {
  const { globals, out, style } = context;
  for (const entry of entries) {
    out.write(
      globals.json ? `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...entry })}\n` : entryLine(entry, style),
    );
  }
}

export function entryLine(entry: LogEntry, style: Style): string {
  const where = entry.server === undefined ? entry.host : `${entry.host}/${entry.server}`;
  const stream = entry.stream === 'stderr' ? '' : style.dim(` [${entry.stream}]`);
  return `${style.dim(new Date(entry.atMs).toISOString())} ${style.bold(where)}${stream} ${harmless(entry.line)}\n`;
}

/** `logs [host[/server]]`: what servers and connections wrote; with `-f` new lines too. */

import type { ControlNotifications, LogEntry } from '../api/control.ts';
import { orAbort } from '../base/abort.ts';
import { sleep, systemClock } from '../base/clock.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { harmless } from '../base/harmless.ts';
import type { ControlClient } from '../control/client.ts';
import type { CliContext } from './context.ts';
import { parseTarget, type Target } from './context.ts';
import { withAny, withRunning } from './session.ts';
import type { Style } from './style.ts';

export interface LogsOptions {
  readonly follow: boolean;
  readonly lines: number;
  /** Empty: all. */
  readonly streams: readonly LogEntry['stream'][];
}

type Wanted = Partial<Target> & Pick<LogsOptions, 'streams'>;

export async function runLogs(
  context: CliContext,
  target: string | undefined,
  { follow, lines, streams }: LogsOptions,
): Promise<ExitCode> {
  const wanted = { ...(target === undefined ? {} : parseTarget(target)), streams };
  if (follow) return await followLogs(context, wanted, lines);
  // The lines are in files, which need no daemon.
  const entries = await withAny(context, async (client) => {
    await requireTarget(context, client, wanted);
    return await lastLines(context, client, wanted, lines);
  });
  if (context.globals.json) context.out.json<'logs'>({ entries });
  else showEntries(context, entries);
  return EXIT.ok;
}

/** Throws for an unknown name, which would have an empty log. */
async function requireTarget(context: CliContext, client: ControlClient, { host, server }: Wanted): Promise<void> {
  const subject = server === undefined ? host : `${host ?? ''}/${server}`;
  if (subject !== undefined) await client.request('explain', { subject }, context.io.signal);
}

async function lastLines(
  context: CliContext,
  client: ControlClient,
  { host, server, streams }: Wanted,
  lines: number,
): Promise<readonly LogEntry[]> {
  const params = {
    ...(host === undefined ? {} : { host }),
    ...(server === undefined ? {} : { server }),
    ...(streams.length === 0 ? {} : { streams }),
    lines,
  };
  return (await client.request('logs', params, context.io.signal)).entries;
}

/** How often a daemon is looked for after the last one has ended. */
const RETRY_MS = 500;

/** Ends with Ctrl-C only. Throws NO_DAEMON where no daemon runs at the start. */
async function followLogs(context: CliContext, wanted: Wanted, lines: number): Promise<never> {
  const { io, out } = context;
  let shownMs = await withRunning(context, (client) => followDaemon(context, client, wanted, { lines }));
  for (;;) {
    out.note('… the daemon has ended: new lines follow when it starts again (Ctrl-C ends)\n');
    shownMs = await nextDaemon(context, wanted, { lines, sinceMs: shownMs });
    io.signal.throwIfAborted();
  }
}

/** Follows the daemon that starts next, to its end. */
async function nextDaemon(context: CliContext, wanted: Wanted, past: Past): Promise<number> {
  for (;;) {
    await sleep(systemClock(), RETRY_MS, context.io.signal);
    try {
      return await withRunning(context, (client) => followDaemon(context, client, wanted, past));
    } catch (error) {
      if (!(error instanceof AnywhereError && error.code === 'NO_DAEMON')) throw error;
    }
  }
}

interface Past {
  readonly lines: number;
  /** Earlier lines have been shown. */
  readonly sinceMs?: number;
}

/** Resolves when the daemon ends, with the time of the last line. */
async function followDaemon(
  context: CliContext,
  client: ControlClient,
  wanted: Wanted,
  { lines, sinceMs = Number.NEGATIVE_INFINITY }: Past,
): Promise<number> {
  await requireTarget(context, client, wanted);
  let early: LogEntry[] | undefined = [];
  let shownMs = sinceMs;
  const show = (entries: readonly LogEntry[]): void => {
    showEntries(context, entries);
    for (const { atMs } of entries) shownMs = Math.max(shownMs, atMs);
  };
  client.on('event', ({ event }) => {
    const entry = entryOf(event);
    if (entry === undefined || !isWanted(entry, wanted)) return;
    if (early === undefined) show([entry]);
    else early.push(entry);
  });
  client.on('events/resync', () => {
    context.out.note('… some lines are missing: they came faster than this terminal could show them\n');
  });
  // Subscribed first, so that no line is lost. A line can then come twice, and `unseen` drops the second one.
  await client.request('events/subscribe', { types: ['log'] }, context.io.signal);
  const entries = (await lastLines(context, client, wanted, lines)).filter(({ atMs }) => atMs > sinceMs);
  show(entries);
  show(unseen(entries, early));
  early = undefined;
  await orAbort(client.ended, context.io.signal);
  return shownMs;
}

function entryOf(event: ControlNotifications['event']['event']): LogEntry | undefined {
  if (event.type !== 'log') return undefined;
  const { atMs, host, server, stream, line } = event;
  return { atMs, host, ...(server === undefined ? {} : { server }), stream, line };
}

function isWanted({ host, server, stream }: LogEntry, wanted: Wanted): boolean {
  if (wanted.host !== undefined && wanted.host !== host) return false;
  if (wanted.server !== undefined && wanted.server !== server) return false;
  return wanted.streams.length === 0 || wanted.streams.includes(stream);
}

/** An event and its entry in the file differ by less than this time. */
const SAME_WITHIN_MS = 100;

/**
 * The entries of `told` that are not in `read`. Entries have no number, so content and time identify them, and equal
 * lines count as often as they occur.
 */
export function unseen(read: readonly LogEntry[], told: readonly LogEntry[]): readonly LogEntry[] {
  const left = [...read];
  return told.filter((entry) => {
    const at = left.findIndex((one) => isSame(one, entry));
    if (at === -1) return true;
    left.splice(at, 1);
    return false;
  });
}

function isSame(one: LogEntry, other: LogEntry): boolean {
  return (
    Math.abs(one.atMs - other.atMs) <= SAME_WITHIN_MS &&
    one.line === other.line &&
    one.stream === other.stream &&
    one.host === other.host &&
    one.server === other.server
  );
}

function showEntries(context: CliContext, entries: readonly LogEntry[]): void {
  const { globals, out, style } = context;
  for (const entry of entries) {
    if (globals.json) out.jsonLine<'log line'>(entry);
    else out.write(entryLine(entry, style));
  }
}

export function entryLine(entry: LogEntry, style: Style): string {
  const where = entry.server === undefined ? entry.host : `${entry.host}/${entry.server}`;
  const stream = entry.stream === 'stderr' ? '' : style.dim(` [${entry.stream}]`);
  return `${style.dim(new Date(entry.atMs).toISOString())} ${style.bold(where)}${stream} ${harmless(entry.line)}\n`;
}

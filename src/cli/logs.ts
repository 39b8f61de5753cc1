/** `logs [host[/server]]`: what servers and connections wrote; with `-f` new lines too. */

import type { ControlNotifications, LogEntry } from '../api/control.ts';
import { orAbort } from '../base/abort.ts';
import { sleep, systemClock } from '../base/clock.ts';
import { AnywhereError, EXIT, type ExitCode } from '../base/errors.ts';
import { harmless } from '../base/harmless.ts';
import { localTime } from '../base/local-time.ts';
import type { ControlClient } from '../control/client.ts';
import type { CliContext } from './context.ts';
import { parseTarget, type Target } from './context.ts';
import { LineFilter, sinceOf } from './log-filter.ts';
import { withAny, withRunning } from './session.ts';
import type { Style } from './style.ts';

export interface LogsOptions {
  readonly follow: boolean;
  /** Undefined: 200, or all with `since`. */
  readonly lines: number | undefined;
  /** Empty: all. */
  readonly streams: readonly LogEntry['stream'][];
  /** A duration before now, or a time. */
  readonly since: string | undefined;
  /** A regular expression. */
  readonly grep: string | undefined;
  /** Whole times in UTC. */
  readonly timestamps: boolean;
}

interface Wanted extends Partial<Target>, Pick<LogsOptions, 'streams' | 'timestamps'> {
  readonly lines: number;
  /** Wall clock, ms. */
  readonly sinceMs: number;
  readonly filter: LineFilter | undefined;
}

const USUAL_LINES = 200;
/** More lines than the files of one server hold. */
const MOST_LINES = 100_000;

export async function runLogs(
  context: CliContext,
  target: string | undefined,
  options: LogsOptions,
): Promise<ExitCode> {
  const wanted = wantedBy(options, target);
  if (options.follow) return await followLogs(context, wanted);
  // The lines are in files, which need no daemon.
  const entries = await withAny(context, async (client) => {
    await requireTarget(context, client, wanted);
    return await lastLines(context, client, wanted);
  });
  if (context.globals.json) context.out.json<'logs'>({ entries });
  else showEntries(context, wanted, entries);
  return EXIT.ok;
}

function wantedBy({ lines, streams, since, grep, timestamps }: LogsOptions, target: string | undefined): Wanted {
  return {
    ...(target === undefined ? {} : parseTarget(target)),
    ...{ streams, timestamps },
    lines: lines ?? (since === undefined ? USUAL_LINES : MOST_LINES),
    sinceMs: since === undefined ? Number.NEGATIVE_INFINITY : sinceOf(since, Date.now()),
    filter: grep === undefined ? undefined : new LineFilter(grep),
  };
}

/** Throws for an unknown name, which would have an empty log. */
async function requireTarget(context: CliContext, client: ControlClient, { host, server }: Wanted): Promise<void> {
  const subject = server === undefined ? host : `${host ?? ''}/${server}`;
  if (subject !== undefined) await client.request('explain', { subject }, context.io.signal);
}

async function lastLines(context: CliContext, client: ControlClient, wanted: Wanted): Promise<readonly LogEntry[]> {
  const { host, server, streams, lines, filter, sinceMs } = wanted;
  const params = {
    ...(host === undefined ? {} : { host }),
    ...(server === undefined ? {} : { server }),
    ...(streams.length === 0 ? {} : { streams }),
    lines: filter === undefined ? lines : MOST_LINES,
  };
  const { entries } = await client.request('logs', params, context.io.signal);
  const recent = entries.filter(({ atMs }) => atMs >= sinceMs);
  return (filter?.matching(recent) ?? recent).slice(-lines);
}

/** How often a daemon is looked for after the last one has ended. */
const RETRY_MS = 500;

/** Ends with Ctrl-C only. Throws NO_DAEMON where no daemon runs at the start. */
async function followLogs(context: CliContext, wanted: Wanted): Promise<never> {
  const { io, out } = context;
  let shownMs = await withRunning(context, (client) => followDaemon(context, client, wanted));
  for (;;) {
    out.note('… the daemon has ended: new lines follow when it starts again (Ctrl-C ends)\n');
    shownMs = await nextDaemon(context, wanted, shownMs);
    io.signal.throwIfAborted();
  }
}

/** Follows the daemon that starts next, to its end. */
async function nextDaemon(context: CliContext, wanted: Wanted, shownMs: number): Promise<number> {
  for (;;) {
    await sleep(systemClock(), RETRY_MS, context.io.signal);
    try {
      return await withRunning(context, (client) => followDaemon(context, client, wanted, shownMs));
    } catch (error) {
      if (!(error instanceof AnywhereError && error.code === 'NO_DAEMON')) throw error;
    }
  }
}

/**
 * Resolves when the daemon ends, with the time of the last line.
 * @param pastMs earlier lines have been shown
 */
async function followDaemon(
  context: CliContext,
  client: ControlClient,
  wanted: Wanted,
  pastMs = Number.NEGATIVE_INFINITY,
): Promise<number> {
  await requireTarget(context, client, wanted);
  let early: LogEntry[] | undefined = [];
  let shownMs = pastMs;
  const failed = new AbortController();
  const show = (entries: readonly LogEntry[]): void => {
    showEntries(context, wanted, entries);
    for (const { atMs } of entries) shownMs = Math.max(shownMs, atMs);
  };
  client.on('event', ({ event }) => {
    const entry = entryOf(event);
    if (entry === undefined || failed.signal.aborted) return;
    try {
      const entries = matching([entry], wanted);
      if (early === undefined) show(entries);
      else early.push(...entries);
    } catch (error) {
      failed.abort(error);
    }
  });
  client.on('events/resync', () => {
    context.out.note('… some lines are missing: they came faster than this terminal could show them\n');
  });
  // Subscribed first, so that no line is lost. A line can then come twice, and `unseen` drops the second one.
  await client.request('events/subscribe', { types: ['log'] }, context.io.signal);
  const entries = (await lastLines(context, client, wanted)).filter(({ atMs }) => atMs > pastMs);
  show(entries);
  show(unseen(entries, early));
  early = undefined;
  await orAbort(client.ended, AbortSignal.any([context.io.signal, failed.signal]));
  return shownMs;
}

function matching(entries: readonly LogEntry[], wanted: Wanted): readonly LogEntry[] {
  const placed = entries.filter((entry) => isWanted(entry, wanted));
  return placed.length === 0 ? [] : (wanted.filter?.matching(placed) ?? placed);
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

function showEntries(context: CliContext, { timestamps }: Wanted, entries: readonly LogEntry[]): void {
  const { globals, out, style } = context;
  const nowMs = Date.now();
  for (const entry of entries) {
    if (globals.json) out.jsonLine<'log line'>(entry);
    else out.write(entryLine(entry, style, timestamps ? undefined : nowMs));
  }
}

/** @param nowMs short local times are written for this moment; undefined: whole times in UTC */
export function entryLine(entry: LogEntry, style: Style, nowMs: number | undefined): string {
  const where = entry.server === undefined ? entry.host : `${entry.host}/${entry.server}`;
  const stream = entry.stream === 'stderr' ? '' : style.dim(` [${entry.stream}]`);
  const time = nowMs === undefined ? new Date(entry.atMs).toISOString() : localTime(entry.atMs, nowMs);
  return `${style.dim(time)} ${style.own(where)}${stream} ${harmless(entry.line)}\n`;
}

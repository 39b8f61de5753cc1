/** `status [--watch]`: which hosts and servers are up, as the daemon sees them. Starts nothing. */

import type { ControlNotifications } from '../api/control.ts';
import type { HostStatus, PoolStatus, ServerStatus, StatusSnapshot } from '../api/status.ts';
import { orAbort } from '../base/abort.ts';
import { sleep, systemClock } from '../base/clock.ts';
import { counted } from '../base/counted.ts';
import { AnywhereError, type ErrorReport, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import type { ControlClient } from '../control/client.ts';
import { durationText, foundBy, isWell, messageAt, nextStep, serverCounts } from '../model/words.ts';
import type { CliContext } from './context.ts';
import { combinedExit, formatError } from './report.ts';
import { withRunning } from './session.ts';
import { type Style, table, widthOf } from './style.ts';
import { wrappedBy } from './wrap.ts';

/** How long to wait for connections and starts, ms: a new daemon needs a moment. */
const SETTLE_MS = 5_000;

export async function runStatus(context: CliContext): Promise<ExitCode> {
  const snapshot = await withRunning(context, async (client) => {
    context.out.progress('waiting for hosts and servers …');
    return await client.request('settle', { withinMs: SETTLE_MS, start: false }, context.io.signal);
  });
  if (context.globals.json) context.out.json<'status'>(snapshot);
  else context.out.write(statusText(snapshot, context.style, widthOf(context.io)));
  return statusExit(snapshot);
}

/** @param width of the screen. Each cause stands below the tables, once, with its next step. */
export function statusText(snapshot: StatusSnapshot, style: Style, width = Number.POSITIVE_INFINITY): string {
  const problem = snapshot.problem === undefined ? '' : formatError(snapshot.problem, style);
  if (snapshot.hosts.length === 0) return `${problem}The hosts file names no hosts.\n`;
  const isMeasured = snapshot.hosts.some(({ rttMs }) => rttMs !== undefined);
  const rows = [HEADS.map(style.dim), ...snapshot.hosts.map((host) => hostRow(host, style))].map((row) =>
    isMeasured ? row : row.filter((_cell, column) => column !== RTT_COLUMN),
  );
  const troubles = snapshot.hosts.flatMap((host) => troublesOf(host, style, width));
  const found = snapshot.hosts.flatMap((host) => foundRows(host, style));
  const pools = (snapshot.pools ?? []).map((pool) => poolRow(pool, style));
  return (
    problem +
    table(rows, width) +
    (pools.length === 0 ? '' : `\n${table(pools, width)}`) +
    (found.length === 0 ? '' : `\n${table(found, width)}`) +
    (troubles.length === 0 ? '' : `\n${troubles.join('')}`)
  );
}

/** 0 if everything is up, 8 if a part is, else the code of the first cause. Disabled servers do not count. */
export function statusExit(snapshot: StatusSnapshot): ExitCode {
  return combinedExit(snapshot.hosts.flatMap(partsOf));
}

function partsOf(host: HostStatus): (ErrorReport | undefined)[] {
  const servers = host.servers.filter((server) => server.state !== 'disabled');
  if (host.state === 'refused' || host.state === 'waiting' || servers.length === 0) return [hostCause(host)];
  return servers.map((server) =>
    isWell(host, server) ? undefined : (server.cause ?? hostCause(host) ?? slow(host, server)),
  );
}

function hostCause(host: HostStatus): ErrorReport | undefined {
  if (host.state === 'ready' || host.state === 'idle') return undefined;
  return host.cause ?? slow(host);
}

/** The cause of a host or server that was still connecting or starting when the time was over. */
function slow(host: HostStatus, server?: ServerStatus): ErrorReport {
  const hint = `mcp-anywhere doctor ${host.name}`;
  if (server === undefined) return { code: 'HOST_TIMEOUT', message: 'still connecting', hint, host: host.name };
  return { code: 'SERVER_START_TIMEOUT', message: 'still starting', hint, host: host.name, server: server.name };
}

const STATES: Readonly<
  Record<HostStatus['state'], { glyph: string; word: string; paint: 'good' | 'bad' | 'warn' | 'dim' }>
> = {
  idle: { glyph: '○', word: 'idle', paint: 'dim' },
  connecting: { glyph: '◐', word: 'connecting', paint: 'warn' },
  ready: { glyph: '●', word: 'up', paint: 'good' },
  waiting: { glyph: '◐', word: 'down, retrying', paint: 'warn' },
  refused: { glyph: '✖', word: 'refused', paint: 'bad' },
  closed: { glyph: '○', word: 'closed', paint: 'dim' },
};

const HEADS = ['host', 'state', 'rtt', 'servers', 'tools'] as const;
const RTT_COLUMN = 2;

function hostRow(host: HostStatus, style: Style): string[] {
  const { glyph, word, paint } = STATES[host.state];
  const { up, all, off } = serverCounts(host);
  return [
    style.bold(host.name),
    style[paint](`${glyph} ${word}`),
    host.rttMs === undefined ? '' : durationText(host.rttMs),
    `${up}/${all}${off.length === 0 ? '' : `, ${off.join(', ')} off`}`,
    toolsText(host),
  ];
}

/** A server that nobody has looked at yet has no number of tools. */
function toolsText({ servers, discover }: HostStatus): string {
  const enabled = servers.filter(({ state }) => state !== 'disabled');
  const unlisted = enabled.filter(({ neverListed }) => neverListed === true).length;
  const known = enabled.reduce((sum, { tools }) => sum + tools, 0);
  if (discover?.pending === true && servers.length === 0) return 'not looked at yet';
  if (unlisted === 0) return String(known);
  if (unlisted === enabled.length) return 'not listed yet';
  return `${known}, ${counted(unlisted, 'server')} not listed yet`;
}

/** The servers that AI clients on the host name, and why some of them are not started. */
function foundRows(host: HostStatus, style: Style): string[][] {
  return host.servers
    .filter(({ from }) => from !== undefined)
    .map((server) => [
      style.bold(`${host.name}/${server.name}`),
      `from ${foundBy(server)}`,
      server.state === 'disabled' ? style.dim('○ not started') : serverTools(server),
      oneLine(server.notStarted ?? ''),
    ]);
}

function serverTools({ tools, neverListed }: ServerStatus): string {
  return neverListed === true ? 'not listed yet' : counted(tools, 'tool');
}

function poolRow({ name, strategy, members, tools }: PoolStatus, style: Style): string[] {
  const enabled = members.filter(({ state }) => state !== 'disabled');
  const up = enabled.filter(({ state }) => state === 'up').length;
  const paint = up === enabled.length ? 'good' : up === 0 ? 'bad' : 'warn';
  return [
    style.bold(name),
    style[paint](`${up === 0 ? '○' : '●'} ${String(up)}/${String(enabled.length)} up`),
    strategy,
    counted(tools, 'tool'),
    members.map(memberText).join(', '),
  ];
}

function memberText({ host, server, state }: PoolStatus['members'][number]): string {
  return state === 'up' ? `${host}/${server}` : `${host}/${server} (${state})`;
}

function troublesOf(host: HostStatus, style: Style, width: number): string[] {
  const reports = [
    ...(host.cause === undefined ? [] : [{ name: host.name, report: host.cause, bad: true }]),
    ...unreadFiles(host).map((report) => ({ name: host.name, report, bad: false })),
    ...host.servers.flatMap((server) => [
      ...(server.cause === undefined || isSame(server.cause, host.cause)
        ? []
        : [{ name: `${host.name}/${server.name}`, report: server.cause, bad: true }]),
      ...server.problems.map((report) => ({ name: `${host.name}/${server.name}`, report, bad: false })),
    ]),
  ];
  return reports.map(({ name, report, bad }) => {
    const mark = bad ? style.bad('✖') : style.warn('!');
    const what = wrappedBy(`${mark} ${style.bold(name)}: ${messageAt(name, report.message)}`, width, 2);
    // The command stays whole, so that it can be copied.
    return `${what}\n  ${style.dim('next')} ${nextStep(report, style.program)}\n`;
  });
}

function unreadFiles({ name, discover }: HostStatus): ErrorReport[] {
  const files = (discover?.unread ?? []).map(({ client, file, problem }) => ({
    code: 'CLIENT_CONFIG' as const,
    message: `${file} of ${client} cannot be read: ${problem}`,
    hint: `mend the file on ${name}, then mcp-anywhere reload`,
  }));
  return discover?.cause === undefined ? files : [...files, discover.cause];
}

/** The cause of the host is also the cause of its servers, and is shown once. */
function isSame(cause: ErrorReport, hostCause: ErrorReport | undefined): boolean {
  return cause.code === hostCause?.code;
}

type ToldEvent = ControlNotifications['event'];

const TYPES = [
  'host-state',
  'server-state',
  'tools-changed',
  'problem',
  'hosts-file',
  'client-joined',
  'client-left',
  'request-dropped',
  'prompt-asked',
  'prompt-settled',
] as const;

/** Changes within this time are one redraw. */
const REDRAW_MS = 250;
/** For figures without events: round trips, and the time to the next attempt. */
const REFRESH_MS = 5_000;

/** Redraws at every change; without a terminal, prints a line for each change. Ends with Ctrl-C or with the daemon. */
export function watchStatus(context: CliContext): Promise<ExitCode> {
  return withRunning(context, async (client) => {
    const over = new AbortController();
    const ended = client.ended.then(() => {
      const error = new AnywhereError('NO_DAEMON', 'The daemon has ended.', {
        hint: 'mcp-anywhere tools starts it again',
      });
      over.abort(error);
      throw error;
    });
    const signal = AbortSignal.any([context.io.signal, over.signal]);
    const isScreen = context.io.stdout.isTTY && !context.globals.json;
    const watching = isScreen ? redraw(context, client, signal) : printChanges(context, client, signal);
    return await orAbort(Promise.race([ended, watching]), signal);
  });
}

async function redraw(context: CliContext, client: ControlClient, signal: AbortSignal): Promise<never> {
  const clock = systemClock();
  let wake: () => void = () => undefined;
  client.on('event', () => {
    wake();
  });
  await client.request('events/subscribe', { types: TYPES }, signal);
  context.out.write('\u001B[2J');
  for (;;) {
    const changed = new Promise<void>((resolve) => {
      wake = resolve;
    });
    draw(context, await client.request('status', {}, signal));
    await Promise.race([changed, sleep(clock, REFRESH_MS, signal)]);
    await sleep(clock, REDRAW_MS, signal);
  }
}

/** Overwrites the screen line by line, without a blank frame in between. */
function draw({ out, style, io }: CliContext, snapshot: StatusSnapshot): void {
  const rows = Math.max(1, io.stdout.rows - 1);
  const lines = statusText(snapshot, style, widthOf(io)).trimEnd().split('\n').slice(0, rows);
  out.write(`\u001B[?7l\u001B[H${lines.map((line) => `${line}\u001B[K\n`).join('')}\u001B[J\u001B[?7h`);
}

async function printChanges(context: CliContext, client: ControlClient, signal: AbortSignal): Promise<never> {
  client.on('event', ({ event }) => {
    if (context.globals.json) context.out.jsonLine<'change'>(event);
    else context.out.write(`${changeLine(event)}\n`);
  });
  const status = await client.request('status', {}, signal);
  if (context.globals.json) context.out.jsonLine<'status'>(status);
  else context.out.write(statusText(status, context.style));
  await client.request('events/subscribe', { types: TYPES }, signal);
  return await new Promise<never>(() => undefined);
}

/** The event holds text of remote machines. */
export function changeLine(event: ToldEvent['event']): string {
  return oneLine(`${new Date(event.atMs).toISOString()} ${changeText(event)}`);
}

function changeText(event: ToldEvent['event']): string {
  switch (event.type) {
    case 'host-state':
      return `${event.host} ${event.state}: ${event.reason}`;
    case 'server-state':
      return `${event.host}/${event.server} ${event.state}: ${event.reason}`;
    case 'tools-changed':
      return `${event.host}/${event.server} offers ${counted(event.tools, 'tool')}`;
    case 'problem':
      return `problem: ${event.problem.message}`;
    case 'hosts-file':
      return `hosts file read: ${event.changed.length === 0 ? 'no changes' : event.changed.join(', ')}`;
    case 'client-joined':
      return `client ${event.client} joined: ${event.name}`;
    case 'client-left':
      return `client ${event.client} left`;
    case 'request-dropped':
      return `client ${event.client} sent ${event.method} without an id, which is ignored`;
    case 'prompt-asked':
      return `${event.host} asks: ${event.text}`;
    case 'prompt-settled':
      return `${event.host} got its answer`;
    default:
      return event.type;
  }
}

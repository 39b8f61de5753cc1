/** `status`: which hosts and servers are up, as the daemon sees them. It starts nothing. */

import type { HostStatus, PoolStatus, ServerStatus, StatusSnapshot } from '../api/status.ts';
import type { ErrorReport, ExitCode } from '../base/errors.ts';
import type { CliContext } from './context.ts';
import { combinedExit, formatError, messageAt, nextStep } from './report.ts';
import { withRunning } from './session.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

/** What is under way is waited for so long, milliseconds: a daemon that has just started is worth it. */
const REST_MS = 5_000;

export async function runStatus(context: CliContext): Promise<ExitCode> {
  const snapshot = await withRunning(context, async (client) => {
    context.out.progress('waiting for what is under way …');
    const rested = await client.request('settle', { withinMs: REST_MS, start: false }, context.io.signal);
    context.out.progress('');
    return rested;
  });
  if (context.globals.json) context.out.json(snapshot);
  else context.out.write(statusText(snapshot, context.style));
  return statusExit(snapshot);
}

export function statusText(snapshot: StatusSnapshot, style: Style): string {
  const problem = snapshot.problem === undefined ? '' : formatError(snapshot.problem, style);
  if (snapshot.hosts.length === 0) return `${problem}The hosts file in force names no hosts.\n`;
  const rows = snapshot.hosts.map((host) => hostRow(host, style));
  const troubles = snapshot.hosts.flatMap((host) => troublesOf(host, style));
  const pools = (snapshot.pools ?? []).map((pool) => poolRow(pool, style));
  return (
    problem +
    table(rows) +
    (pools.length === 0 ? '' : `\n${table(pools)}`) +
    (troubles.length === 0 ? '' : `\n${troubles.join('')}`)
  );
}

/** 0: all up; the cause's own: nothing is up; 8: partly. A disabled server counts for nothing. */
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

/** A server that nobody uses now is started when somebody does. */
function isWell({ state }: HostStatus, server: ServerStatus): boolean {
  return server.state === 'ready' || (server.state === 'idle' && state === 'ready');
}

function hostCause(host: HostStatus): ErrorReport | undefined {
  if (host.state === 'ready' || host.state === 'idle') return undefined;
  return host.cause ?? slow(host);
}

/** Still under way when the time was over. */
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
  waiting: { glyph: '◐', word: 'down, retries', paint: 'warn' },
  refused: { glyph: '✖', word: 'refused', paint: 'bad' },
  closed: { glyph: '○', word: 'closed', paint: 'dim' },
};

function hostRow(host: HostStatus, style: Style): string[] {
  const { glyph, word, paint } = STATES[host.state];
  const enabled = host.servers.filter((server) => server.state !== 'disabled');
  const ready = enabled.filter((server) => isWell(host, server)).length;
  const tools = enabled.reduce((sum, server) => sum + server.tools, 0);
  return [
    style.bold(host.name),
    style[paint](`${glyph} ${word}`),
    host.rttMs === undefined ? '' : `${host.rttMs.toFixed(0)} ms`,
    `${String(ready)}/${String(enabled.length)} servers`,
    `${String(tools)} tools`,
    host.cause === undefined ? '' : messageAt(host.name, host.cause.message),
  ];
}

function poolRow({ name, strategy, members, tools }: PoolStatus, style: Style): string[] {
  const enabled = members.filter(({ state }) => state !== 'disabled');
  const up = enabled.filter(({ state }) => state === 'up').length;
  const paint = up === enabled.length ? 'good' : up === 0 ? 'bad' : 'warn';
  return [
    style.bold(name),
    style[paint](`${up === 0 ? '○' : '●'} ${String(up)}/${String(enabled.length)} up`),
    strategy,
    `${String(tools)} tools`,
    members.map(memberText).join(', '),
  ];
}

function memberText({ host, server, state }: PoolStatus['members'][number]): string {
  return state === 'up' ? `${host}/${server}` : `${host}/${server} (${state})`;
}

function troublesOf(host: HostStatus, style: Style): string[] {
  const reports = [
    ...(host.cause === undefined ? [] : [{ name: host.name, report: host.cause, bad: true }]),
    ...host.servers.flatMap((server) => [
      ...(server.cause === undefined || isSame(server.cause, host.cause)
        ? []
        : [{ name: `${host.name}/${server.name}`, report: server.cause, bad: true }]),
      ...server.problems.map((report) => ({ name: `${host.name}/${server.name}`, report, bad: false })),
    ]),
  ];
  return reports.map(({ name, report, bad }) => {
    const mark = bad ? style.bad('✖') : style.warn('!');
    return `${mark} ${style.bold(name)}: ${messageAt(name, report.message)}\n  ${style.dim('next')} ${nextStep(report)}\n`;
  });
}

/** A server that is down because its host is says nothing of its own. */
function isSame(cause: ErrorReport, hostCause: ErrorReport | undefined): boolean {
  return cause.code === hostCause?.code;
}

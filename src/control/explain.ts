/** `explain`: how a host or server fares, on what evidence, and the next command; or what an error code means. */

import type { Explanation, HostStatus, ServerStatus, StatusSnapshot } from '../api/control.ts';
import { AnywhereError, ERROR_CODES, type ErrorReport, isErrorCode } from '../base/errors.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { explainPool } from './explain-pool.ts';
import { lastEntries } from './logs.ts';
import { unitsOf } from './units.ts';

/** Of its log: enough to see what it said last. */
const LOG_LINES = 5;

export async function explain(gateway: Gateway, status: StatusSnapshot, subject: string): Promise<Explanation> {
  const code = subject.toUpperCase();
  if (isErrorCode(code)) return explainCode(code);
  const pool = status.pools?.find((one) => one.name === subject);
  if (pool !== undefined) return explainPool(pool, status);
  const [name = '', server, ...rest] = subject.split('/');
  if (rest.length > 0 || server === '')
    throw new AnywhereError('USAGE', `${subject} is no error code, host, pool or host/server`, {
      hint: 'mcp-anywhere status',
    });
  // Says what is meant where there is none of that name.
  unitsOf(gateway, name, server);
  const host = status.hosts.find((one) => one.name === name);
  if (host === undefined) throw new AnywhereError('INTERNAL', `no status of ${name}`);
  const one = host.servers.find((each) => each.name === server);
  return one === undefined ? await explainHost(gateway, host) : await explainServer(gateway, host, one);
}

function explainCode(code: keyof typeof ERROR_CODES): Explanation {
  const { meaning, hint, exit } = ERROR_CODES[code];
  return {
    title: `${code}: ${meaning}`,
    lines: [`a command that fails with it exits ${exit}`],
    hint: hint.replaceAll(/\{(\w+)\}/g, '<$1>'),
    causes: [],
  };
}

async function explainHost(gateway: Gateway, host: HostStatus): Promise<Explanation> {
  const causes = causesOf(host, host.servers);
  const lines = [
    `reached with ${host.backend}, ${counted(host.connections, 'connection')}${rttText(host)}${retryText(gateway, host)}`,
    ...causeLines(host.cause),
    ...host.servers.map((server) => `server ${server.name}: ${serverText(server)}`),
    ...(host.cause === undefined ? [] : await logLines(gateway, { host: host.name, streams: ['ssh'] })),
  ];
  const bad = host.servers.filter(({ cause }) => cause !== undefined).length;
  const title = `host ${host.name} is ${HOST_WORDS[host.state]}`;
  return explanation(
    bad === 0 ? title : `${title}; ${bad} of ${counted(host.servers.length, 'server')} failed`,
    lines,
    causes,
  );
}

async function explainServer(gateway: Gateway, host: HostStatus, server: ServerStatus): Promise<Explanation> {
  const causes = causesOf(host, [server]);
  const lines = [
    toolsText(server),
    ...pastLines(server),
    `host ${host.name} is ${HOST_WORDS[host.state]}`,
    ...causes.flatMap(causeLines),
    ...(causes.length === 0 ? [] : await logLines(gateway, { host: host.name, server: server.name })),
  ];
  return explanation(`server ${host.name}/${server.name} is ${server.state}`, lines, causes);
}

/** What was wrong before; what is wrong now is told by its cause. */
function pastLines({ restarts, lastFailure, cause }: ServerStatus): readonly string[] {
  const again = restarts === 0 ? [] : [`restarted ${counted(restarts, 'time')} in this run`];
  if (lastFailure === undefined || cause !== undefined) return again;
  const { atMs, cause: last } = lastFailure;
  return [...again, `failed last at ${new Date(atMs).toISOString()}: ${last.message} (${last.code})`];
}

function explanation(title: string, lines: readonly string[], causes: readonly ErrorReport[]): Explanation {
  const [first] = causes;
  return { title, lines, causes, ...(first === undefined ? {} : { hint: first.hint }) };
}

const HOST_WORDS: Readonly<Record<HostStatus['state'], string>> = {
  idle: 'idle: nothing has needed it yet',
  connecting: 'connecting',
  ready: 'up',
  waiting: 'down, and is tried again',
  refused: 'refused, and waits for you',
  closed: 'closed',
};

function causesOf(host: HostStatus, servers: readonly ServerStatus[]): readonly ErrorReport[] {
  const ofServers = servers.flatMap(({ cause, problems }) => (cause === undefined ? problems : [cause, ...problems]));
  return host.cause === undefined ? ofServers : [host.cause, ...ofServers];
}

function causeLines(cause: ErrorReport | undefined): readonly string[] {
  return cause === undefined ? [] : [`${cause.message} (${cause.code})`, ...(cause.evidence ?? [])];
}

function serverText(server: ServerStatus): string {
  const { state, cause } = server;
  const text = `${state}, ${toolsText(server)}`;
  return cause === undefined ? text : `${text}: ${cause.message} (${cause.code})`;
}

function toolsText({ tools, cached }: ServerStatus): string {
  return cached ? `${counted(tools, 'tool')}, as last listed` : counted(tools, 'tool');
}

function rttText({ rttMs }: HostStatus): string {
  return rttMs === undefined ? '' : `, answers in ${rttMs.toFixed(0)} ms`;
}

function retryText(gateway: Gateway, { retryAtMs }: HostStatus): string {
  if (retryAtMs === undefined) return '';
  const seconds = Math.max(0, Math.round((retryAtMs - gateway.clock.now()) / 1000));
  return `, is tried again in ${seconds} s`;
}

async function logLines(
  gateway: Gateway,
  place: { readonly host: string; readonly server?: string; readonly streams?: readonly ['ssh'] },
): Promise<readonly string[]> {
  const entries = await lastEntries(gateway, { ...place, lines: LOG_LINES });
  return entries.map(({ atMs, stream, line }) => `log ${new Date(atMs).toISOString()} [${stream}] ${line}`);
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

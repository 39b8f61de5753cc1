/** `explain`: the state of a host, server or pool with evidence and the next command, or the meaning of an error code. */

import type { Explanation } from '../api/control.ts';
import type { HostStatus, PoolMemberStatus, PoolStatus, ServerStatus, StatusSnapshot } from '../api/status.ts';
import { counted } from '../base/counted.ts';
import { ageText, durationText } from '../base/duration.ts';
import { ERROR_PAGES } from '../base/error-pages.ts';
import { AnywhereError, ERROR_CODES, type ErrorReport, isErrorCode } from '../base/errors.ts';
import { localTime } from '../base/local-time.ts';
import { nearMiss } from '../config/near-miss.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { unitsOf } from './units.ts';

/** The number of last log lines. */
const LOG_LINES = 5;

export async function explain(gateway: Gateway, status: StatusSnapshot, subject: string): Promise<Explanation> {
  const code = subject.toUpperCase();
  if (isErrorCode(code)) return explainCode(code);
  const pool = status.pools?.find((one) => one.name === subject);
  if (pool !== undefined) return explainPool(pool, status);
  const [name = '', server, ...rest] = subject.split('/');
  if (rest.length > 0 || server === '')
    throw new AnywhereError('USAGE', `${subject} is not an error code, host, pool or host/server`, {
      hint: 'mcp-anywhere status',
    });
  if (server === undefined) requireSubject(subject, status);
  // Throws USAGE with the nearest name where no host or server has this name.
  unitsOf(gateway, name, server);
  const host = status.hosts.find((one) => one.name === name);
  if (host === undefined) throw new AnywhereError('INTERNAL', `no status of ${name}`);
  const one = host.servers.find((each) => each.name === server);
  return one === undefined ? await explainHost(gateway, host) : await explainServer(gateway, host, one);
}

/** @throws AnywhereError USAGE with the nearest name of what can be explained */
function requireSubject(subject: string, { hosts, pools = [] }: StatusSnapshot): void {
  const names = hosts.map(({ name }) => name);
  if (names.includes(subject)) return;
  const servers = hosts.flatMap((host) => host.servers.map((server) => ({ host: host.name, name: server.name })));
  const same = servers.filter(({ name }) => name === subject).map((one) => `${one.host}/${one.name}`);
  const known = [...names, ...pools.map(({ name }) => name)];
  const near =
    same[0] ??
    nearMiss(subject, [...known, ...servers.map((one) => `${one.host}/${one.name}`)]) ??
    nearMiss(subject.toUpperCase(), Object.keys(ERROR_CODES));
  const text = `${subject} is not an error code, host, pool or host/server`;
  throw new AnywhereError('USAGE', near === undefined ? text : `${text}; did you mean ${near}?`, {
    evidence: [known.length === 0 ? 'the hosts file names no hosts' : `the hosts file has ${known.join(', ')}`],
    hint: near === undefined ? 'mcp-anywhere status' : `mcp-anywhere explain ${near}`,
  });
}

function explainCode(code: keyof typeof ERROR_CODES): Explanation {
  const { meaning, hint, exit } = ERROR_CODES[code];
  return {
    title: `${code}: ${meaning}`,
    lines: [
      ...ERROR_PAGES[code].flatMap(({ cause, see, fix }) => [cause, `  see: ${see}`, `  do: ${fix}`]),
      `a command that fails with this error exits with ${exit}`,
    ],
    hint: hint.replaceAll(/\{(\w+)\}/g, '<$1>'),
    causes: [],
  };
}

async function explainHost(gateway: Gateway, host: HostStatus): Promise<Explanation> {
  const causes = causesOf(host, host.servers);
  const lines = [
    `reached with ${host.backend}, ${counted(host.connections, 'connection')}${rttText(host)}${retryText(gateway, host)}`,
    ...sinceLines(gateway, host),
    ...causeLines(host.cause),
    ...host.servers.flatMap((server) => [`server ${server.name}: ${serverText(server)}`, ...evidenceOf(server)]),
    ...(host.cause === undefined ? [] : await logLines(gateway, { host: host.name, streams: ['ssh'] })),
  ];
  const bad = host.servers.filter(({ cause }) => cause !== undefined).length;
  const title = `host ${host.name} is ${HOST_WORDS[host.state]}`;
  const all = bad === 0 ? title : `${title}; ${bad} of ${counted(host.servers.length, 'server')} failed`;
  return explanation(all, lines, causes, host.failingSinceMs);
}

async function explainServer(gateway: Gateway, host: HostStatus, server: ServerStatus): Promise<Explanation> {
  const causes = causesOf(host, [server]);
  const failing = host.failingSinceMs === undefined ? server : host;
  const lines = [
    toolsText(server),
    ...sinceLines(gateway, failing),
    ...foundLines(server),
    ...pastLines(server, gateway.clock.now()),
    `host ${host.name} is ${HOST_WORDS[host.state]}`,
    ...causes.flatMap(causeLines),
    ...(causes.length === 0 ? [] : await logLines(gateway, { host: host.name, server: server.name })),
  ];
  const title = `server ${host.name}/${server.name} is ${server.state}`;
  return explanation(title, lines, causes, failing.failingSinceMs);
}

function foundLines({ from, alsoIn = [], file = '', notStarted }: ServerStatus): readonly string[] {
  if (from === undefined) return [];
  const named = `named by ${[from, ...alsoIn].join(', ')} in ${file}`;
  return notStarted === undefined ? [named] : [named, `not started: ${notStarted}`];
}

/** Past restarts and failures; the cause tells a present failure. */
function pastLines({ restarts, lastFailure, cause }: ServerStatus, nowMs: number): readonly string[] {
  const again = restarts === 0 ? [] : [`restarted ${counted(restarts, 'time')} in this run`];
  if (lastFailure === undefined || cause !== undefined) return again;
  const { atMs, cause: last } = lastFailure;
  return [...again, `last failed at ${localTime(atMs, nowMs)}: ${last.message} (${last.code})`];
}

function explanation(
  title: string,
  lines: readonly string[],
  causes: readonly ErrorReport[],
  sinceMs: number | undefined,
): Explanation {
  const [first] = causes;
  const since = sinceMs === undefined ? {} : { sinceMs };
  return { title, lines, ...since, causes, ...(first === undefined ? {} : { hint: first.hint }) };
}

function sinceLines({ clock }: Gateway, { failingSinceMs }: HostStatus | ServerStatus): readonly string[] {
  if (failingSinceMs === undefined) return [];
  const minutes = Math.floor((clock.now() - failingSinceMs) / 60_000);
  const ago = minutes < 1 ? 'less than a minute' : minutes < 120 ? counted(minutes, 'minute') : hours(minutes);
  return [`failing since ${localTime(failingSinceMs, clock.now())}, for ${ago}`];
}

function hours(minutes: number): string {
  return counted(Math.floor(minutes / 60), 'hour');
}

function evidenceOf({ cause }: ServerStatus): readonly string[] {
  return (cause?.evidence ?? []).map((line) => `  ${line}`);
}

const HOST_WORDS: Readonly<Record<HostStatus['state'], string>> = {
  idle: 'idle: nothing has needed it yet',
  connecting: 'connecting',
  ready: 'up',
  waiting: 'down, and will be tried again',
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
  const { state, cause, from, alsoIn = [], notStarted } = server;
  const found = from === undefined ? '' : `, named by ${[from, ...alsoIn].join(', ')}`;
  const why = notStarted === undefined ? '' : `, not started: ${notStarted}`;
  const text = `${state}, ${toolsText(server)}${found}${why}`;
  return cause === undefined ? text : `${text}: ${cause.message} (${cause.code})`;
}

function toolsText({ tools, cached, neverListed }: ServerStatus): string {
  if (neverListed === true) return 'tools not listed yet';
  return cached ? `${counted(tools, 'tool')}, as last listed` : counted(tools, 'tool');
}

function rttText({ rttMs }: HostStatus): string {
  return rttMs === undefined ? '' : `, answers in ${durationText(rttMs)}`;
}

function retryText(gateway: Gateway, { retryAtMs }: HostStatus): string {
  if (retryAtMs === undefined) return '';
  return `, next attempt in ${ageText(retryAtMs - gateway.clock.now())}`;
}

async function logLines(
  gateway: Gateway,
  place: { readonly host: string; readonly server?: string; readonly streams?: readonly ['ssh'] },
): Promise<readonly string[]> {
  const entries = await gateway.logs.tail({ ...place, lines: LOG_LINES });
  const nowMs = gateway.clock.now();
  return entries.map(({ atMs, stream, line }) => `log ${localTime(atMs, nowMs)} [${stream}] ${line}`);
}

const STRATEGIES: Readonly<Record<PoolStatus['strategy'], string>> = {
  'least-busy': 'each call goes to the less busy and quicker of two members taken at random',
  'round-robin': 'calls go to each member in turn',
  fastest: 'calls go to the member that has been quickest lately',
  failover: 'calls go to the first member that is up',
  sticky: 'all calls of a client go to one member while it is up',
};

const STATES: Readonly<Record<PoolMemberStatus['state'], string>> = {
  up: 'up',
  untried: 'not connected yet',
  retrying: 'down, and will be tried again',
  refused: 'refused, and waits for you',
  disabled: 'switched off',
};

function explainPool(pool: PoolStatus, status: StatusSnapshot): Explanation {
  const up = pool.members.filter(({ state }) => state === 'up').length;
  const causes = pool.members.flatMap((member) => causesOfMember(member, status));
  const [first] = causes;
  return {
    title: `pool ${pool.name}: ${up} of ${pool.members.length} members up, ${counted(pool.tools, 'tool')}`,
    lines: [
      `${pool.strategy}: ${STRATEGIES[pool.strategy]}${pool.pin ? '; run_on chooses the host' : ''}`,
      ...pool.members.map((member) => memberLine(member, pool)),
      ...causes.map(causeLine),
    ],
    causes,
    ...(up > 0 && first !== undefined ? { works: true as const } : {}),
    ...(first === undefined ? {} : { hint: first.hint }),
  };
}

function memberLine(
  { host, server, state, tools, inFlight, latencyMs, share }: PoolMemberStatus,
  pool: PoolStatus,
): string {
  return [
    `member ${host}/${server}: ${STATES[state]}`,
    ...(tools === pool.tools ? [] : [`answers ${tools} of ${counted(pool.tools, 'tool')}`]),
    ...(inFlight === 0 ? [] : [`${counted(inFlight, 'call')} under way`]),
    ...(latencyMs === undefined ? [] : [`takes ${durationText(latencyMs)} lately`]),
    ...(share === 1 ? [] : [`has just come back and takes ${Math.round(share * 100)} % of its share`]),
  ].join(', ');
}

/** Some messages name the place themselves. */
function causeLine({ message, code, host = '', server = '' }: ErrorReport): string {
  const place = `${host}/${server}: `;
  return `${message.startsWith(place) ? '' : place}${message} (${code})`;
}

/** The problems that keep a member from taking all or some calls. */
function causesOfMember(
  { host: hostName, server: name }: PoolMemberStatus,
  { hosts }: StatusSnapshot,
): readonly ErrorReport[] {
  const host = hosts.find((one) => one.name === hostName);
  const server = host?.servers.find((one) => one.name === name);
  const all = [host?.cause, server?.cause, ...(server?.problems ?? [])];
  const placed = all.flatMap((cause) => (cause === undefined ? [] : [{ ...cause, host: hostName, server: name }]));
  return placed.filter((cause, index) => placed.findIndex((other) => other.message === cause.message) === index);
}

/** What the dashboard knows about the daemon: the last snapshot and the events since. A pure reducer. */
import type {
  ControlMethods,
  ControlNotifications,
  LogEntry,
  PendingPrompt,
  StatRow,
  ToolEntry,
} from '../api/control.ts';
import type { HostStatus, LiveCall, ServerStatus, StatusSnapshot } from '../api/status.ts';
import { type Activity, type Ended, noActivity, type Series, STEPS, together, totals, withCalls } from './activity.ts';
import { plainLines } from './text.ts';

type Snapshot = ControlMethods['snapshot']['result'];
export type NumberedEvent = ControlNotifications['event'];
type Event = NumberedEvent['event'];

/** A harmless line of a log, with its own number. */
export interface LogLine extends LogEntry {
  readonly number: number;
}

export interface World {
  /** Undefined before the first snapshot. */
  readonly status: StatusSnapshot | undefined;
  readonly calls: readonly LiveCall[];
  readonly prompts: readonly PendingPrompt[];
  /** Undefined before the first load. */
  readonly tools: readonly ToolEntry[] | undefined;
  /** Undefined before the first load. */
  readonly logs: readonly LogLine[] | undefined;
  readonly stats: readonly StatRow[] | undefined;
  /** Calls that have ended since the dashboard opened, the last one last. */
  readonly ended: readonly EndedCall[];
  /** The log of the place that the split view shows; undefined before its first load. */
  readonly aside: PlaceLog | undefined;
  readonly activity: Activity;
  /** Events since the last snapshot changed the status. */
  readonly isStale: boolean;
  /** Tools changed since the last load. */
  readonly toolsChanged: boolean;
}

/** A call that has ended, and how. */
export type EndedCall = Omit<Extract<Event, { type: 'call-ended' }>, 'type'>;

/** A host, or one of its servers. */
export interface Place {
  readonly host: string;
  readonly server: string | undefined;
}

export interface PlaceLog {
  readonly of: Place;
  readonly lines: readonly LogLine[];
}

export const noWorld: World = {
  status: undefined,
  calls: [],
  prompts: [],
  tools: undefined,
  logs: undefined,
  stats: undefined,
  ended: [],
  aside: undefined,
  activity: noActivity,
  isStale: false,
  toolsChanged: false,
};

/** The number of log lines that are kept. The daemon's files hold the rest. */
export const MAX_LOGS = 5000;
/** The number of ended calls that are kept: several for each of many servers. */
const MAX_ENDED = 1000;
/** A pane shows no more lines. */
const MAX_ASIDE = 200;

export function withSnapshot(world: World, { status, calls, prompts }: Snapshot): World {
  return { ...world, status, calls, prompts, isStale: false };
}

/** Applies all events of a frame at once, because one at a time is slow. */
export function withEvents(world: World, events: readonly Event[]): World {
  const calls = changedCalls(world, events);
  const lines = events.filter((event) => event.type === 'log');
  return {
    ...world,
    calls,
    logs: withLogs(world.logs, lines),
    aside: world.aside === undefined ? undefined : withAside(world.aside, lines),
    ended: withEnded(world.ended, events),
    status: changedStatus(world.status, events),
    prompts: changedPrompts(world.prompts, events),
    activity: withCalls(world.activity, events.flatMap(endedCall)),
    isStale: world.isStale || events.some(outdatesStatus),
    toolsChanged: world.toolsChanged || events.some(({ type }) => type === 'tools-changed'),
  };
}

export function withLogFile(world: World, entries: readonly LogEntry[]): World {
  return { ...world, logs: withLogs([], entries) };
}

/** The split view now shows this place. */
export function withPlaceLog(world: World, of: Place, entries: readonly LogEntry[]): World {
  return { ...world, aside: { of, lines: withLogs([], entries) ?? [] } };
}

export function isSamePlace(left: Place | undefined, right: Place | undefined): boolean {
  return left?.host === right?.host && left?.server === right?.server;
}

/** On the host, and of the server if the place names one. */
export function isWithin({ host, server }: Place, at: { readonly host: string; readonly server?: string }): boolean {
  return at.host === host && (server === undefined || at.server === server);
}

function withAside(aside: PlaceLog, entries: readonly LogEntry[]): PlaceLog {
  const own = entries.filter((entry) => isWithin(aside.of, entry));
  if (own.length === 0) return aside;
  return { ...aside, lines: (withLogs(aside.lines, own) ?? []).slice(-MAX_ASIDE) };
}

function withEnded(ended: readonly EndedCall[], events: readonly Event[]): readonly EndedCall[] {
  const added = events.filter((event) => event.type === 'call-ended');
  return added.length === 0 ? ended : [...ended, ...added].slice(-MAX_ENDED);
}

const OF_CALLS: ReadonlySet<Event['type']> = new Set(['call-started', 'call-progress', 'call-ended']);

function outdatesStatus({ type }: Event): boolean {
  return type !== 'log' && !OF_CALLS.has(type);
}

function changedStatus(status: StatusSnapshot | undefined, events: readonly Event[]): StatusSnapshot | undefined {
  const changes = events.filter((event) => event.type === 'host-state' || event.type === 'server-state');
  if (status === undefined || changes.length === 0) return status;
  const hosts = new Map(status.hosts.map((host) => [host.name, host]));
  for (const event of changes) {
    const host = hosts.get(event.host);
    if (host !== undefined)
      hosts.set(event.host, event.type === 'host-state' ? withHost(host, event) : withServer(host, event));
  }
  return { ...status, hosts: [...hosts.values()] };
}

function withHost(host: HostStatus, { state, cause }: Extract<Event, { type: 'host-state' }>): HostStatus {
  return { ...without(host, 'cause', 'rttMs', 'retryAtMs'), state, ...(cause === undefined ? {} : { cause }) };
}

function withServer(host: HostStatus, event: Extract<Event, { type: 'server-state' }>): HostStatus {
  const servers = host.servers.map((server) => {
    if (server.name !== event.server) return server;
    return {
      ...without(server, 'cause'),
      state: event.state,
      ...(event.cause === undefined ? {} : { cause: event.cause }),
    };
  });
  return { ...host, servers };
}

function without<T extends object, K extends keyof T & string>(value: T, ...names: readonly K[]): Omit<T, K> {
  const kept = Object.entries(value).filter(([name]) => !(names as readonly string[]).includes(name));
  return Object.fromEntries(kept) as Omit<T, K>;
}

function changedCalls({ calls, status }: World, events: readonly Event[]): readonly LiveCall[] {
  if (!events.some(({ type }) => OF_CALLS.has(type))) return calls;
  const live = new Map(calls.map((call) => [call.call, call]));
  const names = new Map(status?.clients.map(({ id, name }) => [id, name]));
  for (const event of events) {
    if (event.type === 'call-ended') live.delete(event.call);
    const known = event.type === 'call-progress' ? live.get(event.call) : undefined;
    if (event.type === 'call-progress' && known !== undefined) live.set(event.call, withProgress(known, event));
    if (event.type !== 'call-started') continue;
    const { call, client, host, server, tool, atMs } = event;
    live.set(call, { call, client, clientName: names.get(client) ?? client, host, server, tool, startedMs: atMs });
  }
  return [...live.values()];
}

function withProgress(call: LiveCall, event: Extract<Event, { type: 'call-progress' }>): LiveCall {
  const { progress, total, message } = event;
  return {
    ...without(call, 'total', 'message'),
    progress,
    ...(total === undefined ? {} : { total }),
    ...(message === undefined ? {} : { message }),
  };
}

function changedPrompts(prompts: readonly PendingPrompt[], events: readonly Event[]): readonly PendingPrompt[] {
  const changes = events.filter((event) => event.type === 'prompt-asked' || event.type === 'prompt-settled');
  if (changes.length === 0) return prompts;
  const open = new Map(prompts.map((prompt) => [prompt.id, prompt]));
  for (const event of changes) {
    const { prompt: id, host } = event;
    if (event.type === 'prompt-settled') open.delete(id);
    else open.set(id, { id, host, kind: event.kind, text: event.text, echo: event.echo, sinceMs: event.atMs });
  }
  return [...open.values()];
}

function endedCall(event: Event): readonly Ended[] {
  if (event.type !== 'call-ended') return [];
  const { atMs, host, server, tool, durationMs, outcome } = event;
  const keys = [host, `${host}/${server}`, `${host}/${server}/${tool}`];
  return [{ atMs, keys, durationMs, isError: outcome === 'error' || outcome === 'tool-error' }];
}

function withLogs(logs: readonly LogLine[] | undefined, entries: readonly LogEntry[]): readonly LogLine[] | undefined {
  if (logs === undefined || entries.length === 0) return logs;
  const first = (logs.at(-1)?.number ?? 0) + 1;
  const added = entries.slice(-MAX_LOGS).map((entry, index) => {
    const { atMs, host, server, stream, line } = entry;
    return {
      atMs,
      host,
      stream,
      line: plainLines(line).join(' '),
      number: first + index,
      ...(server === undefined ? {} : { server }),
    };
  });
  return [...logs, ...added].slice(-MAX_LOGS);
}

/** One member of a pool: its share of the calls of a tool, and how fast its answers are. */
export interface MemberReport {
  /** `host/server` */
  readonly name: string;
  /** Undefined: the hosts file no longer names this host. */
  readonly host: HostStatus | undefined;
  readonly server: ServerStatus | undefined;
  /** The calls of this tool over the last minutes. */
  readonly calls: number;
  /** In [0, 1]; undefined without calls. */
  readonly share: number | undefined;
  readonly meanMs: number | undefined;
}

/** The calls of a tool; of a pool's tool, the sum of all members. */
export function activityOf({ activity }: World, tool: ToolEntry): Series | undefined {
  return together(membersOf(tool).map((member) => activity.get(`${member}/${tool.original}`)));
}

/** Empty for a tool of a single server. */
export function poolMembers(world: World, tool: ToolEntry, nowMs: number): readonly MemberReport[] {
  if (tool.pool === undefined) return [];
  const found = tool.pool.members.map((name) => {
    const [hostName, serverName] = name.split('/');
    const host = world.status?.hosts.find((each) => each.name === hostName);
    const server = host?.servers.find((each) => each.name === serverName);
    return { name, host, server, ...totals(world.activity.get(`${name}/${tool.original}`), STEPS, nowMs) };
  });
  const all = found.reduce((sum, { calls }) => sum + calls, 0);
  return found.map((member) => ({ ...member, share: all === 0 ? undefined : member.calls / all }));
}

/** `host/server` of each server that answers the tool. */
export function membersOf({ pool, host, server }: ToolEntry): readonly string[] {
  return pool?.members ?? [`${host}/${server}`];
}

/** The items of each view, their sort orders, and what a filter searches. */
import type { LogEntry } from '../api/control.ts';
import type { HostStatus, ServerStatus } from '../api/status.ts';
import { errorCount } from './activity.ts';
import { cellTexts } from './columns.ts';
import type { Item, LogOptions, Model } from './model.ts';
import { isMatch, isNameMatch, type Query, queryOf } from './query.ts';
import type { ViewName } from './view.ts';
import type { World } from './world.ts';

export interface Order {
  readonly title: string;
  readonly compare: (left: Item, right: Item, model: Model) => number;
}

interface Source {
  readonly items: (model: Model) => readonly Item[];
  readonly orders: readonly Order[];
}

const byKey: Order = { title: 'name', compare: (left, right) => compare(left.key, right.key) };

const HOST_TROUBLE: Readonly<Record<HostStatus['state'], number>> = {
  refused: 0,
  waiting: 1,
  connecting: 2,
  ready: 3,
  idle: 4,
  closed: 5,
};

export const SOURCES: Readonly<Record<ViewName, Source>> = {
  hosts: {
    items: ({ world }) => hostsOf(world).map((host) => ({ kind: 'host', key: host.name, host })),
    orders: [
      { title: 'file', compare: () => 0 },
      byKey,
      numeric('trouble', (item) => (item.kind === 'host' ? HOST_TROUBLE[item.host.state] : 0)),
      numeric('rtt', (item) => (item.kind === 'host' ? -(item.host.rttMs ?? -1) : 0)),
      numeric('errors', (item, { world, nowMs }) => -errorCount(world.activity.get(item.key), 60, nowMs)),
    ],
  },
  servers: {
    items: ({ world }) =>
      hostsOf(world).flatMap((host) =>
        host.servers.map((server) => ({ kind: 'server' as const, key: `${host.name}/${server.name}`, host, server })),
      ),
    orders: [
      { title: 'file', compare: () => 0 },
      byKey,
      numeric('trouble', (item) =>
        item.kind !== 'server' ? 0 : item.server.state === 'failed' || item.server.state === 'crash-loop' ? 0 : 1,
      ),
      numeric('tools', (item) => (item.kind === 'server' ? -item.server.tools : 0)),
    ],
  },
  tools: {
    items: ({ world }) => (world.tools ?? []).map((tool) => ({ kind: 'tool', key: tool.name, tool })),
    orders: [byKey, { title: 'tool', compare: (left, right) => compare(originalOf(left), originalOf(right)) }],
  },
  live: {
    items: ({ world }) => world.calls.map((call) => ({ kind: 'call', key: String(call.call), call })),
    orders: [
      numeric('oldest', (item) => (item.kind === 'call' ? item.call.startedMs : 0)),
      numeric('youngest', (item) => (item.kind === 'call' ? -item.call.startedMs : 0)),
    ],
  },
  logs: {
    items: ({ world, logs }) =>
      (world.logs ?? []).flatMap((entry) =>
        isWanted(entry, logs) ? [{ kind: 'log' as const, key: String(entry.number), entry }] : [],
      ),
    orders: [],
  },
  stats: {
    items: ({ world }) => (world.stats ?? []).map((row) => ({ kind: 'stat', key: row.key, row })),
    orders: [
      numeric('calls', (item) => (item.kind === 'stat' ? -item.row.calls : 0)),
      numeric('errors', (item) => (item.kind === 'stat' ? -item.row.errors : 0)),
      numeric('p95', (item) => (item.kind === 'stat' ? -item.row.p95Ms : 0)),
      numeric('bytes', (item) => (item.kind === 'stat' ? -(item.row.bytesIn + item.row.bytesOut) : 0)),
      byKey,
    ],
  },
};

export interface Listed {
  readonly items: readonly Item[];
  /** The number of items without the filter. */
  readonly total: number;
}

/** Filtered and sorted. Items whose names match come first, except in the log, which keeps its order in time. */
export function listed(model: Model): Listed {
  const source = SOURCES[model.view];
  const { filter, sort, trouble } = model.lists[model.view];
  const query = queryOf(filter);
  const all = source.items(model);
  const found = query.length === 0 ? all : all.filter((item) => isMatch(query, nameOf(item), textOf(item, model)));
  const wanted = trouble ? found.filter((item) => isInTrouble(item, model)) : found;
  const order = source.orders[sort];
  if (order === undefined) return { items: wanted, total: all.length };
  const sorted = wanted.toSorted((left, right) => order.compare(left, right, model));
  return { items: query.length === 0 ? sorted : namesFirst(query, sorted), total: all.length };
}

function namesFirst(query: Query, items: readonly Item[]): readonly Item[] {
  const isFirst = (item: Item): boolean => isNameMatch(query, nameOf(item));
  return [...items.filter(isFirst), ...items.filter((item) => !isFirst(item))];
}

/** What a person calls the item. */
function nameOf(item: Item): string {
  return item.kind === 'call' ? item.call.tool : item.kind === 'log' ? item.entry.line : item.key;
}

/** All columns, and what no column shows. */
function textOf(item: Item, model: Model): string {
  return [nameOf(item), cellTexts(item, model), ...moreTexts(item)].join(' ');
}

function moreTexts(item: Item): readonly string[] {
  switch (item.kind) {
    case 'host':
      return [item.host.state, ...item.host.tags, item.host.backend];
    case 'server':
      return [item.server.state, ...item.host.tags, ...item.server.command];
    case 'tool':
      return [`${item.tool.host}/${item.tool.server}`, item.tool.original, item.tool.description ?? ''];
    case 'log':
      return [`${item.entry.host}/${item.entry.server ?? ''}`, item.entry.stream];
    default:
      return [];
  }
}

/** A call that takes longer is looked at, ms. */
const LONG_CALL_MS = 30_000;

/** Something that a person may have to do something about. */
function isInTrouble(item: Item, { world, nowMs }: Model): boolean {
  switch (item.kind) {
    case 'host':
      return isHostInTrouble(item.host) || item.host.servers.some((server) => isServerInTrouble(item.host, server));
    case 'server':
      return isServerInTrouble(item.host, item.server);
    case 'tool': {
      const found = hostsOf(world).find(({ name }) => name === item.tool.host);
      const server = found?.servers.find(({ name }) => name === item.tool.server);
      return found !== undefined && server !== undefined && isServerInTrouble(found, server);
    }
    case 'call':
      return nowMs - item.call.startedMs >= LONG_CALL_MS;
    case 'log':
      return looksLike(item.entry.line) !== 'other';
    case 'stat':
      return item.row.errors > 0;
  }
}

function isHostInTrouble({ state, cause, discover }: HostStatus): boolean {
  return state === 'refused' || state === 'waiting' || cause !== undefined || (discover?.unread ?? []).length > 0;
}

/** A server that was switched off is no trouble. */
function isServerInTrouble(host: HostStatus, { state, cause, problems, notStarted }: ServerStatus): boolean {
  if (state === 'disabled') return false;
  const isFailed = state === 'failed' || state === 'crash-loop' || cause !== undefined || problems.length > 0;
  return isFailed || notStarted !== undefined || isHostInTrouble(host);
}

/** A guess, used only for colour and filter: every program marks its lines differently. */
export function looksLike(line: string): 'error' | 'warning' | 'other' {
  if (/\b(error|err|fatal|panic|exception|traceback|crit(ical)?)\b/i.test(line)) return 'error';
  return /\bwarn(ing)?\b/i.test(line) ? 'warning' : 'other';
}

function isWanted(entry: LogEntry, { host, server, stream, level }: LogOptions): boolean {
  if (host !== undefined && entry.host !== host) return false;
  if (server !== undefined && entry.server !== undefined && entry.server !== server) return false;
  if (stream !== 'all' && entry.stream !== stream) return false;
  if (level === 'all') return true;
  const kind = looksLike(entry.line);
  return kind === 'error' || (level === 'warnings' && kind === 'warning');
}

function hostsOf({ status }: World): readonly HostStatus[] {
  return status?.hosts ?? [];
}

function originalOf(item: Item): string {
  return item.kind === 'tool' ? item.tool.original : item.key;
}

function numeric(title: string, value: (item: Item, model: Model) => number): Order {
  return {
    title,
    compare: (left, right, model) => value(left, model) - value(right, model) || compare(left.key, right.key),
  };
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The items of each view, their sort orders, and the text that a filter searches. */
import type { LogEntry } from '../api/control.ts';
import type { HostStatus } from '../api/status.ts';
import { errorCount } from './activity.ts';
import type { Item, LogOptions, Model, ViewName } from './model.ts';
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

/** Filtered and sorted. An item must contain all words of the filter. */
export function itemsOf(model: Model): readonly Item[] {
  const source = SOURCES[model.view];
  const { filter, sort } = model.lists[model.view];
  const words = filter
    .toLowerCase()
    .split(' ')
    .filter((word) => word !== '');
  const all = source.items(model);
  const items = words.length === 0 ? all : all.filter((item) => hasAll(textOf(item).toLowerCase(), words));
  const order = source.orders[sort];
  return order === undefined ? items : items.toSorted((left, right) => order.compare(left, right, model));
}

function hasAll(text: string, words: readonly string[]): boolean {
  return words.every((word) => text.includes(word));
}

function textOf(item: Item): string {
  switch (item.kind) {
    case 'host':
      return `${item.key} ${item.host.state} ${item.host.tags.join(' ')} ${item.host.cause?.message ?? ''}`;
    case 'server':
      return `${item.key} ${item.server.state} ${item.host.tags.join(' ')} ${item.server.cause?.message ?? ''}`;
    case 'tool':
      return `${item.key} ${item.tool.host}/${item.tool.server} ${item.tool.original} ${item.tool.title ?? ''} ${item.tool.description ?? ''}`;
    case 'call':
      return `${item.call.clientName} ${item.call.host}/${item.call.server} ${item.call.tool}`;
    case 'log':
      return `${item.entry.host}/${item.entry.server ?? ''} ${item.entry.stream} ${item.entry.line}`;
    case 'stat':
      return item.key;
  }
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

/** The columns of each view, and the choice of columns for a screen width. */

import type { HostStatus, ServerStatus } from '../../api/status.ts';
import { callCounts, errorCount, latencies, type Series, STEPS, sparkline } from '../../model/activity.ts';
import type { Item, Model, ViewName } from '../../model/model.ts';
import { type Look, plain, type Span, span } from '../../model/text.ts';
import {
  ageText,
  bytesText,
  durationText,
  foundBy,
  hostSign,
  hostWhy,
  progressText,
  serverCounts,
  serverSign,
  serverWhy,
  tokensOf,
  upText,
} from '../../model/words.ts';
import { activityOf } from '../../model/world.ts';

export interface Column {
  readonly title: string;
  readonly width: number;
  /** The share of the spare width. */
  readonly grows?: number;
  readonly align?: 'right';
  /** A narrow screen drops the columns of the highest rank first. Rank 0 always stays. */
  readonly rank: number;
  readonly cell: (item: Item, model: Model) => Span;
}

const SPARK = 12;

type Shown = Span | string | undefined;
type Measures = Pick<Column, 'width' | 'rank' | 'grows' | 'align'>;
type Cell<K extends Item['kind']> = (item: Extract<Item, { kind: K }>, model: Model) => Shown;

/** Makes columns for one kind of item. A cell without a value shows a dash. */
function of<K extends Item['kind']>(kind: K): (title: string, measures: Measures, cell: Cell<K>) => Column {
  return (title, measures, cell) => ({
    ...{ title, ...measures },
    cell: (item, model) => {
      const shown = item.kind === kind ? cell(item as Extract<Item, { kind: K }>, model) : undefined;
      return typeof shown === 'object' ? shown : span(shown ?? '–', shown === undefined ? 'dim' : undefined);
    },
  });
}

/** The recent calls of an item. */
function seriesOf(item: Item, { world }: Model): Series | undefined {
  return item.kind === 'tool' ? activityOf(world, item.tool) : world.activity.get(item.key);
}

const calls: Column = {
  ...{ title: 'CALLS', width: SPARK, rank: 6 },
  cell: (item, model) => span(sparkline(callCounts(seriesOf(item, model), SPARK, model.nowMs)), 'accent'),
};
const latency: Column = {
  ...{ title: 'LATENCY', width: SPARK, rank: 7 },
  cell: (item, model) => span(sparkline(latencies(seriesOf(item, model), SPARK, model.nowMs)), 'accent'),
};
const errors: Column = {
  ...{ title: 'ERR/5m', width: 6, align: 'right', rank: 5 },
  cell: ({ key }, { world, nowMs }) => {
    const count = errorCount(world.activity.get(key), STEPS, nowMs);
    return count === 0 ? span('–', 'dim') : span(String(count), 'bad');
  },
};

/** A count with a look; 0 shows a dash. */
function counted(count: number, look: Look): Shown {
  return count === 0 ? undefined : span(String(count), look);
}

const align = 'right';
const [host, server, tool, call, stat] = [of('host'), of('server'), of('tool'), of('call'), of('stat')];

export const COLUMNS: Readonly<Record<Exclude<ViewName, 'logs'>, readonly Column[]>> = {
  hosts: [
    host('HOST', { width: 8, rank: 0, grows: 1 }, ({ key }) => plain(key)),
    host('STATE', { width: 12, rank: 0 }, (item) => hostSign(item.host)),
    host('RTT', { width: 6, rank: 3, align }, (item) => defined(item.host.rttMs, durationText)),
    host('SRV', { width: 5, rank: 2, align }, (item) => serversUp(item.host)),
    host('TOOLS', { width: 5, rank: 4, align }, (item) => String(toolCount(item.host.servers))),
    ...[errors, calls, latency],
    host('WHY', { width: 24, rank: 1, grows: 3 }, (item, { nowMs }) => span(hostWhy(item.host, nowMs), 'warn')),
  ],
  servers: [
    server('SERVER', { width: 12, rank: 0, grows: 1 }, ({ key }) => plain(key)),
    server('STATE', { width: 10, rank: 0 }, (item) => serverSign(item.server)),
    server('TOOLS', { width: 5, rank: 2, align }, (item) => String(item.server.tools)),
    server('UP', { width: 4, rank: 3, align }, (item, { nowMs }) => uptime(item.server, nowMs)),
    server('PID', { width: 8, rank: 5, align }, (item) => pidText(item.server)),
    server('RESTARTS', { width: 8, rank: 4, align }, (item) => counted(item.server.restarts, 'warn')),
    ...[errors, calls, latency],
    server('WHY', { width: 24, rank: 1, grows: 3 }, (item) => {
      const why = serverWhy(item.host, item.server);
      const by = foundBy(item.server);
      return why === '' && by !== '' ? span(`from ${by}`, 'dim') : span(why, 'warn');
    }),
  ],
  tools: [
    tool('TOOL', { width: 20, rank: 0, grows: 2 }, ({ key }) => plain(key)),
    tool('TOKENS', { width: 6, rank: 3, align }, (item) => `≈${tokensOf(item.tool.definition)}`),
    tool('BY', { width: 9, rank: 5 }, (item) => defined(item.tool.pool, ({ members }) => `pool of ${members.length}`)),
    ...[calls, latency],
    tool('WHAT IT DOES', { width: 12, rank: 1, grows: 3 }, ({ tool: { title, description = '' } }) =>
      span(plain(title ?? description), 'dim'),
    ),
  ],
  live: [
    call('AGE', { width: 6, rank: 0, align }, (item, { nowMs }) => ageText(nowMs - item.call.startedMs)),
    call('TOOL', { width: 12, rank: 0, grows: 2 }, (item) => plain(item.call.tool)),
    call('HOST/SERVER', { width: 10, rank: 1, grows: 2 }, (item) => plain(`${item.call.host}/${item.call.server}`)),
    call('CLIENT', { width: 8, rank: 3, grows: 1 }, (item) => plain(item.call.clientName)),
    call('BYTES', { width: 6, rank: 4, align }, (item) => defined(item.call.bytesIn, bytesText)),
    call('PROGRESS', { width: 14, rank: 2, grows: 3 }, (item) => progressText(item.call)),
  ],
  stats: [
    stat('WHAT', { width: 12, rank: 0, grows: 1 }, ({ key }) => plain(key)),
    stat('CALLS', { width: 6, rank: 0, align }, ({ row }) => String(row.calls)),
    stat('ERRORS', { width: 6, rank: 2, align }, ({ row }) => counted(row.errors, 'bad')),
    stat('P50', { width: 6, rank: 3, align }, ({ row }) => durationText(row.p50Ms)),
    stat('P95', { width: 6, rank: 1, align }, ({ row }) => durationText(row.p95Ms)),
    stat('P99', { width: 6, rank: 4, align }, ({ row }) => durationText(row.p99Ms)),
    stat('IN', { width: 6, rank: 6, align }, ({ row }) => bytesText(row.bytesIn)),
    stat('OUT', { width: 6, rank: 5, align }, ({ row }) => bytesText(row.bytesOut)),
  ],
};

function defined<T>(value: T | undefined, text: (value: T) => string): string | undefined {
  return value === undefined ? undefined : text(value);
}

function toolCount(servers: readonly ServerStatus[]): number {
  return servers.reduce((sum, { tools }) => sum + tools, 0);
}

function uptime({ instances }: ServerStatus, nowMs: number): string | undefined {
  if (instances.length === 0) return undefined;
  return upText(nowMs - Math.min(...instances.map(({ sinceMs }) => sinceMs)));
}

function pidText({ instances }: ServerStatus): string | undefined {
  const pids = instances.flatMap(({ pid }) => pid ?? []);
  return pids.length > 1 ? `${pids.length} pids` : pids[0] === undefined ? undefined : String(pids[0]);
}

function serversUp(host: HostStatus): string {
  const { up, all } = serverCounts(host);
  return `${up}/${all}`;
}

export interface Placed {
  readonly column: Column;
  readonly width: number;
}

const GAP = 2;

/** The columns that fit, and their widths. */
export function placed(columns: readonly Column[], width: number): readonly Placed[] {
  let shown = columns;
  while (needed(shown) > width && shown.some(({ rank }) => rank > 0)) {
    const highest = Math.max(...shown.map(({ rank }) => rank));
    shown = shown.filter(({ rank }) => rank !== highest);
  }
  const spare = Math.max(0, width - needed(shown));
  const shares = shown.reduce((sum, { grows = 0 }) => sum + grows, 0);
  return shown.map((column) => ({
    column,
    width: column.width + (shares === 0 ? 0 : Math.floor((spare * (column.grows ?? 0)) / shares)),
  }));
}

function needed(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width + GAP, -GAP);
}

export const COLUMN_GAP = ' '.repeat(GAP);

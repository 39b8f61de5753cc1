/** The columns of each view, and how many of them a screen has room for. */
import type { ServerStatus } from '../../daemon/control-schema.ts';
import { callCounts, errorCount, latencies, type Series, STEPS, sparkline } from '../model/activity.ts';
import type { Item, Model, ViewName } from '../model/model.ts';
import { activityOf } from '../model/pools.ts';
import {
  ageText,
  bytesText,
  durationText,
  hostSign,
  hostWhy,
  progressText,
  serverSign,
  serverWhy,
  tokensOf,
  upText,
} from '../model/words.ts';
import { type Span, span } from '../spans.ts';
import { plain } from '../text.ts';

export interface Column {
  readonly title: string;
  readonly width: number;
  /** Takes its share of what is left over. */
  readonly grows?: number;
  readonly align?: 'right';
  /** The highest go first where there is no room; 0 always stays. */
  readonly rank: number;
  readonly cell: (item: Item, model: Model) => Span;
}

const SPARK = 12;

function of<K extends Item['kind']>(
  kind: K,
  cell: (item: Extract<Item, { kind: K }>, model: Model) => Span | string | undefined,
): Column['cell'] {
  return (item, model) => {
    const made = item.kind === kind ? cell(item as Extract<Item, { kind: K }>, model) : undefined;
    return typeof made === 'object' ? made : span(made ?? '–', made === undefined ? 'dim' : undefined);
  };
}

/** What was called there lately. */
function seriesOf(item: Item, { world }: Model): Series | undefined {
  return item.kind === 'tool' ? activityOf(world, item.tool) : world.activity.get(item.key);
}

const calls: Column = {
  title: 'CALLS',
  width: SPARK,
  rank: 6,
  cell: (item, model) => span(sparkline(callCounts(seriesOf(item, model), SPARK, model.nowMs)), 'accent'),
};

const latency: Column = {
  title: 'LATENCY',
  width: SPARK,
  rank: 7,
  cell: (item, model) => span(sparkline(latencies(seriesOf(item, model), SPARK, model.nowMs)), 'accent'),
};

const errors: Column = {
  title: 'ERR/5m',
  width: 6,
  align: 'right',
  rank: 5,
  cell: ({ key }, { world, nowMs }) => {
    const count = errorCount(world.activity.get(key), STEPS, nowMs);
    return count === 0 ? span('–', 'dim') : span(String(count), 'bad');
  },
};

export const COLUMNS: Readonly<Record<Exclude<ViewName, 'logs'>, readonly Column[]>> = {
  hosts: [
    { title: 'HOST', width: 8, grows: 1, rank: 0, cell: of('host', ({ key }) => plain(key)) },
    { title: 'STATE', width: 12, rank: 0, cell: of('host', ({ host }) => hostSign(host)) },
    {
      title: 'RTT',
      width: 6,
      align: 'right',
      rank: 3,
      cell: of('host', ({ host }) => (host.rttMs === undefined ? undefined : durationText(host.rttMs))),
    },
    {
      title: 'SRV',
      width: 5,
      align: 'right',
      rank: 2,
      cell: of('host', ({ host: { servers } }) => serversUp(servers)),
    },
    {
      title: 'TOOLS',
      width: 5,
      align: 'right',
      rank: 4,
      cell: of('host', ({ host }) => String(host.servers.reduce((sum, { tools }) => sum + tools, 0))),
    },
    errors,
    calls,
    latency,
    {
      title: 'WHY',
      width: 24,
      grows: 3,
      rank: 1,
      cell: of('host', ({ host }, { nowMs }) => span(hostWhy(host, nowMs), 'warn')),
    },
  ],
  servers: [
    { title: 'SERVER', width: 12, grows: 1, rank: 0, cell: of('server', ({ key }) => plain(key)) },
    { title: 'STATE', width: 10, rank: 0, cell: of('server', ({ server }) => serverSign(server)) },
    { title: 'TOOLS', width: 5, align: 'right', rank: 2, cell: of('server', ({ server }) => String(server.tools)) },
    {
      title: 'UP',
      width: 4,
      align: 'right',
      rank: 3,
      cell: of('server', ({ server: { instances } }, { nowMs }) =>
        instances.length === 0 ? undefined : upText(nowMs - Math.min(...instances.map(({ sinceMs }) => sinceMs))),
      ),
    },
    { title: 'PID', width: 8, align: 'right', rank: 5, cell: of('server', ({ server }) => pidText(server)) },
    {
      title: 'RESTARTS',
      width: 8,
      align: 'right',
      rank: 4,
      cell: of('server', ({ server: { restarts } }) => (restarts === 0 ? undefined : span(String(restarts), 'warn'))),
    },
    errors,
    calls,
    latency,
    {
      title: 'WHY',
      width: 24,
      grows: 3,
      rank: 1,
      cell: of('server', ({ host, server }) => span(serverWhy(host, server), 'warn')),
    },
  ],
  tools: [
    { title: 'TOOL', width: 20, grows: 2, rank: 0, cell: of('tool', ({ key }) => plain(key)) },
    {
      title: 'TOKENS',
      width: 6,
      align: 'right',
      rank: 3,
      cell: of('tool', ({ tool }) => `≈${tokensOf(tool.definition)}`),
    },
    {
      title: 'BY',
      width: 9,
      rank: 5,
      cell: of('tool', ({ tool: { pool } }) => (pool === undefined ? undefined : `pool of ${pool.members.length}`)),
    },
    calls,
    latency,
    {
      title: 'WHAT IT DOES',
      width: 12,
      grows: 3,
      rank: 1,
      cell: of('tool', ({ tool }) => span(plain(tool.title ?? tool.description ?? ''), 'dim')),
    },
  ],
  live: [
    {
      title: 'AGE',
      width: 6,
      align: 'right',
      rank: 0,
      cell: of('call', ({ call }, { nowMs }) => ageText(nowMs - call.startedMs)),
    },
    { title: 'TOOL', width: 12, grows: 2, rank: 0, cell: of('call', ({ call }) => plain(call.tool)) },
    {
      title: 'HOST/SERVER',
      width: 10,
      grows: 2,
      rank: 1,
      cell: of('call', ({ call }) => plain(`${call.host}/${call.server}`)),
    },
    { title: 'CLIENT', width: 8, grows: 1, rank: 3, cell: of('call', ({ call }) => plain(call.clientName)) },
    {
      title: 'BYTES',
      width: 6,
      align: 'right',
      rank: 4,
      cell: of('call', ({ call }) => (call.bytesIn === undefined ? undefined : bytesText(call.bytesIn))),
    },
    {
      title: 'PROGRESS',
      width: 14,
      grows: 3,
      rank: 2,
      cell: of('call', ({ call }) => progressText(call)),
    },
  ],
  stats: [
    { title: 'WHAT', width: 12, grows: 1, rank: 0, cell: of('stat', ({ key }) => plain(key)) },
    { title: 'CALLS', width: 6, align: 'right', rank: 0, cell: of('stat', ({ row }) => String(row.calls)) },
    {
      title: 'ERRORS',
      width: 6,
      align: 'right',
      rank: 2,
      cell: of('stat', ({ row }) => (row.errors === 0 ? undefined : span(String(row.errors), 'bad'))),
    },
    { title: 'P50', width: 6, align: 'right', rank: 3, cell: of('stat', ({ row }) => durationText(row.p50Ms)) },
    { title: 'P95', width: 6, align: 'right', rank: 1, cell: of('stat', ({ row }) => durationText(row.p95Ms)) },
    { title: 'P99', width: 6, align: 'right', rank: 4, cell: of('stat', ({ row }) => durationText(row.p99Ms)) },
    { title: 'IN', width: 6, align: 'right', rank: 6, cell: of('stat', ({ row }) => bytesText(row.bytesIn)) },
    { title: 'OUT', width: 6, align: 'right', rank: 5, cell: of('stat', ({ row }) => bytesText(row.bytesOut)) },
  ],
};

function pidText({ instances }: ServerStatus): string | undefined {
  const pids = instances.flatMap(({ pid }) => pid ?? []);
  return pids.length > 1 ? `${pids.length} pids` : pids[0] === undefined ? undefined : String(pids[0]);
}

function serversUp(servers: readonly { readonly state: string }[]): string {
  const wanted = servers.filter(({ state }) => state !== 'disabled');
  return `${wanted.filter(({ state }) => state === 'ready').length}/${wanted.length}`;
}

export interface Placed {
  readonly column: Column;
  readonly width: number;
}

/** Two columns between neighbours. */
const GAP = 2;

/** Those that fit, the growing ones grown. */
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

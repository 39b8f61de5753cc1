/** The columns of each view. `column-widths.ts` chooses those that fit a screen. */

import type { HostStatus, ServerStatus } from '../api/status.ts';
import { callCounts, errorCount, latencies, type Series, STEPS, sparkline } from './activity.ts';
import type { Item, Model } from './model.ts';
import { type Look, plain, type Span, span } from './text.ts';
import type { ViewName } from './view.ts';
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
} from './words.ts';
import { activityOf } from './world.ts';

export interface Column {
  readonly title: string;
  /** The column is as wide as its widest cell, but not narrower than this. */
  readonly least?: number;
  /** A longer text may be cut to this width, so that other columns fit. */
  readonly cut?: number;
  /** The column takes the width that is left. */
  readonly fills?: true;
  /** A filter does not look here: a picture, or a figure that is slow to get. */
  readonly unsearched?: true;
  readonly align?: 'right';
  /** A narrow screen drops the columns of the highest rank first. Rank 0 always stays. */
  readonly rank: number;
  readonly cell: (item: Item, model: Model) => Span;
}

const SPARK = 12;

type Shown = Span | string | undefined;
type Measures = Omit<Column, 'title' | 'cell'>;
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
  ...{ title: 'CALLS', rank: 6, unsearched: true },
  cell: (item, model) => picture(callCounts(seriesOf(item, model), SPARK, model.nowMs)),
};
const latency: Column = {
  ...{ title: 'LATENCY', rank: 7, unsearched: true },
  cell: (item, model) => picture(latencies(seriesOf(item, model), SPARK, model.nowMs)),
};
const errors: Column = {
  ...{ title: 'ERR/5m', align: 'right', rank: 5 },
  cell: ({ key }, { world, nowMs }) => {
    const count = errorCount(world.activity.get(key), STEPS, nowMs);
    return count === 0 ? span('–', 'dim') : span(String(count), 'bad');
  },
};

/** Without calls the column needs no width. */
function picture(values: readonly (number | undefined)[]): Span {
  const line = sparkline(values);
  return span(line.trim() === '' ? '' : line, 'accent');
}

/** A count with a look; 0 shows a dash. */
function counted(count: number, look: Look): Shown {
  return count === 0 ? undefined : span(String(count), look);
}

const align = 'right';
const fills = true;
const [host, server, tool, call, stat] = [of('host'), of('server'), of('tool'), of('call'), of('stat')];

export const COLUMNS: Readonly<Record<Exclude<ViewName, 'logs'>, readonly Column[]>> = {
  hosts: [
    host('HOST', { cut: 32, rank: 0 }, ({ key }) => plain(key)),
    host('STATE', { least: 12, rank: 0 }, (item) => hostSign(item.host)),
    host('RTT', { least: 6, rank: 3, align }, (item) => defined(item.host.rttMs, durationText)),
    host('SRV', { least: 5, rank: 2, align }, (item) => serversUp(item.host)),
    host('TOOLS', { least: 5, rank: 4, align }, (item) => String(toolCount(item.host.servers))),
    ...[errors, calls, latency],
    host('WHY', { rank: 1, cut: 24, fills }, (item, { nowMs }) => span(hostWhy(item.host, nowMs), 'warn')),
  ],
  servers: [
    server('SERVER', { cut: 32, rank: 0 }, ({ key }) => plain(key)),
    server('STATE', { least: 10, rank: 0 }, (item) => serverSign(item.server)),
    server('TOOLS', { least: 5, rank: 2, align }, (item) => String(item.server.tools)),
    server('UP', { least: 4, rank: 3, align }, (item, { nowMs }) => uptime(item.server, nowMs)),
    server('PID', { least: 5, rank: 5, align }, (item) => pidText(item.server)),
    server('RESTARTS', { rank: 4, align }, (item) => counted(item.server.restarts, 'warn')),
    ...[errors, calls, latency],
    server('WHY', { rank: 1, cut: 24, fills }, (item) => {
      const why = serverWhy(item.host, item.server);
      const by = foundBy(item.server);
      return why === '' && by !== '' ? span(`from ${by}`, 'dim') : span(why, 'warn');
    }),
  ],
  tools: [
    tool('TOOL', { cut: 40, rank: 0 }, ({ key }) => plain(key)),
    tool('TOKENS', { rank: 3, align, unsearched: true }, (item) => `≈${tokensOf(item.tool.definition)}`),
    tool('BY', { rank: 5 }, (item) => defined(item.tool.pool, ({ members }) => `pool of ${members.length}`)),
    ...[calls, latency],
    tool('WHAT IT DOES', { rank: 1, cut: 12, fills }, ({ tool: { title, description = '' } }) =>
      span(plain(title ?? description), 'dim'),
    ),
  ],
  live: [
    call('AGE', { least: 6, rank: 0, align }, (item, { nowMs }) => ageText(nowMs - item.call.startedMs)),
    call('TOOL', { cut: 32, rank: 0 }, (item) => plain(item.call.tool)),
    call('HOST/SERVER', { cut: 20, rank: 1 }, (item) => plain(`${item.call.host}/${item.call.server}`)),
    call('CLIENT', { cut: 12, rank: 3 }, (item) => plain(item.call.clientName)),
    call('BYTES', { least: 6, rank: 4, align }, (item) => defined(item.call.bytesIn, bytesText)),
    call('PROGRESS', { rank: 2, cut: 14, fills }, (item) => progressText(item.call)),
  ],
  stats: [
    stat('WHAT', { cut: 40, rank: 0 }, ({ key }) => plain(key)),
    stat('CALLS', { least: 6, rank: 0, align }, ({ row }) => String(row.calls)),
    stat('ERRORS', { rank: 2, align }, ({ row }) => counted(row.errors, 'bad')),
    stat('P50', { least: 6, rank: 3, align }, ({ row }) => durationText(row.p50Ms)),
    stat('P95', { least: 6, rank: 1, align }, ({ row }) => durationText(row.p95Ms)),
    stat('P99', { least: 6, rank: 4, align }, ({ row }) => durationText(row.p99Ms)),
    stat('IN', { least: 6, rank: 6, align }, ({ row }) => bytesText(row.bytesIn)),
    stat('OUT', { least: 6, rank: 5, align }, ({ row }) => bytesText(row.bytesOut)),
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

/** Every cell of an item as one text, as far as a filter searches it. */
export function cellTexts(item: Item, model: Model): string {
  if (model.view === 'logs') return '';
  const columns = COLUMNS[model.view].filter(({ unsearched }) => unsearched === undefined);
  return columns.map(({ cell }) => cell(item, model).text).join(' ');
}

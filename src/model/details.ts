/** Everything that is known about one item. */

import type { StatRow, ToolEntry } from '../api/control.ts';
import type { HostStatus, ServerStatus } from '../api/status.ts';
import { counted } from '../base/counted.ts';
import type { ErrorReport } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import { shellWord } from '../base/shell-word.ts';
import { callCounts, latencies, type Series, sparkline } from './activity.ts';
import { formOf } from './form.ts';
import type { Item, Model } from './model.ts';
import { type Look, line, plain, plainLines, type Span, type SpanLine, span } from './text.ts';
import type { ViewName } from './view.ts';
import {
  ageText,
  bytesText,
  clockText,
  durationText,
  foundBy,
  hostSign,
  nextStep,
  progressText,
  serverSign,
  tokensOf,
} from './words.ts';
import { activityOf, isWithin, poolMembers } from './world.ts';

/** A sparkline of five minutes. */
const SPARK_STEPS = 60;
const LOG_LINES = 8;

export function detailLines(model: Model, view: ViewName, key: string): readonly SpanLine[] {
  const item = view === model.view ? model.items.find((each) => each.key === key) : undefined;
  return item === undefined ? [line('this item is gone', 'dim')] : linesOf(model, item);
}

function linesOf(model: Model, item: Item): readonly SpanLine[] {
  switch (item.kind) {
    case 'host':
      return [
        ...hostLines(item.host, model),
        ...sparks(model, model.world.activity.get(item.key)),
        ...lastLines(model, item.host.name, undefined),
      ];
    case 'server':
      return [
        ...serverLines(item, model),
        ...sparks(model, model.world.activity.get(item.key)),
        ...lastLines(model, item.host.name, item.server.name),
      ];
    case 'tool':
      return [
        ...toolLines(item.tool),
        ...memberLines(model, item.tool),
        ...sparks(model, activityOf(model.world, item.tool)),
      ];
    case 'call': {
      const { call } = item;
      return [
        fact('tool', call.tool),
        fact('host', `${call.host}/${call.server}`),
        fact('client', `${call.clientName} (${call.client})`),
        fact('since', `${clockText(call.startedMs)}, ${ageText(model.nowMs - call.startedMs)} ago`),
        ...(call.bytesIn === undefined ? [] : [fact('request', bytesText(call.bytesIn))]),
        ...(call.progress === undefined ? [] : [fact('progress', progressText(call) ?? '')]),
      ];
    }
    case 'stat':
      return statLines(item.row);
    case 'log':
      return [line(item.entry.line)];
  }
}

function fact(name: string, value: string, look?: Look): SpanLine {
  return [span(name.padEnd(12), 'dim'), span(plain(value), look)];
}

function hostLines(host: HostStatus, { nowMs, program }: Model): readonly SpanLine[] {
  const { text, look } = hostSign(host);
  return [
    fact('state', text, look),
    ...(host.rttMs === undefined ? [] : [fact('round trip', durationText(host.rttMs))]),
    ...(host.retryAtMs === undefined ? [] : [fact('next try', `in ${ageText(host.retryAtMs - nowMs)}`)]),
    fact('through', `${host.backend}, ${counted(host.connections, 'connection')}`),
    ...(host.tags.length === 0 ? [] : [fact('tags', host.tags.join(' '))]),
    ...causeLines(host.cause, program),
    ...(host.discover?.unread ?? []).map(({ file, problem }) => fact('not read', `${file}: ${problem}`, 'warn')),
    line(''),
    ...host.servers.map((server) => serverRow(server)),
  ];
}

function serverRow(server: ServerStatus): SpanLine {
  const { text, look } = serverSign(server);
  return [
    span(plain(server.name).padEnd(12)),
    span(text.padEnd(12), look),
    span(toolsText(server)),
    span(`  ${plain(server.notStarted ?? server.cause?.message ?? '')}`, 'dim'),
  ];
}

function toolsText({ tools, cached }: ServerStatus): string {
  return `${counted(tools, 'tool')}${cached ? ', as last listed' : ''}`;
}

function serverLines(
  { host, server }: Extract<Item, { kind: 'server' }>,
  { nowMs, program }: Model,
): readonly SpanLine[] {
  const { text, look } = serverSign(server);
  const onHost = hostSign(host);
  return [
    fact('state', text, look),
    fact('host', `${host.name} ${onHost.text}`, onHost.look),
    fact('offers', toolsText(server)),
    fact('command', server.command.map(shellWord).join(' ')),
    ...(server.env.length === 0 ? [] : [fact('variables', server.env.join(' '))]),
    ...(server.from === undefined ? [] : [fact('named by', `${foundBy(server)} in ${server.file ?? ''}`)]),
    ...(server.notStarted === undefined ? [] : [fact('not started', server.notStarted, 'warn')]),
    ...server.instances.map(({ pid, sinceMs, client }, at) => {
      const since = `up ${ageText(nowMs - sinceMs)}${client === undefined ? '' : `, for client ${client}`}`;
      return fact(at === 0 ? 'processes' : '', `${pid === undefined ? '' : `pid ${pid}, `}${since}`);
    }),
    fact('restarts', String(server.restarts), server.restarts === 0 ? undefined : 'warn'),
    ...lastFailureLines(server, nowMs),
    ...causeLines(server.cause, program),
    ...server.problems.flatMap((problem) => causeLines(problem, program)),
  ];
}

/** The current problem is shown elsewhere, so this is only an earlier one. */
function lastFailureLines({ lastFailure, cause }: ServerStatus, nowMs: number): readonly SpanLine[] {
  if (lastFailure === undefined || cause !== undefined) return [];
  return [fact('last failed', `${ageText(nowMs - lastFailure.atMs)} ago: ${lastFailure.cause.message}`, 'warn')];
}

function causeLines(cause: ErrorReport | undefined, program: string): readonly SpanLine[] {
  if (cause === undefined) return [];
  const evidence = (cause.evidence ?? []).flatMap((text) => plainLines(text)).slice(0, 20);
  return [
    line(''),
    fact('why', `${cause.message} (${cause.code})`, 'bad'),
    ...evidence.map((text, index) => [span((index === 0 ? 'seen' : '').padEnd(12), 'dim'), span(text)]),
    fact('next', nextStep(cause, program), 'accent'),
  ];
}

function toolLines(tool: ToolEntry): readonly SpanLine[] {
  const { fields } = formOf(tool);
  const annotations =
    isRecord(tool.definition) && isRecord(tool.definition['annotations']) ? tool.definition['annotations'] : {};
  const hints = Object.entries(annotations).filter(([name, value]) => name.endsWith('Hint') && value === true);
  return [
    fact('server', `${tool.host}/${tool.server}, as ${tool.original}`),
    fact('costs', `about ${tokensOf(tool.definition)} tokens in every conversation`),
    ...(hints.length === 0 ? [] : [fact('hints', hints.map(([name]) => name.slice(0, -4)).join(', '))]),
    line(''),
    ...plainLines(tool.description ?? '').map((text) => line(text)),
    line(''),
    ...fields.map((field) => [
      span(`${plain(field.name)}${field.required ? '*' : ''} `.padEnd(12), 'accent'),
      span(`${field.type} `.padEnd(9), 'dim'),
      span(plain(field.description)),
    ]),
    line(fields.length === 0 ? 'takes no arguments' : '* required', 'dim'),
  ];
}

function statLines(row: StatRow): readonly SpanLine[] {
  return [
    fact('calls', `${row.calls}, ${counted(row.errors, 'error')}`),
    fact('p50', durationText(row.p50Ms)),
    fact('p95', durationText(row.p95Ms)),
    fact('p99', durationText(row.p99Ms)),
    fact('bytes', `${bytesText(row.bytesIn)} in, ${bytesText(row.bytesOut)} out`),
  ];
}

/** The members of a pool that answer its tool. */
function memberLines({ world, nowMs }: Model, tool: ToolEntry): readonly SpanLine[] {
  return poolMembers(world, tool, nowMs).map(({ name, host, server, calls, share, meanMs }, at) => {
    const { text, look } = server === undefined || host?.state !== 'ready' ? hostState(host) : serverSign(server);
    const part = share === undefined ? 'no recent calls' : `${Math.round(share * 100)} % of the calls (${calls})`;
    const time = meanMs === undefined ? '' : `, ${durationText(meanMs)}`;
    return [
      span((at === 0 ? `pool ${plain(tool.pool?.name ?? '')}` : '').padEnd(12), 'dim'),
      span(`${plain(name).padEnd(16)} `),
      span(text.padEnd(12), look),
      span(` ${part}${time}`, 'dim'),
    ];
  });
}

function hostState(host: HostStatus | undefined): Span {
  return host === undefined ? { text: '– gone', look: 'dim' } : hostSign(host);
}

function sparks({ nowMs }: Model, series: Series | undefined): readonly SpanLine[] {
  if (series === undefined) return [];
  const times = latencies(series, SPARK_STEPS, nowMs);
  const slowest = Math.max(...times.map((time) => time ?? 0));
  return [
    line(''),
    [
      span('calls'.padEnd(12), 'dim'),
      span(sparkline(callCounts(series, SPARK_STEPS, nowMs)), 'accent'),
      span(' 5 min', 'dim'),
    ],
    [
      span('latency'.padEnd(12), 'dim'),
      span(sparkline(times), 'accent'),
      span(` up to ${durationText(slowest)}`, 'dim'),
    ],
  ];
}

/** The last lines, if the log view has loaded them. */
function lastLines({ world }: Model, host: string, server: string | undefined): readonly SpanLine[] {
  const lines = (world.logs ?? []).filter((entry) => isWithin({ host, server }, entry));
  if (lines.length === 0) return [];
  return [
    line(''),
    ...lines.slice(-LOG_LINES).map((entry) => [span(`${clockText(entry.atMs)} `, 'dim'), span(entry.line)]),
  ];
}

/** The whole screen: a view, and around it title, tabs, banner, facts about the selected item and the foot. */

import { Box } from 'ink';
import type { ReactElement } from 'react';
import type { ToolEntry } from '../../api/control.ts';
import { counted } from '../../base/counted.ts';
import type { ErrorReport } from '../../base/errors.ts';
import { layoutOf } from '../../model/layout.ts';
import { inputSpans } from '../../model/line-edit.ts';
import { type Item, listOf, type Model, selectedItem, topOverlay, VIEWS, type ViewName } from '../../model/model.ts';
import { cut, plain, type Span, type SpanLine, span, widthOf } from '../../model/text.ts';
import { durationText, hostSign, hostWhy, nextStep, serverSign, serverWhy } from '../../model/words.ts';
import { poolMembers } from '../../model/world.ts';
import { Row, type Theme } from './line.tsx';
import { OverlayPage } from './overlay.tsx';
import { List, Logs } from './view.tsx';

interface PartProps {
  readonly model: Model;
  readonly theme: Theme;
}

export function Title({ model, theme }: PartProps): ReactElement {
  return <Row spans={titleOf(model)} width={model.columns} theme={theme} />;
}

function titleOf(model: Model): SpanLine {
  const { world, paused, connection } = model;
  const { status } = world;
  const parts: Span[] = [span('mcp-anywhere', 'bold'), connectionSpan(model)];
  if (status !== undefined && connection.kind !== 'connecting') {
    const up = status.hosts.filter(({ state }) => state === 'ready').length;
    const servers = status.hosts.flatMap((host) => host.servers);
    const tools = servers.reduce((sum, server) => sum + server.tools, 0);
    const ready = servers.filter(({ state }) => state === 'ready').length;
    parts.push(
      span(`${up}/${status.hosts.length} up`),
      span(`${ready}/${servers.length} running`),
      span(counted(tools, 'tool')),
    );
    const shells = status.clients.filter(({ shell }) => shell !== undefined).length;
    parts.push(span(`${world.calls.length} live`), span(counted(status.clients.length - shells, 'client')));
    if (shells > 0) parts.push(span(counted(shells, 'shell')));
  }
  const alarms = [
    ...(paused ? [span('PAUSED', 'warn')] : []),
    ...(world.prompts.length > 0 ? [span(`${world.prompts.length} asked`, 'warn')] : []),
  ];
  // The most important parts first, because a narrow screen cuts the end.
  return spaced([...parts.slice(0, 2), ...alarms, ...parts.slice(2)]);
}

/** A healthy daemon answers at once, ms. */
const SILENT_MS = 5_000;

/** A suspended or hanging daemon does not answer, although its connection stays open. */
function isSilent({ loading, loadedMs: { snapshot: askedMs }, nowMs }: Model): boolean {
  return loading.has('snapshot') && askedMs !== undefined && nowMs - askedMs >= SILENT_MS;
}

function connectionSpan(model: Model): Span {
  const { connection, world } = model;
  if (connection.kind === 'connecting') return span('◐ connecting', 'warn');
  if (connection.kind === 'gone') return span('✖ daemon gone', 'bad');
  const pid = world.status?.daemon?.pid;
  if (isSilent(model)) return span(`✖ pid ${pid ?? '?'} does not answer`, 'bad');
  return span(pid === undefined ? '● here' : `● pid ${pid}`, 'good');
}

function spaced(parts: readonly Span[]): SpanLine {
  return parts.flatMap((part, at) => (at === 0 ? [part] : [span('  '), part]));
}

export function Tabs({ model, theme }: PartProps): ReactElement {
  return <Row spans={tabsOf(model)} width={model.columns} theme={theme} />;
}

/** All names; on a narrow screen only the current one. */
function tabsOf(model: Model): SpanLine {
  const full = VIEWS.map(({ title }, at) => `[${at + 1}]${title}${countOf(model, at)}`);
  const hasRoom = widthOf(full.join(' ')) <= model.columns;
  return VIEWS.flatMap(({ name, title }, at): Span[] => {
    const isCurrent = name === model.view;
    const text = hasRoom ? (full[at] ?? '') : isCurrent ? `[${at + 1}]${title}` : String(at + 1);
    const gap = at === 0 ? [] : [span(' ')];
    return [...gap, isCurrent ? span(text, 'selected') : span(text, 'dim')];
  });
}

function countOf({ world }: Model, at: number): string {
  return VIEWS[at]?.name === 'live' && world.calls.length > 0 ? `(${world.calls.length})` : '';
}

export function Banner({ model, theme }: PartProps): ReactElement | null {
  const { connection, nowMs, world } = model;
  const [prompt] = world.prompts;
  if (connection.kind === 'gone') {
    const wait =
      connection.retryAtMs === undefined
        ? 'now'
        : `in ${Math.max(0, Math.ceil((connection.retryAtMs - nowMs) / 1000))}s`;
    const text = `✖ daemon gone, reconnecting ${wait}; r starts a new one  ${plain(connection.cause?.message ?? '')}`;
    return <Row spans={[span(text, 'bad')]} width={model.columns} theme={theme} />;
  }
  if (prompt === undefined) return <ProblemBanner model={model} theme={theme} />;
  const text = `◐ ${plain(prompt.host)} asks: ${plain(prompt.text)} (a answers)`;
  return <Row spans={[span(text, 'warn')]} width={model.columns} theme={theme} />;
}

/** The hosts file has a problem, so the last good one stays in force. */
function ProblemBanner({ model, theme }: PartProps): ReactElement | null {
  const problem = model.world.status?.problem;
  if (problem === undefined) return null;
  const next = ` → ${nextStep(problem, model.program)}`;
  const text = cut(`✖ hosts file not in force: ${plain(problem.message)}`, Math.max(10, model.columns - widthOf(next)));
  return <Row spans={[span(text, 'bad'), span(next, 'accent')]} width={model.columns} theme={theme} />;
}

/** Two rows about the selected item: facts, and what is wrong. */
export function Strip({ model, theme }: PartProps): ReactElement {
  const item = selectedItem(model);
  const [first, second] = item === undefined ? [[], []] : stripOf(model, item);
  return (
    <>
      <Row spans={first} width={model.columns} theme={theme} />
      <Row spans={second} width={model.columns} theme={theme} />
    </>
  );
}

function stripOf(model: Model, item: Item): readonly [SpanLine, SpanLine] {
  if (item.kind === 'host') {
    const { host } = item;
    const facts = [
      plain(host.name),
      plain(host.backend),
      `${host.connections} conn`,
      ...(host.tags.length === 0 ? [] : [`tags ${plain(host.tags.join(','))}`]),
    ];
    const servers = host.servers.flatMap((server) => [
      span('  '),
      span(`${plain(server.name)} `),
      span(serverSign(server).text, serverSign(server).look),
      span(` ${server.tools}`, 'dim'),
    ]);
    return [
      [span(` ${facts.join(' · ')}`, 'dim'), ...servers],
      reasonOf(hostWhy(host, model.nowMs), host.cause, model),
    ];
  }
  if (item.kind === 'server') {
    const { host, server } = item;
    const facts = ` ${plain(item.key)} · host ${hostSign(host).text} · ${counted(server.tools, 'tool')}${server.cached ? ' as last listed' : ''}`;
    const cause = server.cause ?? server.problems[0] ?? host.cause;
    return [[span(facts, 'dim')], reasonOf(serverWhy(host, server), cause, model)];
  }
  if (item.kind === 'tool')
    return [[span(` ${toolPlace(model, item.tool)}`, 'dim')], [span(` ${plain(item.tool.description ?? '')}`, 'dim')]];
  return [[], []];
}

function toolPlace({ world, nowMs }: Model, tool: ToolEntry): string {
  const { pool, host, server, original } = tool;
  if (pool === undefined) return plain(`${host}/${server} · ${original}`);
  const members = poolMembers(world, tool, nowMs).map(({ name, share, meanMs }) => {
    const part = share === undefined ? '' : ` ${Math.round(share * 100)} %`;
    return `${plain(name)}${part}${meanMs === undefined ? '' : ` ${durationText(meanMs)}`}`;
  });
  return `pool ${plain(pool.name)} · ${members.join(' · ')}`;
}

/** Shows the next command whole. */
function reasonOf(text: string, cause: ErrorReport | undefined, { columns, program }: Model): SpanLine {
  if (cause === undefined) return [];
  const next = ` → ${nextStep(cause, program)}`;
  return [span(` ${cut(text, Math.max(10, columns - widthOf(next) - 1))}`, 'warn'), span(next, 'accent')];
}

export function Foot({ model, theme }: PartProps): ReactElement {
  return <Row spans={footOf(model)} width={model.columns} theme={theme} />;
}

function footOf(model: Model): SpanLine {
  const overlay = topOverlay(model);
  if (overlay?.kind === 'filter') return [span('/', 'accent'), ...inputSpans(overlay.line, model.columns - 1)];
  if (model.notice !== undefined) return [span(model.notice.text, model.notice.look)];
  const { filter } = listOf(model);
  const filtered =
    filter === '' || overlay !== undefined
      ? []
      : [span(`/${plain(filter)} (${model.items.length})`, 'accent'), span('  ')];
  return [...filtered, span(keysOf(model), 'dim')];
}

const OF_VIEW: Readonly<Record<ViewName, string>> = {
  hosts: '⏎ open  / filter  s sort  r reconnect  R restart  l logs  x explain  ? help  q quit',
  servers: '⏎ open  / filter  s sort  R restart  e on/off  l logs  x explain  ? help  q quit',
  tools: '⏎ open  t call  / filter  s sort  L list again  l logs  c copy  ? help  q quit',
  live: '⏎ open  K cancel  / filter  s sort  l logs  ? help  q quit',
  logs: 'f follow  w wrap  v stream  e level  / search  l all  ? help  q quit',
  stats: 'w hour/day  b by  s sort  / filter  ? help  q quit',
};

function keysOf(model: Model): string {
  const overlay = topOverlay(model);
  switch (overlay?.kind) {
    case undefined:
      return narrowed(OF_VIEW[model.view], model.columns);
    case 'confirm':
      return `y yes  n no${overlay.command === undefined ? '' : '  c copy the command'}`;
    case 'form':
      return 'Tab next  Ctrl-S call  Esc back';
    case 'prompt':
      return '⏎ answer  Esc later  Ctrl-D decline';
    case 'details':
      return narrowed('Esc back  j k scroll  R restart  l logs  x explain  c copy', model.columns);
    default:
      return 'Esc back  j k scroll  c copy';
  }
}

/** As many whole hints as fit; help and quit always stay. */
function narrowed(text: string, columns: number): string {
  if (text.length <= columns) return text;
  const hints = text.split('  ').filter((hint) => hint !== '? help' && hint !== 'q quit');
  const always = '? help  q quit';
  let shown = '';
  for (const hint of hints) {
    if (shown.length + hint.length + 2 + always.length > columns) break;
    shown += `${hint}  `;
  }
  return shown + always;
}

interface AppProps {
  readonly model: Model;
  readonly theme: Theme;
}

export function App({ model, theme }: AppProps): ReactElement {
  const overlay = topOverlay(model);
  return (
    <Box flexDirection="column" width={model.columns} height={model.rows}>
      <Title model={model} theme={theme} />
      <Tabs model={model} theme={theme} />
      <Banner model={model} theme={theme} />
      {overlay === undefined || overlay.kind === 'filter' ? (
        <View model={model} theme={theme} />
      ) : (
        <OverlayPage model={model} overlay={overlay} theme={theme} />
      )}
      <Foot model={model} theme={theme} />
    </Box>
  );
}

function View({ model, theme }: AppProps): ReactElement {
  const { view } = model;
  return (
    <>
      {view === 'logs' ? <Logs model={model} theme={theme} /> : <List model={model} view={view} theme={theme} />}
      {layoutOf(model).strip > 0 ? <Strip model={model} theme={theme} /> : null}
    </>
  );
}

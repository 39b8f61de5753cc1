/** The whole screen: a view, and around it title, tabs, banner, facts about the selected item and the foot. */

import { Box } from 'ink';
import type { ReactElement } from 'react';
import { counted } from '../../base/counted.ts';
import { type ActionName, keyText } from '../../model/actions.ts';
import { layoutOf } from '../../model/layout.ts';
import { inputSpans, type Line } from '../../model/line-edit.ts';
import { listOf, type Model, type Overlay, selectedItem, topOverlay } from '../../model/model.ts';
import { available, keyOf } from '../../model/perform.ts';
import { stripOf } from '../../model/strip.ts';
import { tabsOf } from '../../model/tabs.ts';
import { cut, plain, type Span, type SpanLine, span, widthOf } from '../../model/text.ts';
import { nextStep } from '../../model/words.ts';
import type { Theme } from '../theme.ts';
import { Row } from './line.tsx';
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
  return <Row spans={tabSpans(model)} width={model.columns} theme={theme} />;
}

/** The tabs, and at the right end the place in the list. */
function tabSpans(model: Model): SpanLine {
  const tabs = tabsOf(model).flatMap(({ text, isCurrent }, at): Span[] => {
    const gap = at === 0 ? [] : [span(' ')];
    return [...gap, span(text, isCurrent ? 'selected' : 'dim')];
  });
  const place = topOverlay(model) === undefined ? placeText(model) : '';
  const gap = model.columns - tabs.reduce((sum, { text }) => sum + widthOf(text), 0) - place.length;
  return gap < 1 ? tabs : [...tabs, span(' '.repeat(gap)), span(place, 'dim')];
}

/** The number of the selected item, or of the last shown line of the log. */
function placeText(model: Model): string {
  const { items, view } = model;
  const { index } = listOf(model);
  return items.length === 0 ? '' : `${view === 'logs' ? index : index + 1}/${items.length}`;
}

export function Banner({ model, theme }: PartProps): ReactElement | null {
  const { connection, nowMs, world } = model;
  const [prompt] = world.prompts;
  if (connection.kind === 'gone') {
    const wait =
      connection.retryAtMs === undefined
        ? 'now'
        : `in ${Math.max(0, Math.ceil((connection.retryAtMs - nowMs) / 1000))}s`;
    const text = `✖ daemon gone, reconnecting ${wait}; ${keyOf(model, 'start')} starts a new one  ${plain(connection.cause?.message ?? '')}`;
    return <Row spans={[span(text, 'bad')]} width={model.columns} theme={theme} />;
  }
  if (prompt === undefined) return <ProblemBanner model={model} theme={theme} />;
  const text = `◐ ${plain(prompt.host)} asks: ${plain(prompt.text)} (${keyOf(model, 'answer')} answers)`;
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

export function Foot({ model, theme }: PartProps): ReactElement {
  return <Row spans={footOf(model)} width={model.columns} theme={theme} />;
}

function footOf(model: Model): SpanLine {
  const overlay = topOverlay(model);
  if (overlay?.kind === 'filter') return typedFilter(model, overlay.line);
  if (model.notice !== undefined) return [span(model.notice.text, model.notice.look)];
  if (overlay !== undefined) return [span(overlayKeys(model, overlay), 'dim')];
  const narrowed = narrowing(model);
  const room = model.columns - narrowed.reduce((sum, { text }) => sum + widthOf(text), 0);
  return [...narrowed, span(hintsText(model, room), 'dim')];
}

function typedFilter(model: Model, line: Line): SpanLine {
  const count = ` [${model.items.length}/${model.total}]`;
  return [span('/', 'accent'), ...inputSpans(line, Math.max(1, model.columns - 1 - count.length)), span(count, 'dim')];
}

/** What hides a part of the list: `/nas [5/50]`. */
function narrowing(model: Model): SpanLine {
  const { filter, trouble } = listOf(model);
  const parts = [...(filter === '' ? [] : [`/${plain(filter)}`]), ...(trouble ? ['only trouble'] : [])];
  return parts.length === 0
    ? []
    : [span(`${parts.join(' ')} [${model.items.length}/${model.total}]`, 'accent'), span('  ')];
}

const OF_DETAILS: ReadonlySet<ActionName> = new Set(['restart', 'log', 'explain', 'copy']);

function overlayKeys(model: Model, overlay: Exclude<Overlay, { kind: 'filter' }>): string {
  switch (overlay.kind) {
    case 'confirm':
      return `y yes  n no${overlay.command === undefined ? '' : '  c copy the command'}`;
    case 'form':
      return 'Tab next  Ctrl-S call  Ctrl-Y copy the command  Esc back';
    case 'prompt':
      return '⏎ answer  Esc later  Ctrl-D decline';
    case 'palette':
      return '⏎ do it  ↑ ↓ choose  Esc back';
    case 'details':
      return ['Esc back', 'j k scroll', ...hintsOf(model, (name) => OF_DETAILS.has(name))].join('  ');
    default:
      return ['Esc back', 'j k scroll', ...hintsOf(model, (name) => name === 'copy')].join('  ');
  }
}

/** As many whole hints as fit into `room` columns. Help and quit always stay. */
function hintsText(model: Model, room: number): string {
  const always = hintsOf(model, (name) => name === 'help' || name === 'quit');
  const others = hintsOf(model, (name) => name !== 'help' && name !== 'quit');
  let left = room - widthOf(always.join('  '));
  const shown = others.filter((hint) => {
    left -= widthOf(hint) + 2;
    return left >= 0;
  });
  return [...shown, ...always].join('  ');
}

function hintsOf(model: Model, isWanted: (name: ActionName) => boolean): readonly string[] {
  return available(model).flatMap(({ name, keys: [key], hint }) =>
    key === undefined || hint === undefined || !isWanted(name) ? [] : [`${keyText(key)} ${hint}`],
  );
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

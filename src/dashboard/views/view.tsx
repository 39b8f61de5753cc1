/** The rows of the current view, as many as the screen has room for: a list, or the log. */

import { Box } from 'ink';
import type { ReactElement } from 'react';
import { counted } from '../../base/counted.ts';
import { layoutOf, logIndent, logRows, logWindow } from '../../model/layout.ts';
import { type Item, listOf, type Model, type ViewName } from '../../model/model.ts';
import { looksLike } from '../../model/sources.ts';
import { fit, type Look, plain, type Span, type SpanLine, span } from '../../model/text.ts';
import { clockText } from '../../model/words.ts';
import { COLUMN_GAP, COLUMNS, type Placed, placed } from './columns.ts';
import { Row, type Theme } from './line.tsx';

interface ListProps {
  readonly model: Model;
  readonly view: Exclude<ViewName, 'logs'>;
  readonly theme: Theme;
}

const MARK = '▶ ';
const NO_MARK = '  ';

export function List({ model, view, theme }: ListProps): ReactElement {
  const { columns: width, items } = model;
  const { index, top } = listOf(model);
  const height = layoutOf(model).list;
  const columns = placed(COLUMNS[view], width - MARK.length);
  const shown = items.slice(top, top + height);
  return (
    <Box flexDirection="column" height={height + 1}>
      <Row spans={[span(headText(model, columns), 'dim')]} width={width} theme={theme} />
      {shown.length === 0 ? (
        <Row spans={[span(`  ${emptyListText(model)}`, 'dim')]} width={width} theme={theme} />
      ) : null}
      {shown.map((item, row) => (
        <Row key={item.key} spans={rowOf(item, model, columns, top + row === index)} width={width} theme={theme} />
      ))}
    </Box>
  );
}

function headText({ view, stats }: Model, columns: readonly Placed[]): string {
  const asked = view === 'stats' ? `BY ${stats.by.toUpperCase()}, LAST ${stats.window.toUpperCase()}` : undefined;
  const titles = columns.map(({ column, width }, at) =>
    fit((at === 0 ? asked : undefined) ?? column.title, width, column.align),
  );
  return NO_MARK + titles.join(COLUMN_GAP);
}

function rowOf(item: Item, model: Model, columns: readonly Placed[], isSelected: boolean): SpanLine {
  const cells = columns.flatMap(({ column, width }, at): Span[] => {
    const { text, look } = column.cell(item, model);
    const cell = span(fit(text, width, column.align), look);
    return at === 0 ? [cell] : [span(COLUMN_GAP), cell];
  });
  if (!isSelected) return [span(NO_MARK), ...cells];
  return [span(MARK, 'accent'), ...cells.map((cell, at) => (at === 0 ? span(cell.text, 'selected') : cell))];
}

function emptyListText(model: Model): string {
  const { view, world, connection } = model;
  if (listOf(model).filter !== '') return 'nothing matches the filter; Esc removes it';
  if (connection.kind !== 'attached' && world.status === undefined) return 'connecting …';
  if (view === 'hosts' || view === 'servers')
    return world.status === undefined ? 'loading …' : `the hosts file names no ${view}`;
  if (view === 'tools')
    return world.tools === undefined
      ? 'listing tools …'
      : 'no tools are known yet; L starts the servers and lists their tools';
  if (view === 'live') return 'no call is running';
  return world.stats === undefined ? 'loading …' : 'no calls yet';
}

interface LogsProps {
  readonly model: Model;
  readonly theme: Theme;
}

/** The end of the log while a person follows the log, or the place where the person stopped. */
export function Logs({ model, theme }: LogsProps): ReactElement {
  const height = layoutOf(model).list;
  const end = listOf(model).index;
  const { from, to } = logWindow(model, end);
  const rows = model.items.slice(from, to).flatMap((item) => rowsOf(model, item));
  // A wrapped line can have more rows than fit. At the end of the log its first rows are cut, otherwise its last ones.
  const shown = to > end ? rows.slice(0, height) : rows.slice(-height);
  return (
    <Box flexDirection="column" height={height + 1}>
      <Row spans={headOf(model)} width={model.columns} theme={theme} />
      {shown.length === 0 ? (
        <Row spans={[span(emptyLogText(model), 'dim')]} width={model.columns} theme={theme} />
      ) : null}
      {shown.map(({ key, spans }) => (
        <Row key={key} spans={spans} width={model.columns} theme={theme} />
      ))}
    </Box>
  );
}

function headOf({ logs, items }: Model): SpanLine {
  const whose = logs.host === undefined ? 'all hosts' : [logs.host, logs.server].filter(Boolean).join('/');
  const parts = [
    whose,
    logs.follow ? 'following' : 'stopped',
    logs.wrap ? 'wrapped' : 'cut',
    ...(logs.stream === 'all' ? [] : [logs.stream]),
    ...(logs.level === 'all' ? [] : [logs.level]),
    counted(items.length, 'line'),
  ];
  return [span(plain(parts.join(' · ')), 'dim')];
}

interface ScreenRow {
  readonly key: string;
  readonly spans: SpanLine;
}

const LOOKS: Readonly<Record<ReturnType<typeof looksLike>, Look | undefined>> = {
  error: 'bad',
  warning: 'warn',
  other: undefined,
};

function rowsOf(model: Model, item: Item): readonly ScreenRow[] {
  if (item.kind !== 'log') return [];
  const look = LOOKS[looksLike(item.entry.line)];
  return logRows(model, item).map((text, at) => ({
    key: `${item.key}-${at}`,
    spans: [...(at === 0 ? prefixOf(model, item) : [span(' '.repeat(logIndent(model)))]), span(text, look)],
  }));
}

function prefixOf(model: Model, { entry }: Extract<Item, { kind: 'log' }>): SpanLine {
  const time = model.columns >= 60 ? [span(`${clockText(entry.atMs)} `, 'dim')] : [];
  const width = logIndent(model) - (model.columns >= 60 ? 9 : 0);
  const place = entry.server === undefined ? entry.host : `${entry.host}/${entry.server}`;
  return width === 0 ? time : [...time, span(`${fit(plain(place), width - 1)} `, 'accent')];
}

function emptyLogText({ world }: Model): string {
  return world.logs === undefined ? 'loading …' : 'the log is empty';
}

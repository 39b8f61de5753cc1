/** The rows of the current view, as many as the screen has room for: a list, or the log. */

import { Box } from 'ink';
import type { ReactElement } from 'react';
import { counted } from '../../base/counted.ts';
import { COLUMN_GAP, type Placed, placed } from '../../model/column-widths.ts';
import { COLUMNS } from '../../model/columns.ts';
import { layoutOf, logIndent, logRows, logWindow, SPLIT_LINE } from '../../model/layout.ts';
import { type Item, listOf, type Model } from '../../model/model.ts';
import { paneRows } from '../../model/pane.ts';
import { keyOf } from '../../model/perform.ts';
import { looksLike } from '../../model/sources.ts';
import { fit, fitLine, type Look, plain, type Span, type SpanLine, span } from '../../model/text.ts';
import type { ViewName } from '../../model/view.ts';
import { clockText } from '../../model/words.ts';
import type { Theme } from '../theme.ts';
import { Row } from './line.tsx';

interface ListProps {
  readonly model: Model;
  readonly view: Exclude<ViewName, 'logs'>;
  readonly theme: Theme;
}

const MARK = '▶ ';
const NO_MARK = '  ';

/** The list, with the pane of the split view below it or beside it. */
export function List({ model, view, theme }: ListProps): ReactElement {
  const { pane } = layoutOf(model);
  const rows = listRows(model, view);
  const all =
    pane === undefined
      ? rows
      : pane.side === 'below'
        ? [...rows, ...paneRows(model, pane)]
        : beside(rows, paneRows(model, pane), layoutOf(model).listColumns);
  return (
    <Box flexDirection="column" height={all.length}>
      {all.map((spans, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place on the screen
        <Row key={at} spans={spans} width={model.columns} theme={theme} />
      ))}
    </Box>
  );
}

/** The head and as many rows as the list has room for. */
function listRows(model: Model, view: Exclude<ViewName, 'logs'>): readonly SpanLine[] {
  const { items } = model;
  const { index, top } = listOf(model);
  const { list: height, listColumns: width } = layoutOf(model);
  const shown = items.slice(top, top + height);
  const columns = placed(COLUMNS[view], { width: width - MARK.length, shown, model });
  const rows = shown.map((item, row) => rowOf(item, model, columns, top + row === index));
  const body = rows.length === 0 ? [[span(`  ${emptyListText(model)}`, 'dim')]] : rows;
  const blank = Array.from({ length: Math.max(0, height - body.length) }, (): SpanLine => []);
  return [[span(headText(model, columns), 'dim')], ...body, ...blank];
}

function beside(left: readonly SpanLine[], right: readonly SpanLine[], width: number): readonly SpanLine[] {
  return left.map((spans, at) => [...fitLine(spans, width), span(SPLIT_LINE, 'dim'), ...(right[at] ?? [])]);
}

function headText({ view, stats }: Model, columns: readonly Placed[]): string {
  const asked = view === 'stats' ? `BY ${stats.by.toUpperCase()}, LAST ${stats.window.toUpperCase()}` : undefined;
  const titles = columns.map(({ column, width }, at) =>
    fit((at === 0 ? asked : undefined) ?? column.title, width, column.align),
  );
  return NO_MARK + titles.join(COLUMN_GAP);
}

/** What a daemon that is gone said last is dim. */
function rowOf(item: Item, model: Model, columns: readonly Placed[], isSelected: boolean): SpanLine {
  const isOld = model.connection.kind === 'gone';
  const cells = columns.flatMap(({ column, width }, at): Span[] => {
    const { text, look } = column.cell(item, model);
    const cell = span(fit(text, width, column.align), isOld ? 'dim' : look);
    return at === 0 ? [cell] : [span(COLUMN_GAP), cell];
  });
  if (!isSelected) return [span(NO_MARK), ...cells];
  return [span(MARK, 'accent'), ...cells.map((cell, at) => (at === 0 ? span(cell.text, 'selected') : cell))];
}

function emptyListText(model: Model): string {
  const { view, world, connection } = model;
  const { filter, trouble } = listOf(model);
  if (filter !== '') return 'nothing matches the filter; Esc removes it';
  if (trouble) return 'nothing is in trouble; Esc shows everything';
  if (connection.kind !== 'attached' && world.status === undefined) return 'connecting …';
  if (view === 'hosts' || view === 'servers')
    return world.status === undefined ? 'loading …' : `the hosts file names no ${view}`;
  if (view === 'tools')
    return world.tools === undefined
      ? 'listing tools …'
      : `no tools are known yet; ${keyOf(model, 'list-tools')} starts the servers and lists their tools`;
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

/** The rows of a view that are on the screen, and no others. */
import { Box } from 'ink';
import type { ReactElement } from 'react';
import { layoutOf } from '../../model/layout.ts';
import { type Item, listOf, type Model, type ViewName } from '../../model/model.ts';
import { type Span, type SpanLine, span } from '../../model/spans.ts';
import { fit } from '../../model/text.ts';
import { COLUMN_GAP, COLUMNS, type Placed, placed } from './columns.ts';
import { Row } from './line.tsx';
import type { Theme } from './theme.ts';

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
      {shown.length === 0 ? <Row spans={[span(`  ${emptyText(model)}`, 'dim')]} width={width} theme={theme} /> : null}
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

function emptyText(model: Model): string {
  const { view, world, connection } = model;
  if (listOf(model).filter !== '') return 'nothing fits the filter; Esc drops it';
  if (connection.kind !== 'attached' && world.status === undefined) return 'connecting …';
  if (view === 'hosts' || view === 'servers')
    return world.status === undefined ? 'looking …' : 'the hosts file names none';
  if (view === 'tools')
    return world.tools === undefined ? 'listing tools …' : 'no tools are known; L starts the servers and lists them';
  if (view === 'live') return 'no call is under way';
  return world.stats === undefined ? 'counting …' : 'nothing was called yet';
}

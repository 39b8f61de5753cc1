/** The log: its end while it is followed, or where a person has stopped. */
import { Box } from 'ink';
import type { ReactElement } from 'react';
import { layoutOf, logIndent, logRows, logWindow } from '../../model/layout.ts';
import { type Item, listOf, type Model } from '../../model/model.ts';
import { looksLike } from '../../model/sources.ts';
import { type Look, type SpanLine, span } from '../../model/spans.ts';
import { fit, plain } from '../../model/text.ts';
import { clockText } from '../../model/words.ts';
import { Row } from './line.tsx';
import type { Theme } from './theme.ts';

interface LogsProps {
  readonly model: Model;
  readonly theme: Theme;
}

export function Logs({ model, theme }: LogsProps): ReactElement {
  const height = layoutOf(model).list;
  const end = listOf(model).index;
  const { from, to } = logWindow(model, end);
  const rows = model.items.slice(from, to).flatMap((item) => rowsOf(model, item));
  // Longer by the part of a wrapped line that has no room: above while the end is looked at.
  const shown = to > end ? rows.slice(0, height) : rows.slice(-height);
  return (
    <Box flexDirection="column" height={height + 1}>
      <Row spans={headOf(model)} width={model.columns} theme={theme} />
      {shown.length === 0 ? <Row spans={[span(emptyText(model), 'dim')]} width={model.columns} theme={theme} /> : null}
      {shown.map(({ key, spans }) => (
        <Row key={key} spans={spans} width={model.columns} theme={theme} />
      ))}
    </Box>
  );
}

function headOf({ logs, items }: Model): SpanLine {
  const whose = logs.host === undefined ? 'everybody' : [logs.host, logs.server].filter(Boolean).join('/');
  const parts = [
    whose,
    logs.follow ? 'following' : 'stopped',
    logs.wrap ? 'wrapped' : 'cut',
    ...(logs.stream === 'all' ? [] : [logs.stream]),
    ...(logs.level === 'all' ? [] : [logs.level]),
    `${items.length} lines`,
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

function emptyText({ world }: Model): string {
  return world.logs === undefined ? 'reading …' : 'nothing was said';
}

/** One row of the screen. */
import { Text } from 'ink';
import { createContext, memo, type ReactElement, useContext } from 'react';
import { cutLine } from '../fitting.ts';
import type { RowBook } from '../row-book.ts';
import type { SpanLine } from '../spans.ts';
import { painted, type Theme } from './theme.ts';

/** Undefined: rows are drawn as they are. */
export const Rows = createContext<RowBook | undefined>(undefined);

interface RowProps {
  readonly spans: SpanLine;
  readonly width: number;
  readonly theme: Theme;
}

export function Row({ spans, width, theme }: RowProps): ReactElement {
  return <PaintedRow text={painted(cutLine(spans, width), theme)} />;
}

/** Text that did not change costs nothing. */
const PaintedRow = memo(function PaintedRow({ text }: { readonly text: string }): ReactElement {
  const book = useContext(Rows);
  // An empty Text would have no height.
  return <Text wrap="truncate">{book?.markOf(text) ?? (text === '' ? ' ' : text)}</Text>;
});

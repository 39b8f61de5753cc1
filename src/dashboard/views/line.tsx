/** One row of the screen. */
import { Text } from 'ink';
import { createContext, memo, type ReactElement, useContext } from 'react';
import { cutLine, type SpanLine } from '../../model/spans.ts';
import type { RowMarks } from '../painter.ts';
import { painted, type Theme } from './theme.ts';

/** Undefined: rows are drawn as they are. */
export const Marks = createContext<RowMarks | undefined>(undefined);

interface RowProps {
  readonly spans: SpanLine;
  readonly width: number;
  readonly theme: Theme;
}

export function Row({ spans, width, theme }: RowProps): ReactElement {
  return <PaintedRow text={painted(cutLine(spans, width), theme)} />;
}

/** A row that did not change costs nothing. */
const PaintedRow = memo(function PaintedRow({ text }: { readonly text: string }): ReactElement {
  const marks = useContext(Marks);
  // Ink gives an empty Text no height.
  return <Text wrap="truncate">{marks?.markOf(text) ?? (text === '' ? ' ' : text)}</Text>;
});

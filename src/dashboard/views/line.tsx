/** One row of the screen. */
import { Text } from 'ink';
import { createContext, memo, type ReactElement, useContext } from 'react';
import { ascii, cutLine, type SpanLine, withoutControls } from '../../model/text.ts';
import type { RowMarks } from '../painter.ts';
import type { Theme } from '../theme.ts';

/** Undefined: rows are drawn without marks. */
export const Marks = createContext<RowMarks | undefined>(undefined);

interface RowProps {
  readonly spans: SpanLine;
  readonly width: number;
  readonly theme: Theme;
}

export function Row({ spans, width, theme }: RowProps): ReactElement {
  return <PaintedRow text={painted(cutLine(spans, width), theme)} />;
}

/** Memoized, because most rows do not change. */
const PaintedRow = memo(function PaintedRow({ text }: { readonly text: string }): ReactElement {
  const marks = useContext(Marks);
  // Ink gives an empty Text no height.
  return <Text wrap="truncate">{marks?.markOf(text) ?? (text === '' ? ' ' : text)}</Text>;
});

/** The line as text with styles; without colours only the text. */
export function painted(line: SpanLine, theme: Theme): string {
  return line
    .map(({ text, look }) => {
      const shown = theme.ascii ? ascii(withoutControls(text)) : withoutControls(text);
      if (look === undefined || shown === '' || theme.looks === undefined) return shown;
      const [begin, end] = theme.looks[look];
      return `\u001B[${begin}m${shown}\u001B[${end}m`;
    })
    .join('');
}

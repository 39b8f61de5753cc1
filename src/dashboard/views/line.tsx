/** One row of the screen, and the theme that paints it. */
import { Text } from 'ink';
import { createContext, memo, type ReactElement, useContext } from 'react';
import { ascii, cutLine, type Look, type SpanLine, withoutControls } from '../../model/text.ts';
import type { RowMarks } from '../painter.ts';

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

export interface Theme {
  readonly colors: boolean;
  /** Only ASCII reaches the terminal. */
  readonly ascii: boolean;
}

interface Wish {
  readonly color: boolean;
  readonly ascii: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Honours NO_COLOR (no-color.org). A locale without UTF-8 gets only ASCII. */
export function chooseTheme({ color, ascii: asked, env }: Wish): Theme {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '');
  return {
    colors: color && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    ascii: asked || (locale !== undefined && !/utf-?8/i.test(locale)),
  };
}

/** The SGR codes that begin and end a look. */
const SGR: Readonly<Record<Look, readonly [string, string]>> = {
  good: ['32', '39'],
  bad: ['31', '39'],
  warn: ['33', '39'],
  accent: ['36', '39'],
  dim: ['2', '22'],
  bold: ['1', '22'],
  selected: ['7', '27'],
};

/** The line as text with styles; without colours only the text. */
export function painted(line: SpanLine, theme: Theme): string {
  return line
    .map(({ text, look }) => {
      const shown = theme.ascii ? ascii(withoutControls(text)) : withoutControls(text);
      if (look === undefined || shown === '' || !theme.colors) return shown;
      const [begin, end] = SGR[look];
      return `\u001B[${begin}m${shown}\u001B[${end}m`;
    })
    .join('');
}

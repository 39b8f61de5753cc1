/** Looks as a terminal shows them. */
import type { Look, SpanLine } from '../../model/spans.ts';
import { ascii, withoutControls } from '../../model/text.ts';

export interface Theme {
  readonly colors: boolean;
  /** Nothing but ASCII reaches the terminal. */
  readonly ascii: boolean;
}

interface Wish {
  readonly color: boolean;
  readonly ascii: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** NO_COLOR (no-color.org) as everywhere in the program; a locale that is not UTF-8 shows no more than ASCII. */
export function chooseTheme({ color, ascii: asked, env }: Wish): Theme {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '');
  return {
    colors: color && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    ascii: asked || (locale !== undefined && !/utf-?8/i.test(locale)),
  };
}

/** SGR: how it begins, how it ends. */
const SGR: Readonly<Record<Look, readonly [string, string]>> = {
  good: ['32', '39'],
  bad: ['31', '39'],
  warn: ['33', '39'],
  accent: ['36', '39'],
  dim: ['2', '22'],
  bold: ['1', '22'],
  selected: ['7', '27'],
};

/** The line as text with its styles; without colours the text alone. */
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

/** How a look appears on a terminal: SGR codes (ECMA-48, 8.3.117) for dark and for light backgrounds. */
import type { Look } from '../model/text.ts';

/** The SGR codes that begin and end a look. */
type Sgr = readonly [begin: string, end: string];

export interface Theme {
  /** Undefined: no colours and no styles. */
  readonly looks: Readonly<Record<Look, Sgr>> | undefined;
  /** Only ASCII reaches the terminal. */
  readonly ascii: boolean;
}

const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'] as const;

/** The 16 colours that every terminal has; the terminal decides how each of them looks. */
export const COLOR_NAMES = [...NAMES, ...NAMES.map((name) => `bright-${name}` as const)] as const;

/** A name, a number of the 256 colours of xterm, or `#rrggbb`. */
export type Color = (typeof COLOR_NAMES)[number] | number | `#${string}`;
export type ColoredLook = 'good' | 'bad' | 'warn' | 'accent' | 'dim';
export type ColorChoices = Readonly<Partial<Record<ColoredLook, Color>>>;

const DARK: Readonly<Record<Look, Sgr>> = {
  good: ['32', '39'],
  bad: ['31', '39'],
  warn: ['33', '39'],
  accent: ['36', '39'],
  dim: ['2', '22'],
  bold: ['1', '22'],
  selected: ['7', '27'],
};

/** On white, yellow and cyan are hardly legible, and faint text is too pale. */
const LIGHT: Readonly<Record<Look, Sgr>> = {
  ...DARK,
  good: ['38;5;28', '39'],
  bad: ['38;5;160', '39'],
  warn: ['38;5;130', '39'],
  accent: ['38;5;25', '39'],
  dim: ['38;5;241', '39'],
};

interface Wish {
  readonly color: boolean;
  readonly ascii: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly theme?: 'auto' | 'dark' | 'light';
  readonly colors?: ColorChoices;
}

/** Honours NO_COLOR (no-color.org). A locale without UTF-8 gets only ASCII. */
export function chooseTheme({ color, ascii: asked, env, theme = 'auto', colors = {} }: Wish): Theme {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => value !== undefined && value !== '');
  const hasColors = color && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  const isLight = theme === 'light' || (theme === 'auto' && hasLightBackground(env['COLORFGBG']));
  const chosen = Object.entries(colors).map(([look, each]) => [look, [foreground(each), '39']] as const);
  return {
    looks: hasColors ? { ...(isLight ? LIGHT : DARK), ...Object.fromEntries(chosen) } : undefined,
    ascii: asked || (locale !== undefined && !/utf-?8/i.test(locale)),
  };
}

/** COLORFGBG of rxvt, Konsole and others: `foreground;background`, where 7 and 9 to 15 are light. */
function hasLightBackground(colors: string | undefined): boolean {
  const background = Number(/;(\d+)$/.exec(colors ?? '')?.[1] ?? Number.NaN);
  return background === 7 || (background >= 9 && background <= 15);
}

function foreground(color: Color): string {
  if (typeof color === 'number') return `38;5;${color}`;
  if (color.startsWith('#'))
    return `38;2;${[1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16)).join(';')}`;
  const at = COLOR_NAMES.findIndex((name) => name === color);
  return String(at < NAMES.length ? 30 + at : 90 + at - NAMES.length);
}

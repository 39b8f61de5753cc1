/** How output looks: colours and tables. A state is always a glyph and a word; colour is an addition. */
import { stripVTControlCharacters, styleText } from 'node:util';
import { shellWord } from '../base/shell-word.ts';

type Paint = (text: string) => string;

export interface Style {
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly dim: Paint;
  readonly bold: Paint;
  readonly accent: Paint;
  /** A name, such as `gpu1/files`, always in the same colour. */
  readonly own: Paint;
  /** The program as this person called it, with `--config`: see `asTyped`. */
  readonly program: string;
}

type Paints = Omit<Style, 'program'>;

const plain: Paints = { good: same, bad: same, warn: same, dim: same, bold: same, accent: same, own: same };

const coloured: Paints = {
  good: painter('green'),
  bad: painter('red'),
  warn: painter('yellow'),
  dim: painter('dim'),
  bold: painter('bold'),
  accent: painter('cyan'),
  own: (name) => styleText(['bold', colourOf(name)], name, { validateStream: false }),
};

/** Not red, which means a failure. */
const COLOURS = ['cyan', 'magenta', 'blue', 'green', 'yellow', 'cyanBright', 'magentaBright', 'blueBright'] as const;

function colourOf(name: string): (typeof COLOURS)[number] {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return COLOURS[sum % COLOURS.length] ?? 'cyan';
}

interface StyleWish {
  /** `--config`. */
  readonly config?: string | undefined;
  /** False with `--no-color`. */
  readonly color: boolean;
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** NO_COLOR (no-color.org) turns colours off with any value but the empty one. FORCE_COLOR turns them on in a pipe. */
export function chooseStyle({ config, ...wish }: StyleWish): Style {
  return { ...choosePaints(wish), program: programWith(config) };
}

/** The program as a person calls it for this hosts file. */
export function programWith(config: string | undefined): string {
  return config === undefined ? 'mcp-anywhere' : `mcp-anywhere --config ${shellWord(config)}`;
}

function choosePaints({ color, isTTY, env }: Omit<StyleWish, 'config'>): Paints {
  if (!color || isSet(env['NO_COLOR']) || env['TERM'] === 'dumb') return plain;
  return isTTY || (isSet(env['FORCE_COLOR']) && env['FORCE_COLOR'] !== '0') ? coloured : plain;
}

/** `chooseStyle` decides about colours, so Node must not look at its own stdout. */
function painter(format: Parameters<typeof styleText>[0]): Paint {
  return (text) => styleText(format, text, { validateStream: false });
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

function same(text: string): string {
  return text;
}

/** The columns that a table has: those of the terminal, and any number for a program that reads it, or where nobody knows. */
export function widthOf({ stdout }: { readonly stdout: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> }): number {
  return stdout.isTTY && stdout.columns > 0 ? stdout.columns : Number.POSITIVE_INFINITY;
}

/** Rows as aligned lines. Only the last column is cut to fit `width`. */
export function table(rows: readonly (readonly string[])[], width = Number.POSITIVE_INFINITY): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, visible(cell));
    });
  }
  return rows.map((row) => `${line(row, widths, width)}\n`).join('');
}

function line(row: readonly string[], widths: readonly number[], width: number): string {
  const last = row.at(-1) ?? '';
  const before = row.slice(0, -1).map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - visible(cell) + 2));
  const start = before.join('');
  return (start + cut(last, width - visible(start))).trimEnd();
}

/** Leaves coloured cells whole: a cut would break an escape sequence. */
function cut(text: string, width: number): string {
  if (text.length <= width || visible(text) !== text.length) return text;
  return width < 2 ? '' : `${text.slice(0, width - 1)}…`;
}

function visible(text: string): number {
  return stripVTControlCharacters(text).length;
}

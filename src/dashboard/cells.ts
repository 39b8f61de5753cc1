/** What differs between two rows of a screen, as the fewest bytes that turn one into the other. */
import { stripVTControlCharacters } from 'node:util';
import { isSimple } from './text.ts';

interface Cell {
  readonly char: string;
  /** SGR parameters in force, joined: `1;32`. */
  readonly style: string;
}

const BLANK: Cell = { char: ' ', style: '' };
const RESET = '\u001B[0m';
const ERASE_REST = '\u001B[K';

/**
 * The update of row `row` (0 is the top): cursor, text, and a clear end. Where every character is known to take
 * one column, only from the first to the last difference.
 */
export function rowUpdate(row: number, before: string | undefined, after: string): string {
  const whole = `${moveTo(row, 0)}${after}${RESET}${ERASE_REST}`;
  if (before === undefined || !isPredictable(before) || !isPredictable(after)) return whole;
  const part = partialUpdate(row, cellsOf(before), cellsOf(after));
  return part.length < whole.length ? part : whole;
}

function isPredictable(row: string): boolean {
  return isSimple(stripVTControlCharacters(row));
}

function partialUpdate(row: number, before: readonly Cell[], after: readonly Cell[]): string {
  const length = Math.max(before.length, after.length);
  const differs = (at: number): boolean => !isSame(before[at] ?? BLANK, after[at] ?? BLANK);
  let from = 0;
  while (from < length && !differs(from)) from += 1;
  let to = length;
  while (to > from && !differs(to - 1)) to -= 1;
  if (from === to) return '';
  const end = Math.min(to, after.length);
  return moveTo(row, from) + painted(after.slice(from, end)) + (to > after.length ? ERASE_REST : '');
}

function isSame(left: Cell, right: Cell): boolean {
  return left.char === right.char && left.style === right.style;
}

function painted(cells: readonly Cell[]): string {
  let style = '';
  let text = '';
  for (const cell of cells) {
    if (cell.style !== style) text += RESET + (cell.style === '' ? '' : `\u001B[${cell.style}m`);
    style = cell.style;
    text += cell.char;
  }
  return style === '' ? text : text + RESET;
}

function moveTo(row: number, column: number): string {
  return column === 0 ? `\u001B[${row + 1}H` : `\u001B[${row + 1};${column + 1}H`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const PIECES = /\u001B\[([\d;]*)m|([\s\S])/gu;

function cellsOf(row: string): readonly Cell[] {
  const cells: Cell[] = [];
  let style: readonly string[] = [];
  for (const [, codes, char] of row.matchAll(PIECES)) {
    if (char === undefined) for (const code of (codes ?? '').split(';')) style = withCode(style, code);
    else cells.push({ char, style: style.join(';') });
  }
  return cells;
}

/** The codes that each closing code ends; 16 colours, bold, dim, underline and inverse are all that is used here. */
const CLOSES: ReadonlyMap<string, RegExp> = new Map([
  ['22', /^[12]$/],
  ['24', /^4$/],
  ['27', /^7$/],
  ['39', /^(3|9)[0-7]$/],
  ['49', /^(4|10)[0-7]$/],
]);

function withCode(style: readonly string[], code: string): readonly string[] {
  if (code === '' || code === '0') return [];
  const closed = CLOSES.get(code);
  if (closed !== undefined) return style.filter((open) => !closed.test(open));
  return style.includes(code) ? style : [...style, code].sort();
}

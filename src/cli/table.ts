/** Columns of text, as wide as they need to be. */
import { stripVTControlCharacters } from 'node:util';

/** Rows as aligned lines; the last column is cut to `width`, the others never. */
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

/** Coloured cells are left whole: an escape sequence must not be cut. */
function cut(text: string, width: number): string {
  if (text.length <= width || visible(text) !== text.length) return text;
  return width < 2 ? '' : `${text.slice(0, width - 1)}…`;
}

function visible(text: string): number {
  return stripVTControlCharacters(text).length;
}

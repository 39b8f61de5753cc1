/** Frames of a terminal as an animated picture: one group for each frame, shown in turn by CSS. */
import type { IBufferCell, Terminal } from '@xterm/headless';

export interface Frame {
  /** From the start of the picture, s. */
  readonly atS: number;
  readonly rows: readonly (readonly Run[])[];
}

/** Neighbouring cells that look the same. */
export interface Run {
  readonly column: number;
  readonly text: string;
  readonly style: string;
}

/** px; the font is asked for this size, and each run says where it begins. */
const CELL = { width: 8.4, height: 18 };
const PADDING = 14;

/** The 16 colours of the picture, on its own dark background. */
const COLORS = ['#5c6370', '#e06c75', '#98c379', '#e5c07b', '#61afef', '#c678dd', '#56b6c2', '#dcdfe4'];

export function frameOf(terminal: Terminal, atS: number): Frame {
  const buffer = terminal.buffer.active;
  const rows = Array.from({ length: terminal.rows }, (_, row) => {
    const line = buffer.getLine(buffer.viewportY + row);
    const cells = Array.from({ length: terminal.cols }, (_each, column) => line?.getCell(column));
    return runsOf(cells);
  });
  return { atS, rows };
}

function runsOf(cells: readonly (IBufferCell | undefined)[]): readonly Run[] {
  const runs: Run[] = [];
  for (const [column, cell] of cells.entries()) {
    if (cell === undefined || cell.getWidth() === 0) continue;
    const text = cell.getChars() === '' ? ' ' : cell.getChars();
    const style = styleOf(cell);
    const last = runs.at(-1);
    if (last !== undefined && last.style === style) runs[runs.length - 1] = { ...last, text: last.text + text };
    else runs.push({ column, text, style });
  }
  return runs.filter(({ text, style }) => text.trim() !== '' || style.includes('inverse'));
}

function styleOf(cell: IBufferCell): string {
  const color = cell.isFgPalette() ? [`c${cell.getFgColor() % 8}`] : [];
  const marks = [cell.isBold() ? 'bold' : '', cell.isDim() ? 'dim' : '', cell.isInverse() ? 'inverse' : ''];
  return [...color, ...marks].filter((each) => each !== '').join(' ');
}

export interface Picture {
  readonly columns: number;
  readonly rows: number;
  readonly frames: readonly Frame[];
  readonly lengthS: number;
  /** For people who do not see the picture. */
  readonly title: string;
}

export function svgOf({ columns, rows, frames, lengthS, title }: Picture): string {
  const width = Math.ceil(columns * CELL.width + 2 * PADDING);
  const height = Math.ceil(rows * CELL.height + 2 * PADDING);
  const groups = frames.map((frame, at) => `<g class="f f${at}">${frame.rows.map(rowText).join('')}</g>`);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${stylesOf(frames, lengthS)}</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#21252b"/>`,
    ...groups,
    '</svg>',
    '',
  ].join('\n');
}

/** Where nothing moves, as in a reader of e-mail, the last frame stays. */
function stylesOf(frames: readonly Frame[], lengthS: number): string {
  const share = (seconds: number): string => ((seconds / lengthS) * 100).toFixed(2);
  const moves = frames.map(({ atS }, at) => {
    const end = frames[at + 1]?.atS;
    const hidden = end === undefined ? '' : `${share(end)}%{opacity:0}`;
    const start = at === 0 ? '0%{opacity:1}' : `0%{opacity:0}${share(atS)}%{opacity:1}`;
    return `@keyframes k${at}{${start}${hidden}}.f${at}{animation:k${at} ${lengthS.toFixed(1)}s step-end infinite}`;
  });
  return [
    'text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#abb2bf;white-space:pre}',
    '.bold{font-weight:bold;fill:#dcdfe4}.dim{opacity:.6}.inverse{fill:#61afef;font-weight:bold}',
    ...COLORS.map((color, at) => `.c${at}{fill:${color}}`),
    `.f{opacity:0}.f${frames.length - 1}{opacity:1}`,
    ...moves,
    '@media (prefers-reduced-motion){.f{animation:none}}',
  ].join('');
}

function rowText(runs: readonly Run[], row: number): string {
  if (runs.length === 0) return '';
  const y = (PADDING + (row + 0.75) * CELL.height).toFixed(1);
  const spans = runs.map(({ column, text, style }) => {
    const x = (PADDING + column * CELL.width).toFixed(1);
    const look = style === '' ? '' : ` class="${style}"`;
    return `<tspan x="${x}"${look}>${escaped(text.trimEnd())}</tspan>`;
  });
  return `<text y="${y}">${spans.join('')}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

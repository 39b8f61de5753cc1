/**
 * Draws a cast as an SVG that moves: a strip of screens, moved by CSS behind a window of one screen.
 *
 * Where nothing moves (a wish of the reader, or a viewer without CSS animation), one chosen screen is shown.
 */
import xterm, { type IBufferCell, type Terminal } from '@xterm/headless';
import type { Cast } from './cast-file.ts';

export interface PictureOptions {
  /** The screen that is shown where nothing moves: the first one with this text. */
  readonly still: string;
  /** For people who do not see the picture. */
  readonly description: string;
}

/** Of docs/demo.svg. */
export const DEMO_PICTURE: PictureOptions = {
  still: 'stay listed',
  description:
    'The demo in a terminal: three machines, one of them without power, calls that the others answer, and the dashboard.',
};

/** A piece of text in one style, at its column. */
interface Run {
  readonly column: number;
  readonly columns: number;
  readonly text: string;
  readonly color: string | undefined;
  readonly background: string | undefined;
  readonly isBold: boolean;
  readonly isDim: boolean;
}

interface Frame {
  readonly atSeconds: number;
  readonly rows: readonly (readonly Run[])[];
}

/** A screen that stays for less time is not drawn, s. */
const SHORTEST_S = 0.35;
/** Between the last screen and the first one, s. */
const LAST_S = 3;

const CELL = { width: 8.4, height: 18, font: 14, baseline: 13.5 } as const;
const MARGIN = 16;
const BAR = 32;
const COLORS = { background: '#161b22', frame: '#30363d', text: '#d1d7e0' } as const;
const PALETTE = [
  ...['#484f58', '#ff7b72', '#3fb950', '#d29922', '#58a6ff', '#bc8cff', '#39c5cf', '#b1bac4'],
  ...['#6e7681', '#ffa198', '#56d364', '#e3b341', '#79c0ff', '#d2a8ff', '#56d4dd', '#ffffff'],
] as const;

export async function pictureOf(cast: Cast, options: PictureOptions): Promise<string> {
  const frames = await framesOf(cast);
  const width = cast.width * CELL.width + 2 * MARGIN;
  const height = cast.height * CELL.height + BAR + MARGIN;
  const { shared, uses } = strip(frames, cast.height);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${short(width)}" height="${height}" viewBox="0 0 ${short(width)} ${height}" role="img" xml:space="preserve">`,
    `<title>${escaped(options.description)}</title>`,
    `<style>${styleOf(frames, cast.height, options.still)}</style>`,
    `<rect x=".5" y=".5" width="${short(width - 1)}" height="${height - 1}" rx="8" fill="${COLORS.background}" stroke="${COLORS.frame}"/>`,
    ...['#ff5f57', '#febc2e', '#28c840'].map(
      (color, index) => `<circle cx="${20 + index * 18}" cy="17" r="5.5" fill="${color}"/>`,
    ),
    `<defs>${shared.join('')}</defs>`,
    `<svg x="${MARGIN}" y="${BAR}" width="${short(cast.width * CELL.width)}" height="${cast.height * CELL.height}">`,
    `<g class="s">${uses.join('')}</g>`,
    '</svg>',
    '</svg>\n',
  ].join('\n');
}

/** Equal rows are drawn once, which makes the picture several times smaller. */
function strip(frames: readonly Frame[], height: number): { shared: readonly string[]; uses: readonly string[] } {
  const names = new Map<string, string>();
  const uses = frames.flatMap(({ rows }, frame) =>
    rows.flatMap((runs, row) => {
      if (runs.length === 0) return [];
      const drawn = rowOf(runs);
      const name = names.get(drawn) ?? `r${names.size}`;
      names.set(drawn, name);
      return [`<use href="#${name}" y="${(frame * height + row) * CELL.height}"/>`];
    }),
  );
  return { shared: [...names].map(([drawn, name]) => `<g id="${name}">${drawn}</g>`), uses };
}

/** `step-end`: each screen stands until the next one. */
function styleOf(frames: readonly Frame[], rows: number, still: string): string {
  const last = frames.at(-1);
  const seconds = (last?.atSeconds ?? 0) + LAST_S;
  const moved = (frame: number): string => `transform:translateY(${-frame * rows * CELL.height}px)`;
  const steps = frames.map(
    ({ atSeconds }, index) => `${index === 0 ? '0' : short((100 * atSeconds) / seconds)}%{${moved(index)}}`,
  );
  const shown = frames.findIndex((frame) => textOf(frame).includes(still));
  return [
    `text{font-size:${CELL.font}px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:${COLORS.text};white-space:pre}`,
    '.b{font-weight:bold}.d{fill-opacity:.65}',
    `.s{${moved(Math.max(shown, 0))};animation:k ${short(seconds)}s step-end infinite}`,
    `@keyframes k{${steps.join('')}}`,
    '@media (prefers-reduced-motion:reduce){.s{animation:none}}',
  ].join('');
}

function textOf({ rows }: Frame): string {
  return rows.map((runs) => runs.map(({ text }) => text).join(' ')).join('\n');
}

function rowOf(runs: readonly Run[]): string {
  return runs.map((run) => backgroundOf(run) + glyphsOf(run)).join('');
}

function backgroundOf({ column, columns, background }: Run): string {
  if (background === undefined) return '';
  const x = short(column * CELL.width);
  return `<rect x="${x}" width="${short(columns * CELL.width)}" height="${CELL.height}" fill="${background}"/>`;
}

/** `textLength` keeps the columns in whatever font the reader has. */
function glyphsOf({ column, columns, text, color, isBold, isDim }: Run): string {
  if (text.trim() === '') return '';
  const classes = [isBold ? 'b' : '', isDim ? 'd' : ''].filter((name) => name !== '').join(' ');
  const attributes = [
    `x="${short(column * CELL.width)}" y="${CELL.baseline}"`,
    columns > 1 ? ` textLength="${short(columns * CELL.width)}"` : '',
    classes === '' ? '' : ` class="${classes}"`,
    color === undefined ? '' : ` style="fill:${color}"`,
  ];
  return `<text ${attributes.join('')}>${escaped(text)}</text>`;
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** The screens that stay long enough to be seen. */
async function framesOf(cast: Cast): Promise<readonly Frame[]> {
  const terminal = new xterm.Terminal({ cols: cast.width, rows: cast.height, allowProposedApi: true });
  try {
    const frames: Frame[] = [];
    for (const [index, [atSeconds, , text]] of cast.events.entries()) {
      await new Promise<void>((resolve) => {
        terminal.write(text, resolve);
      });
      const next = cast.events[index + 1];
      if (next !== undefined && next[0] - atSeconds < SHORTEST_S) continue;
      const frame = { atSeconds, rows: rowsOf(terminal) };
      const last = frames.at(-1);
      if (last === undefined || JSON.stringify(last.rows) !== JSON.stringify(frame.rows)) frames.push(frame);
    }
    return frames;
  } finally {
    terminal.dispose();
  }
}

function rowsOf(terminal: Terminal): readonly (readonly Run[])[] {
  const { active } = terminal.buffer;
  return Array.from({ length: terminal.rows }, (_, row) => {
    const line = active.getLine(active.viewportY + row);
    const cells = Array.from({ length: terminal.cols }, (_none, column) => line?.getCell(column));
    return runsOf(cells.filter((cell) => cell !== undefined));
  });
}

function runsOf(cells: readonly IBufferCell[]): readonly Run[] {
  const runs: Run[] = [];
  for (const [column, cell] of cells.entries()) {
    // The second half of a wide character.
    if (cell.getWidth() === 0) continue;
    const one = { column, columns: cell.getWidth(), text: cell.getChars() || ' ', ...looksOf(cell) };
    const last = runs.at(-1);
    if (last !== undefined && isSameLook(last, one))
      runs[runs.length - 1] = { ...last, columns: last.columns + one.columns, text: last.text + one.text };
    else runs.push(one);
  }
  return runs.flatMap(words);
}

/** Without the spaces around it, and in parts where it has gaps, so that the columns of a table stay in place. */
function words(run: Run): readonly Run[] {
  if (run.background !== undefined) return [run];
  // With a wide character, places in the text are no columns.
  if (run.text.length !== run.columns) return run.text.trim() === '' ? [] : [run];
  return [...run.text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: text, index }) => ({
    ...run,
    column: run.column + index,
    columns: text.length,
    text,
  }));
}

type Look = Pick<Run, 'color' | 'background' | 'isBold' | 'isDim'>;

function looksOf(cell: IBufferCell): Look {
  const front = cell.isFgDefault() ? undefined : colorOf(cell.getFgColor(), cell.isFgRGB());
  const back = cell.isBgDefault() ? undefined : colorOf(cell.getBgColor(), cell.isBgRGB());
  const isInverse = cell.isInverse() !== 0;
  return {
    color: isInverse ? (back ?? COLORS.background) : front,
    background: isInverse ? (front ?? COLORS.text) : back,
    isBold: cell.isBold() !== 0,
    isDim: cell.isDim() !== 0,
  };
}

function isSameLook(one: Look, other: Look): boolean {
  return (
    one.color === other.color &&
    one.background === other.background &&
    one.isBold === other.isBold &&
    one.isDim === other.isDim
  );
}

/** The colours of xterm: 16 of the theme, a cube of 6×6×6, and 24 greys. */
function colorOf(value: number, isRgb: boolean): string {
  if (isRgb) return `#${value.toString(16).padStart(6, '0')}`;
  const themed = PALETTE[value];
  if (themed !== undefined) return themed;
  if (value >= 232) return `#${hex(8 + (value - 232) * 10).repeat(3)}`;
  const level = (part: number): string => hex(part === 0 ? 0 : 55 + part * 40);
  const cube = value - 16;
  return `#${level(Math.floor(cube / 36))}${level(Math.floor(cube / 6) % 6)}${level(cube % 6)}`;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}

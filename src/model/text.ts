/** Text for a screen: made safe, fitted to columns, and in pieces that look different. */
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';
import { harmless } from '../base/harmless.ts';

export { plain, plainLines } from './plain.ts';

/** Characters that take exactly one column in every terminal. */
const SIMPLE = /^[ -~●◐○✖▶…–·│─▁▂▃▄▅▆▇█↑↓←→⏎]*$/;

/** The last guard before the screen. */
export function withoutControls(text: string): string {
  return isSimple(text) ? text : harmless(text).replaceAll(/[\n\t]/g, '');
}

export function isSimple(text: string): boolean {
  return SIMPLE.test(text);
}

/** The width in columns. Most text is simple, and measuring other text is slow. */
export function widthOf(text: string): number {
  return isSimple(text) ? text.length : stringWidth(text);
}

/** The text in exactly `width` columns: cut with an ellipsis, or padded. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const shown = cut(text, width);
  const gap = ' '.repeat(Math.max(0, width - widthOf(shown)));
  return align === 'left' ? shown + gap : gap + shown;
}

/**
 * At most `width` columns; cut text ends in an ellipsis. wrap-ansi finds the place, because cli-truncate 5.2 and
 * slice-ansi 8 let a wide character cross the edge.
 */
export function cut(text: string, width: number): string {
  if (width <= 0) return '';
  if (isSimple(text)) return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
  if (widthOf(text) <= width) return text;
  const [start = ''] = wrapped(text.slice(0, width * 8), Math.max(1, width - 1));
  return widthOf(start) < width ? `${start}…` : '…';
}

/** Pieces of at most `width` columns; at least one. */
export function wrapped(text: string, width: number): readonly string[] {
  if (widthOf(text) <= width) return [text];
  return wrapAnsi(text, width, { hard: true, trim: false, wordWrap: false }).split('\n');
}

/** Lines of at most `width` columns, broken between words where that is possible. */
export function wordWrapped(text: string, width: number): readonly string[] {
  return wrapAnsi(text, width, { hard: true, trim: true }).split('\n');
}

const ASCII: ReadonlyMap<string, string> = new Map(
  Array.from('●◐○✖▶…–·│─▁▂▃▄▅▆▇█↑↓←→⏎', (glyph, index) => [glyph, '*~ox>~-.|-_.-:=+*#^v<>='[index] ?? '?']),
);

/** For terminals that show only ASCII. The width stays the same. */
export function ascii(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  const shown = Array.from(new Intl.Segmenter().segment(text), ({ segment }) =>
    /^[ -~]$/.test(segment) ? segment : (ASCII.get(segment) ?? '?'.repeat(widthOf(segment))),
  );
  return shown.join('');
}

/** How a piece of text looks; a theme decides what a terminal shows for a look. */
export type Look = 'good' | 'bad' | 'warn' | 'dim' | 'bold' | 'accent' | 'selected';

export interface Span {
  readonly text: string;
  readonly look?: Look | undefined;
}

export type SpanLine = readonly Span[];

export function span(text: string, look?: Look): Span {
  return look === undefined ? { text } : { text, look };
}

export function line(text: string, look?: Look): SpanLine {
  return [span(text, look)];
}

/** At most `width` columns; a cut line ends in an ellipsis. */
export function cutLine(spans: SpanLine, width: number): SpanLine {
  const shown: Span[] = [];
  let left = width;
  for (const { text, look } of spans) {
    if (left <= 0) break;
    const piece = cut(text, left);
    left -= widthOf(piece);
    shown.push({ text: piece, look });
    if (piece !== text) break;
  }
  return shown;
}

/** The line in exactly `width` columns. */
export function fitLine(spans: SpanLine, width: number): SpanLine {
  const shown = cutLine(spans, width);
  const gap = width - shown.reduce((sum, { text }) => sum + widthOf(text), 0);
  return gap > 0 ? [...shown, span(' '.repeat(gap))] : shown;
}

/** The line as rows of at most `width` columns, broken between words where possible. */
export function wrapLine(spans: SpanLine, width: number): readonly SpanLine[] {
  const whole = spans.map(({ text }) => text).join('');
  if (widthOf(whole) <= width) return [spans];
  // Normalized as in wrap-ansi, so that its rows match these spans.
  const normal = spans.map(({ text, look }) => ({ text: text.normalize(), look }));
  let end = 0;
  return wrapAnsi(whole, width, { hard: true, trim: false })
    .split('\n')
    .map((row) => {
      const start = end;
      end += row.length;
      return slice(normal, start, end);
    });
}

/** In UTF-16 units of the whole line. */
function slice(spans: SpanLine, from: number, to: number): SpanLine {
  let start = 0;
  return spans.flatMap(({ text, look }) => {
    const piece = text.slice(Math.max(0, from - start), Math.max(0, to - start));
    start += text.length;
    return piece === '' ? [] : [{ text: piece, look }];
  });
}

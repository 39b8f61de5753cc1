/** Text of remote machines made safe for a screen, and fitted to its columns. */
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';
import { harmless, oneLine } from '../base/harmless.ts';

/** No screen is wider. */
const MAX_LENGTH = 4096;

/** Characters that every terminal draws one column wide, if at all. */
const SIMPLE = /^[ -~●◐○✖▶…–·│─▁▂▃▄▅▆▇█↑↓←→⏎]*$/;

/**
 * One line that cannot control a terminal: without escape sequences, control characters and characters that
 * change the direction of writing. Runs of white space become one space.
 */
export function plain(text: string): string {
  const start = text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text;
  if (/^[!-~]+(?: [!-~]+)*$/.test(start)) return start;
  return oneLine(start);
}

/** Several such lines, with their indentation. */
export function plainLines(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/).map((line) => harmless(line.slice(0, MAX_LENGTH)).replaceAll('\t', '  ').trimEnd());
}

/** The last guard before the screen, for text that nobody has cleaned. */
export function withoutControls(text: string): string {
  return isSimple(text) ? text : harmless(text).replaceAll(/[\n\t]/g, '');
}

/** True if every character takes exactly one column in every terminal. */
export function isSimple(text: string): boolean {
  return SIMPLE.test(text);
}

/** Columns on the screen. Nearly all text is simple, and measuring costs most of a frame. */
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
 * At most `width` columns; text that was cut ends in an ellipsis. wrap-ansi finds the place: cli-truncate 5.2 and
 * slice-ansi 8 let a wide character reach over the edge.
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

const ASCII: ReadonlyMap<string, string> = new Map(
  Array.from('●◐○✖▶…–·│─▁▂▃▄▅▆▇█↑↓←→⏎', (glyph, index) => [glyph, '*~ox>~-.|-_.-:=+*#^v<>='[index] ?? '?']),
);

/** For terminals that show nothing but ASCII; every column stays where it is. */
export function ascii(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  const shown = Array.from(new Intl.Segmenter().segment(text), ({ segment }) =>
    /^[ -~]$/.test(segment) ? segment : (ASCII.get(segment) ?? '?'.repeat(widthOf(segment))),
  );
  return shown.join('');
}

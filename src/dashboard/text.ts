/** Text of remote machines made fit for a screen: no control characters, and known to the column. */
import stringWidth from 'string-width';
import { harmless, oneLine } from '../base/harmless.ts';

/** What one line may hold at most; nobody's screen is wider. */
const MAX_LENGTH = 4096;

/** Drawn one column wide by every terminal that shows them at all. */
const SIMPLE = /^[ -~●◐○✖▶…–·│─▁▂▃▄▅▆▇█↑↓←→⏎]*$/;

/**
 * One line that steers no terminal: escape sequences, control characters and those that turn the direction
 * of writing are gone, runs of white space are one space.
 */
export function plain(text: string): string {
  const start = text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text;
  if (/^[!-~]+(?: [!-~]+)*$/.test(start)) return start;
  return oneLine(start);
}

/** Several such lines; indentation stays. */
export function plainLines(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/).map((line) => harmless(line.slice(0, MAX_LENGTH)).replaceAll('\t', '  ').trimEnd());
}

/** The last thing before the screen, whatever was forgotten before. */
export function withoutControls(text: string): string {
  return isSimple(text) ? text : harmless(text).replaceAll(/[\n\t]/g, '');
}

/** Every character takes one column. */
export function isSimple(text: string): boolean {
  return SIMPLE.test(text);
}

/** Columns on the screen. */
export function widthOf(text: string): number {
  return isSimple(text) ? text.length : stringWidth(text);
}

/** The text in exactly `width` columns: cut with an ellipsis, or filled up. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const shown = cut(text, width);
  const gap = ' '.repeat(Math.max(0, width - widthOf(shown)));
  return align === 'left' ? shown + gap : gap + shown;
}

/** At most `width` columns. */
export function cut(text: string, width: number): string {
  if (width <= 0) return '';
  if (text.length <= width && isSimple(text)) return text;
  if (isSimple(text)) return `${text.slice(0, width - 1)}…`;
  return widthOf(text) <= width ? text : `${start(text, width - 1)}…`;
}

/** Pieces of at most `width` columns each; at least one. */
export function wrapped(text: string, width: number): readonly string[] {
  if (width < 1 || widthOf(text) <= width) return [text];
  const pieces: string[] = [];
  let rest = text;
  while (rest !== '') {
    const piece = start(rest, width) || firstOf(rest);
    pieces.push(piece);
    rest = rest.slice(piece.length);
  }
  return pieces;
}

/** The longest beginning of at most `width` columns that cuts no character. */
function start(text: string, width: number): string {
  const ahead = text.slice(0, width);
  if (isSimple(ahead)) return ahead;
  let used = 0;
  let end = 0;
  for (const { segment, index } of new Intl.Segmenter().segment(text.slice(0, width * 8))) {
    used += widthOf(segment);
    if (used > width) break;
    end = index + segment.length;
  }
  return text.slice(0, end);
}

function firstOf(text: string): string {
  return String.fromCodePoint(text.codePointAt(0) ?? 32);
}

const ASCII: ReadonlyMap<string, string> = new Map([
  ...pairs('●◐○✖▶…–·│─', '*~ox>~-.|-'),
  ...pairs('▁▂▃▄▅▆▇█', '_.-:=+*#'),
  ...pairs('↑↓←→⏎', '^v<>='),
]);

function pairs(from: string, to: string): (readonly [string, string])[] {
  return Array.from(from, (glyph, index) => [glyph, to[index] ?? '?'] as const);
}

/** For terminals that show nothing else; columns stay as they are. */
export function ascii(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  const shown = Array.from(new Intl.Segmenter().segment(text), ({ segment }) =>
    /^[ -~]$/.test(segment) ? segment : (ASCII.get(segment) ?? '?'.repeat(widthOf(segment))),
  );
  return shown.join('');
}

/** Pieces of a line and how they look; a theme decides how a terminal shows a look. */
import wrapAnsi from 'wrap-ansi';
import { cut, widthOf } from './text.ts';

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

/** At most `width` columns; a line that was cut ends in an ellipsis. */
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

/** The line as rows of at most `width` columns, broken between words where possible. */
export function wrapLine(spans: SpanLine, width: number): readonly SpanLine[] {
  const whole = spans.map(({ text }) => text).join('');
  if (widthOf(whole) <= width) return [spans];
  // As wrap-ansi does, so that its rows can be cut from these spans.
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

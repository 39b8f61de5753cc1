/** Lines of spans brought to a width. */
import type { Span, SpanLine } from './spans.ts';
import { cut, widthOf, wrapped } from './text.ts';

/** At most `width` columns; what is cut ends in an ellipsis. */
export function cutLine(line: SpanLine, width: number): SpanLine {
  const shown: Span[] = [];
  let left = width;
  for (const { text, look } of line) {
    if (left <= 0) break;
    const piece = cut(text, left);
    left -= widthOf(piece);
    shown.push({ text: piece, look });
    if (piece !== text) break;
  }
  return shown;
}

/** The line as rows of at most `width` columns, between words where there are any. */
export function wrapLine(line: SpanLine, width: number): readonly SpanLine[] {
  const rows: Span[][] = [[]];
  let left = width;
  for (const { text, look } of line) {
    for (let rest = text; rest !== ''; ) {
      const piece = pieceFor(rest, left, width);
      rest = rest.slice(piece.length);
      left -= widthOf(piece);
      if (piece !== '') rows.at(-1)?.push({ text: piece, look });
      if (piece === '') rows.push([]);
      if (piece === '') left = width;
    }
  }
  return rows;
}

/** What goes on the row; '' where it has no room for any of it. */
function pieceFor(text: string, left: number, width: number): string {
  if (left <= 0) return '';
  const [piece = text] = wrapped(text, left);
  if (piece === text || text[piece.length] === ' ') return piece;
  const space = piece.lastIndexOf(' ');
  if (space > 0) return piece.slice(0, space + 1);
  return left < width ? '' : piece;
}

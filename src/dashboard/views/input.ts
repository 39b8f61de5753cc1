/** A line that is being typed, with its cursor. */
import type { Line } from '../model/line-edit.ts';
import { type SpanLine, span } from '../spans.ts';
import { plain } from '../text.ts';

/** The part around the cursor that has room. The cursor is seen without colours too. */
export function inputSpans({ text, at }: Line, width: number): SpanLine {
  const room = Math.max(1, width - 2);
  const from = Math.max(0, at - room);
  const before = harmless(text.slice(from, at));
  const after = harmless(text.slice(at, from + room));
  return [span(before), span('_', 'selected'), span(after)];
}

/** Dots, as many as characters. */
export function hiddenSpans({ text }: Line, width: number): SpanLine {
  return [span('·'.repeat(Math.min(Math.max(1, width - 2), Array.from(text).length))), span('_', 'selected')];
}

/** Spaces at the ends are part of what is typed. */
function harmless(text: string): string {
  const start = /^ */.exec(text)?.[0] ?? '';
  const rest = text.slice(start.length);
  const end = / *$/.exec(rest)?.[0] ?? '';
  return start + plain(rest.slice(0, rest.length - end.length)) + end;
}

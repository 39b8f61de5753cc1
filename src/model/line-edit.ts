/** A line of text that a person types, with its cursor. */
import type { Key } from './key.ts';
import { plain, type SpanLine, span, widthOf, wrapped } from './text.ts';

export interface Line {
  readonly text: string;
  /** The place of the cursor, in UTF-16 units. */
  readonly at: number;
}

export const emptyLine: Line = { text: '', at: 0 };

export function lineOf(text: string): Line {
  return { text, at: text.length };
}

/** Undefined if the key does not edit. */
export function edited(line: Line, key: Key): Line | undefined {
  if (key.kind === 'paste') return inserted(line, key.text.replaceAll(/[\r\n]+$/g, '').replaceAll(/[\r\n]+/g, ' '));
  if (key.kind === 'char') return key.ctrl ? controlled(line, key.char) : inserted(line, key.char);
  if (key.kind === 'mouse') return undefined;
  switch (key.name) {
    case 'backspace':
      return without(line, before(line), line.at);
    case 'delete':
      return without(line, line.at, after(line));
    case 'left':
      return { ...line, at: before(line) };
    case 'right':
      return { ...line, at: after(line) };
    case 'home':
      return { ...line, at: 0 };
    case 'end':
      return lineOf(line.text);
    default:
      return undefined;
  }
}

function controlled(line: Line, letter: string): Line | undefined {
  if (letter === 'a') return { ...line, at: 0 };
  if (letter === 'e') return lineOf(line.text);
  if (letter === 'u') return without(line, 0, line.at);
  if (letter === 'w') return without(line, line.text.slice(0, line.at).search(/\S+\s*$/), line.at);
  return undefined;
}

function inserted({ text, at }: Line, piece: string): Line {
  return { text: text.slice(0, at) + piece + text.slice(at), at: at + piece.length };
}

function without({ text }: Line, from: number, to: number): Line {
  const start = Math.max(0, from);
  return { text: text.slice(0, start) + text.slice(to), at: start };
}

function before({ text, at }: Line): number {
  return Math.max(0, at - (isPair(text, at - 2) ? 2 : 1));
}

function after({ text, at }: Line): number {
  return Math.min(text.length, at + (isPair(text, at) ? 2 : 1));
}

function isPair(text: string, at: number): boolean {
  return (text.codePointAt(at) ?? 0) > 0xffff;
}

/** The part around the cursor that fits. The cursor is visible even without colours. */
export function inputSpans({ text, at }: Line, width: number): SpanLine {
  const room = Math.max(1, width - 2);
  const before = Array.from(
    new Intl.Segmenter().segment(clean(text.slice(0, at)).slice(-8 * room)),
    (each) => each.segment,
  );
  while (widthOf(before.join('')) > room) before.shift();
  const [after = ''] = wrapped(clean(text.slice(at)).slice(0, 8 * room), Math.max(1, room - widthOf(before.join(''))));
  return [span(before.join('')), span('_', 'selected'), span(after)];
}

/** One dot for each character. */
export function hiddenSpans({ text }: Line, width: number): SpanLine {
  return [span('·'.repeat(Math.min(Math.max(1, width - 2), Array.from(text).length))), span('_', 'selected')];
}

/** Keeps the spaces at both ends, which `plain` removes. */
function clean(text: string): string {
  const [, start = '', middle = '', end = ''] = /^( *)(.*?)( *)$/s.exec(text) ?? [];
  return start + plain(middle) + end;
}

/** One line of text under a cursor. */
import type { Key } from '../keys.ts';

export interface Line {
  readonly text: string;
  /** Characters before the cursor, in UTF-16 units. */
  readonly at: number;
}

export const emptyLine: Line = { text: '', at: 0 };

export function lineOf(text: string): Line {
  return { text, at: text.length };
}

/** Undefined: the key edits nothing. */
export function edited(line: Line, key: Key): Line | undefined {
  if (key.kind === 'paste') return inserted(line, key.text.replaceAll(/[\r\n]+$/g, '').replaceAll(/[\r\n]+/g, ' '));
  if (key.kind === 'char') return key.ctrl ? controlled(line, key.char) : inserted(line, key.char);
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

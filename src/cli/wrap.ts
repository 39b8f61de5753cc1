/** Lines of text for a narrow screen. In a file of its own, because most commands do not need the library. */
import wrapAnsi from 'wrap-ansi';
import { widthOf } from '../model/text.ts';

/** The text in rows of at most `width` columns, broken between words; later rows are indented. */
export function wrappedBy(text: string, width: number, indent: number): string {
  if (widthOf(text) <= width) return text;
  const [first = '', ...rest] = wrapAnsi(text, Math.max(LEAST_TEXT, width - indent), { trim: false, hard: true }).split(
    '\n',
  );
  return [first.trimEnd(), ...rest.map((row) => `${' '.repeat(indent)}${row.trim()}`)].join('\n');
}

/** On a narrower screen the terminal breaks the lines. */
const LEAST_TEXT = 20;

/**
 * Makes foreign text safe for a terminal.
 *
 * Characters that steer a terminal, hide text or turn its direction are found by Unicode category, not by a list: control
 * and format characters, line and paragraph separators, lone surrogates, and invisible characters (zero-width and tag
 * characters, fillers, variation selectors). An emoji keeps its own joiners and selectors.
 */
import stripAnsi from 'strip-ansi';

const HARMFUL = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]`;
const EMOJI_PART = String.raw`\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?`;
const EMOJI = String.raw`${EMOJI_PART}(?:\u200d${EMOJI_PART})*|[0-9#*]\ufe0f\u20e3`;

const EMOJI_OR_HARMFUL = new RegExp(`${EMOJI}|${HARMFUL}`, 'gu');
const ONE_HARMFUL = new RegExp(`^${HARMFUL}$`, 'u');

/** The text without harmful characters; newline and tab stay. */
export function harmless(text: string): string {
  if (isPlain(text)) return text;
  return replaced(stripAnsi(text), (character) => (isLayout(character) ? character : ''));
}

/** The same on one line. */
export function oneLine(text: string): string {
  return harmless(text.replaceAll(/[\s\u2028\u2029]+/g, ' ')).trim();
}

/** The text with harmful characters shown as `\u{…}`, for a person who must judge the text; newline and tab stay. */
export function visible(text: string): string {
  return replaced(text, (character) =>
    isLayout(character) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** A JSON text with harmful characters written as `\uXXXX`. The meaning stays the same. */
export function harmlessJson(json: string): string {
  // Tabs and newlines of a JSON text stand between its tokens.
  return replaced(json, (character) => (isLayout(character) ? character : [...utf16(character)].join('')));
}

/** At most so many UTF-16 code units from the start of the text, and no half of a surrogate pair at the end. */
export function beginning(text: string, most: number): string {
  const cut = text.slice(0, most);
  const last = cut.charCodeAt(cut.length - 1);
  return last >= 0xd800 && last < 0xdc00 ? cut.slice(0, -1) : cut;
}

/** The text, or its beginning and an ellipsis: at most so many UTF-16 code units. */
export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${beginning(text, most - 1)}…`;
}

function replaced(text: string, by: (character: string) => string): string {
  if (isPlain(text)) return text;
  return text.replaceAll(EMOJI_OR_HARMFUL, (found) => (ONE_HARMFUL.test(found) ? by(found) : found));
}

/** Only printable ASCII and line ends, as in most output. */
function isPlain(text: string): boolean {
  return /^[\n -~]*$/.test(text);
}

function isLayout(character: string): boolean {
  return character === '\n' || character === '\t';
}

function* utf16(character: string): Generator<string> {
  for (let index = 0; index < character.length; index += 1)
    yield `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`;
}

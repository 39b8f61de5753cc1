/**
 * Text of others, made fit for a terminal.
 *
 * What steers a terminal, hides text or turns its direction goes by Unicode category, not by a list: control and format
 * characters, line and paragraph separators, lone surrogates, and whatever is drawn as nothing (zero-width and tag
 * characters, fillers, variation selectors). An emoji keeps the joiners and selectors that it is made of.
 */
import stripAnsi from 'strip-ansi';

const HARMFUL = String.raw`[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]`;
const EMOJI_PART = String.raw`\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?`;
const EMOJI = String.raw`${EMOJI_PART}(?:\u200d${EMOJI_PART})*|[0-9#*]\ufe0f\u20e3`;

const EMOJI_OR_HARMFUL = new RegExp(`${EMOJI}|${HARMFUL}`, 'gu');
const ONE_HARMFUL = new RegExp(`^${HARMFUL}$`, 'u');

/** Text without what could do harm; newline and tab stay. */
export function harmless(text: string): string {
  if (isPlain(text)) return text;
  return replaced(stripAnsi(text), (character) => (isLayout(character) ? character : ''));
}

/** The same on one line. */
export function oneLine(text: string): string {
  return harmless(text.replaceAll(/[\s\u2028\u2029]+/g, ' ')).trim();
}

/** Text with what could do harm made visible as `\u{…}`, for a person who is to judge it; newline and tab stay. */
export function visible(text: string): string {
  return replaced(text, (character) =>
    isLayout(character) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** A JSON text with what could do harm as `\uXXXX`: it means the same. */
export function harmlessJson(json: string): string {
  // Tabs and newlines of a JSON text stand between its tokens.
  return replaced(json, (character) => (isLayout(character) ? character : [...utf16(character)].join('')));
}

function replaced(text: string, by: (character: string) => string): string {
  if (isPlain(text)) return text;
  return text.replaceAll(EMOJI_OR_HARMFUL, (found) => (ONE_HARMFUL.test(found) ? by(found) : found));
}

/** Nothing but printable ASCII and line ends: most of what is printed. */
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

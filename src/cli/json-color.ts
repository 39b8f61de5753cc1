/** JSON in colours, for a terminal. The text itself stays as it is. */
import type { Style } from './style.ts';

/** A key with its colon, a string, a literal, or a number. In valid JSON nothing else has these beginnings. */
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d[\d.eE+-]*/g;

/** @param json valid JSON, with harmful characters escaped */
export function coloredJson(json: string, { accent, good, warn, dim }: Style): string {
  return json.replaceAll(TOKEN, (token: string, text: string | undefined, colon: string | undefined) => {
    if (text !== undefined) return colon === undefined ? good(text) : `${accent(text)}${colon}`;
    return token === 'null' ? dim(token) : warn(token);
  });
}

/** A longer text is shown as it is, because nobody reads it on a terminal. */
const MAX_LENGTH = 1_000_000;

/** An object or a list; a single word or number is no document that somebody wants in colours. */
export function isJsonDocument(text: string): boolean {
  if (text.length > MAX_LENGTH || !/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Text made safe for a screen. Apart from `text.ts`, which measures text: every command loads this file, and measuring loads slowly. */
import { harmless, oneLine } from '../base/harmless.ts';

/** Wider than any screen. */
const MAX_LENGTH = 4096;

/**
 * One line that cannot control a terminal: without escape sequences, control characters and characters that change the
 * direction of writing. White space becomes one space.
 */
export function plain(text: string): string {
  const start = text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text;
  if (/^[!-~]+(?: [!-~]+)*$/.test(start)) return start;
  return oneLine(start);
}

/** Several such lines, with indentation kept. */
export function plainLines(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/).map((line) => harmless(line.slice(0, MAX_LENGTH)).replaceAll('\t', '  ').trimEnd());
}

/**
 * Text as one word of a POSIX shell, on one line.
 *
 * The launcher travels as the first line of stdin, so a newline inside a value is written as the variable that `NEWLINE`
 * defines (POSIX.1-2017, Shell Command Language, 2.2.2 and 2.6.2).
 */
import { AnywhereError } from '../base/errors.ts';

/** Defines `$_Mn` as one newline, which `$(…)` alone would strip. Costs a process. Names with `_M` belong to the launcher. */
export const NEWLINE = `_Mn=$(printf '\\nx');_Mn=\${_Mn%x}`;
const QUOTED_NEWLINE = '"$_Mn"';

/** Whether a script made of these words needs `NEWLINE` before it. */
export function needsNewline(script: string): boolean {
  return script.includes(QUOTED_NEWLINE);
}

/** Linux limits one argument or variable to 32 pages (execve(2), MAX_ARG_STRLEN), its name and NUL included. */
const MAX_WORD_BYTES = 128 * 1024 - 1;

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @param what names the text in the error, where no program can take it */
export function word(text: string, what: string): string {
  assertPossible(text, what);
  return quote(text);
}

/** `NAME='value'`, to stand after `export`. */
export function assignment(name: string, value: string): string {
  if (!VARIABLE_NAME.test(name)) {
    throw new AnywhereError('CONFIG_INVALID', `"${name}" cannot be the name of an environment variable`);
  }
  assertPossible(`${name}=${value}`, `the value of ${name}`);
  return `${name}=${quote(value)}`;
}

/** A path whose leading `~` is the remote home. */
export function pathWord(path: string, what: string): string {
  if (path === '~') return '"$HOME"';
  if (!path.startsWith('~/')) return word(path, what);
  return `"$HOME"/${word(path.slice(2), what)}`;
}

function quote(text: string): string {
  const pieces = text.split('\n').map((piece) => `'${piece.replaceAll("'", `'\\''`)}'`);
  return pieces.join(QUOTED_NEWLINE);
}

function assertPossible(text: string, what: string): void {
  if (text.includes('\0')) throw new AnywhereError('CONFIG_INVALID', `${what} contains a NUL character`);
  if (Buffer.byteLength(text) <= MAX_WORD_BYTES) return;
  throw new AnywhereError('CONFIG_INVALID', `${what} is larger than 128 KiB, which no program can take`);
}

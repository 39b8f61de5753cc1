/**
 * Text as one word of a POSIX shell, on one line.
 *
 * The launcher travels as the first line of stdin, so a newline inside a value is written as the variable that `NEWLINE`
 * defines (POSIX.1-2017, Shell Command Language, 2.2.2 and 2.6.2).
 */
import { AnywhereError } from '../base/errors.ts';
import type { Lookup, Word } from './contract.ts';

/** Defines `$_Mn` as one newline, which `$(…)` alone would strip. Costs a process. Names with `_M` belong to the launcher. */
export const NEWLINE = `_Mn=$(printf '\\nx');_Mn=\${_Mn%x}`;
const QUOTED_NEWLINE = '"$_Mn"';

/** Whether a script made of these words needs `NEWLINE` before it. */
export function needsNewline(script: string): boolean {
  return script.includes('$_Mn');
}

/** Linux limits one argument or variable to 32 pages (execve(2), MAX_ARG_STRLEN), its name and NUL included. */
const MAX_WORD_BYTES = 128 * 1024 - 1;

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @param what names the text in the error, where no program can take it */
export function word(text: Word, what: string): string {
  if (typeof text !== 'string') return `''${text.map((part) => partOf(part, what)).join('')}`;
  assertPossible(text, what);
  return quote(text);
}

/** `NAME='value'`, to stand after `export`. */
export function assignment(name: string, value: Word): string {
  if (!VARIABLE_NAME.test(name)) {
    throw new AnywhereError('CONFIG_INVALID', `"${name}" cannot be the name of an environment variable`);
  }
  const what = `the value of ${name}`;
  if (typeof value === 'string') assertPossible(`${name}=${value}`, what);
  return `${name}=${word(value, what)}`;
}

/** A path whose leading `~` is the remote home. */
export function pathWord(path: Word, what: string): string {
  if (typeof path !== 'string') {
    const [first, ...rest] = path;
    return typeof first === 'string' ? `${pathWord(first, what)}${word(rest, what)}` : word(path, what);
  }
  if (path === '~') return '"$HOME"';
  if (!path.startsWith('~/')) return word(path, what);
  return `"$HOME"/${word(path.slice(2), what)}`;
}

function partOf(part: string | Lookup, what: string): string {
  if (typeof part === 'string') return word(part, what);
  if ('file' in part) return `"$(cat -- ${pathWord(part.file, what)})"`;
  if (!VARIABLE_NAME.test(part.variable))
    throw new AnywhereError('CONFIG_INVALID', `"${part.variable}" cannot be the name of an environment variable`);
  if (part.fallback === undefined) return `"\${${part.variable}-}"`;
  assertPossible(part.fallback, what);
  // Inside `"${NAME:-…}"` these characters keep a meaning.
  const fallback = part.fallback.replaceAll(/[\\"$`}]/g, '\\$&').replaceAll('\n', '$_Mn');
  return `"\${${part.variable}:-${fallback}}"`;
}

/** The variables that a word must have. */
export function variablesOf(text: Word): readonly string[] {
  if (typeof text === 'string') return [];
  return text.flatMap((part) => (typeof part === 'object' && 'variable' in part ? [part.variable] : []));
}

/** For people. */
export function shownWord(text: Word): string {
  if (typeof text === 'string') return text;
  return text
    .map((part) => (typeof part === 'string' ? part : 'file' in part ? part.file : `$${part.variable}`))
    .join('');
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

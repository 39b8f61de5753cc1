/** The mistakes in a hosts file. */

import type { ConfigProblem } from '../api/hosts-problems.ts';
import { counted } from '../base/counted.ts';
import { AnywhereError } from '../base/errors.ts';
import { shortened } from '../base/harmless.ts';

/** Both count from 1, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Keys and list indexes from the root of the file. */
export type KeyPath = readonly (string | number)[];

/** A mistake without its position in the text. Never quotes values of `env` and `args`. */
export interface Complaint {
  readonly path: KeyPath;
  /** Whether the key or its value is wrong. */
  readonly about: 'key' | 'value';
  readonly expected: string;
  readonly found: string;
  readonly suggestion?: string | undefined;
  /** The parser's position, for syntax errors, which have no key. */
  readonly at?: Position | undefined;
}

/** `file:line:col key: expected …, found …; suggestion`, in one line. */
export function formatProblem(problem: ConfigProblem): string {
  const place = `${problem.file}:${String(problem.line)}:${String(problem.column)}`;
  const key = problem.key === '' ? '' : ` ${problem.key}:`;
  const advice = problem.suggestion === undefined ? '' : `; ${problem.suggestion}`;
  return `${place}${key} expected ${problem.expected}, found ${problem.found}${advice}`;
}

export function formatKey(path: KeyPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${String(part)}]`;
    const short = shortened(part, 80);
    const word = /^[\w$-]+$/.test(short) ? short : JSON.stringify(short);
    return text === '' ? word : `${text}.${word}`;
  }, '');
}

/** Carries the structured list behind a CONFIG_INVALID error. */
class ConfigProblems extends Error {
  override readonly name = 'ConfigProblems';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}

/** CONFIG_INVALID with one line of evidence a mistake. */
export function configInvalid(file: string, problems: readonly ConfigProblem[], hint?: string): AnywhereError {
  const count = counted(problems.length, 'mistake');
  return new AnywhereError('CONFIG_INVALID', `${file} has ${count}.`, {
    evidence: problems.map(formatProblem),
    cause: new ConfigProblems(problems),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** The structured mistakes of a CONFIG_INVALID error; empty for any other error. */
export function problemsOf(error: unknown): readonly ConfigProblem[] {
  if (!(error instanceof AnywhereError) || !(error.cause instanceof ConfigProblems)) return [];
  return error.cause.problems;
}

/** The value at the path; undefined when there is none. */
export function valueAt(root: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((value, part) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    return (value as Record<string | number, unknown>)[part];
  }, root);
}

/** The value in words. Short texts are quoted, but under `env` and `args` only the kind is named: they may hold secrets. */
export function describeFound(value: unknown, path: KeyPath): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'nothing (an empty value)';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (path.includes('env') || path.includes('args')) return `a ${typeof value === 'string' ? 'text' : typeof value}`;
  return shortened(JSON.stringify(value), 60);
}

export type Mapping = Readonly<Record<string, unknown>>;

/** For values that are not checked yet: empty where the value is not a mapping. */
export function mapping(value: unknown): Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};
}

export function complaint(
  path: KeyPath,
  about: 'key' | 'value',
  expected: string,
  found: string,
  suggestion?: string,
): Complaint {
  return { path, about, expected, found, suggestion };
}

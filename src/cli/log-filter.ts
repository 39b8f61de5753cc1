/** Which lines of the logs are wanted: `--since` and `--grep`. */
import { type Context, createContext, Script } from 'node:vm';
import type { LogEntry } from '../api/control.ts';
import { AnywhereError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(?:\d+(?:\.\d+)?[smhd])+$/;
const TIME = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * @param text a duration before now (`10m`, `1h30m`), or a time as `logs -t` prints it
 * @returns wall clock, ms
 * @throws AnywhereError USAGE
 */
export function sinceOf(text: string, nowMs: number): number {
  if (DURATION.test(text)) {
    const parts = [...text.matchAll(/([\d.]+)([smhd])/g)];
    return nowMs - parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS_MS[unit] ?? 0), 0);
  }
  const atMs = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(atMs)) return atMs;
  throw new AnywhereError('USAGE', `--since ${text} is neither a duration nor a time.`, {
    evidence: ['durations are 30s, 10m, 1h30m or 2d; times are 2026-03-01 or 2026-03-01T09:30'],
    hint: 'mcp-anywhere logs --since 10m',
  });
}

/** How long a pattern may take for all lines at hand. Some patterns need years: `(a+)+$` is one. */
const MATCH_MS = 2000;

/** Finds lines with a regular expression of the user. */
export class LineFilter {
  readonly #pattern: string;
  readonly #globals: { lines: readonly string[]; readonly pattern: RegExp };
  readonly #context: Context;
  readonly #script = new Script('lines.map((line) => pattern.test(line))');

  /** Without capitals the pattern ignores case. @throws AnywhereError USAGE */
  constructor(pattern: string) {
    this.#pattern = pattern;
    this.#globals = { lines: [], pattern: compiled(pattern) };
    this.#context = createContext(this.#globals);
  }

  /** @throws AnywhereError USAGE for a pattern that takes too long */
  matching(entries: readonly LogEntry[]): readonly LogEntry[] {
    this.#globals.lines = entries.map(({ line }) => line);
    try {
      // Only code in a context of its own can be interrupted.
      const found = this.#script.runInContext(this.#context, { timeout: MATCH_MS }) as readonly boolean[];
      return entries.filter((_entry, at) => found[at]);
    } catch (cause) {
      if (!isTimeout(cause)) throw cause;
      throw new AnywhereError(
        'USAGE',
        `--grep ${this.#pattern} takes too long: no result within ${MATCH_MS / 1000} s.`,
        {
          evidence: ['repetitions inside repetitions, such as (a+)+, try every way to share the text between them'],
          hint: 'use a simpler pattern, or pipe the output: mcp-anywhere logs | grep -E PATTERN',
          cause,
        },
      );
    } finally {
      this.#globals.lines = [];
    }
  }
}

/** The error is one of the other context: not an instance of our `Error`. */
function isTimeout(cause: unknown): boolean {
  return isRecord(cause) && cause['code'] === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

function compiled(pattern: string): RegExp {
  try {
    return new RegExp(pattern, pattern === pattern.toLowerCase() ? 'i' : '');
  } catch (cause) {
    throw new AnywhereError('USAGE', `--grep ${pattern} is not a regular expression: ${reasonOf(cause)}.`, {
      evidence: ['a backslash takes the meaning from a character: \\( \\[ \\* \\?'],
      hint: "mcp-anywhere logs --grep 'time(d )?out|refused'",
      cause,
    });
  }
}

/** `Invalid regular expression: /(/: Unterminated group` without what we have said ourselves. */
function reasonOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.slice(text.lastIndexOf(': ') + 2);
}

/** Keeps known secret values out of logs, files and events. */
import { AnywhereError } from '../base/errors.ts';

/** The text without secrets. Applied to a line before it reaches a log, a file or an event. */
export type Redact = (text: string) => string;

export const REDACTED = '[redacted]';

/** A shorter value may be an ordinary word, and replacing it would garble the text. */
const SHORTEST = 4;

/** A value of several lines (a key, a service account) may be printed line by line; a shorter line may be an ordinary word. */
const SHORTEST_LINE = 8;

/** The shortest value searched for in definitions of others; a shorter one may be an ordinary word. */
const SHORTEST_IN_DEFINITIONS = 8;

/** Learns the values that were resolved from references, and replaces them wherever they appear. */
export class Redactor {
  readonly #values = new Set<string>();
  readonly #long = new Set<string>();
  #pattern: RegExp | undefined;

  /** Also learns the spelling inside a JSON string and inside a URL. (The buffer replaces lone surrogates.) */
  learn(value: string): void {
    if (value.length < SHORTEST) return;
    const spellings = [value, ...linesOf(value)].flatMap(spellingsOf);
    if (spellings.every((spelling) => this.#values.has(spelling))) return;
    for (const spelling of spellings) this.#values.add(spelling);
    if (value.length >= SHORTEST_IN_DEFINITIONS) for (const spelling of spellings) this.#long.add(spelling);
    const longestFirst = [...this.#values].sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(longestFirst.map(escapeRegExp).join('|'), 'g');
  }

  /** True where a definition holds a secret: that definition must not be kept on disk. */
  readonly isIn = (text: string): boolean => [...this.#long].some((value) => text.includes(value));

  get isEmpty(): boolean {
    return this.#pattern === undefined;
  }

  readonly redact: Redact = (text) => (this.#pattern === undefined ? text : text.replace(this.#pattern, REDACTED));
}

function linesOf(value: string): string[] {
  const lines = value.split(/\r?\n/u).map((line) => line.trim());
  return lines.length < 2 ? [] : lines.filter((line) => line.length >= SHORTEST_LINE);
}

function spellingsOf(value: string): string[] {
  return [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(Buffer.from(value).toString())];
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

/** The same data with every text in it redacted. */
export function redactAll<Value>(value: Value, redact: Redact): Value {
  return redacted(value, redact) as Value;
}

function redacted(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof AnywhereError) return value.redacted(redact);
  if (value instanceof Error) {
    const text = value.stack ?? String(value);
    return redact(text) === text ? value : redact(text);
  }
  if (Array.isArray(value)) return value.map((item) => redacted(item, redact));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redacted(item, redact)]));
}

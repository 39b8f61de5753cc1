/** Keeps known secret values out of everything that is written down. */

/** The text without secrets. Applied to a line before it reaches a log, a file or an event. */
export type Redact = (text: string) => string;

export const REDACTED = '[redacted]';

/** Shorter values are as likely a word of the text as the secret, and replacing them would garble it. */
const SHORTEST = 4;

/** A value of several lines (a key, a service account) is printed line by line; shorter ones of them are words like any other. */
const SHORTEST_LINE = 8;

/** Learns the values that were resolved from references, and replaces them wherever they appear. */
export class Redactor {
  readonly #values = new Set<string>();
  #pattern: RegExp | undefined;

  /** Also its form inside a JSON string and inside a URL, where they differ. (The buffer mends lone surrogates.) */
  learn(value: string): void {
    if (value.length < SHORTEST) return;
    for (const part of [value, ...linesOf(value)]) for (const spelling of spellingsOf(part)) this.#values.add(spelling);
    const longestFirst = [...this.#values].sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(longestFirst.map(escapeRegExp).join('|'), 'g');
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

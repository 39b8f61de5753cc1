/** Keeps known secret values out of everything that is written down. */

/** The text without secrets. Applied to a line before it reaches a log, a file or an event. */
export type Redact = (text: string) => string;

export const REDACTED = '[redacted]';

/** Shorter values are as likely a word of the text as the secret, and replacing them would garble it. */
const SHORTEST = 4;

/** Learns the values that were resolved from references, and replaces them wherever they appear. */
export class Redactor {
  readonly #values = new Set<string>();
  #pattern: RegExp | undefined;

  /** Also its form inside a JSON string and inside a URL, where they differ. (The buffer mends lone surrogates.) */
  learn(value: string): void {
    if (value.length < SHORTEST) return;
    const spellings = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(Buffer.from(value).toString())];
    for (const spelling of spellings) this.#values.add(spelling);
    const longestFirst = [...this.#values].sort((a, b) => b.length - a.length);
    this.#pattern = new RegExp(longestFirst.map(escapeRegExp).join('|'), 'g');
  }

  readonly redact: Redact = (text) => (this.#pattern === undefined ? text : text.replace(this.#pattern, REDACTED));
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

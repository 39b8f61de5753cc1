/** What a process wrote to stderr, as lines: the first ones and the last ones, however much it writes. */
import type { Readable } from 'node:stream';

const FIRST_LINES = 400;
const LAST_LINES = 50;
const MAX_LINE_CHARACTERS = 4096;
/** Far more than ssh says with the longest banner. */
export const STDERR_BYTES = 4 * 1024 * 1024;

export class StderrLines {
  #first: string[] = [];
  #last: string[] = [];
  #partial = '';
  #characters = 0;

  /** `onActivity` is called after every chunk. */
  constructor(stream: Readable, onActivity: () => void) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      this.#add(text);
      onActivity();
    });
    stream.on('error', () => undefined);
  }

  /** More than can be meant for people. */
  get isFlood(): boolean {
    return this.#characters > STDERR_BYTES;
  }

  all(): string[] {
    return [...this.#first, ...this.#last, ...(this.#partial === '' ? [] : [this.#partial])];
  }

  #add(text: string): void {
    this.#characters += text.length;
    const lines = (this.#partial + text).split('\n');
    this.#partial = (lines.pop() ?? '').slice(0, MAX_LINE_CHARACTERS);
    for (const line of lines) this.#keep(line.slice(0, MAX_LINE_CHARACTERS));
  }

  #keep(line: string): void {
    if (this.#first.length < FIRST_LINES) this.#first.push(line);
    else {
      this.#last.push(line);
      if (this.#last.length > LAST_LINES) this.#last.shift();
    }
  }
}

/** A server's stderr as lines, and the last lines as evidence for errors. */

import type { Readable } from 'node:stream';
import { beginning } from '../base/harmless.ts';
import { LineFramer } from '../protocol/framer.ts';

const KEPT_LINES = 12;
export const MAX_STDERR_LINE_BYTES = 16 * 1024;

export class RecentLines {
  readonly #redact: (line: string) => string;
  readonly #lines: string[] = [];

  /** @param redact runs when the lines are read: most lines are never read */
  constructor(redact: (line: string) => string = (line) => line) {
    this.#redact = redact;
  }

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
  }

  /** A copy: the evidence of an error does not change later. */
  get lines(): readonly string[] {
    return this.#lines.map((line) => this.#redact(line));
  }
}

/** Reads a text stream to its end and calls `onLine` for every line that is not empty. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  const framer = new LineFramer(
    {
      line: (bytes) => {
        const text = bytes.toString('utf8').trimEnd();
        if (text !== '') onLine(text);
      },
      overflow: () => undefined,
      oversized: (size, head) => {
        onLine(`${beginning(head.toString('utf8'), 512)}… (${size} bytes in one line)`);
      },
    },
    MAX_STDERR_LINE_BYTES,
  );
  stream.on('data', (chunk: Buffer) => {
    framer.push(chunk);
  });
  stream.on('end', () => {
    framer.end();
  });
  // The end of the channel reports a broken stream.
  stream.on('error', () => undefined);
}

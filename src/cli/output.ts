/** Where a command writes: data on stdout, everything else on stderr. */
import { stripVTControlCharacters } from 'node:util';

export interface Output {
  /** Data. */
  write(text: string): void;
  /** Data, as one JSON document with its schema version. */
  json(value: object): void;
  /** For the person at the terminal: never data. */
  note(text: string): void;
  /** One line that the next output replaces; nothing where nobody looks on. */
  progress(text: string): void;
}

/** Raised with every change of meaning of what `--json` prints. */
export const SCHEMA_VERSION = 1;

export function createOutput(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Output {
  let transient = false;
  const clear = (): void => {
    if (transient) stderr.write('\r\u001B[K');
    transient = false;
  };
  return {
    write(text) {
      clear();
      stdout.write(text);
    },
    json(value) {
      clear();
      stdout.write(
        `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...value }, null, stdout.isTTY ? 2 : undefined)}\n`,
      );
    },
    note(text) {
      clear();
      stderr.write(text);
    },
    progress(text) {
      if (!stderr.isTTY) return;
      clear();
      stderr.write(oneLine(text).slice(0, stderr.columns - 1));
      transient = true;
    },
  };
}

/**
 * Text of a remote machine made harmless for a terminal: no escape sequences, no control characters
 * but newline and tab.
 */
export function harmless(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  return stripVTControlCharacters(text).replaceAll(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g, '');
}

export function oneLine(text: string): string {
  return harmless(text).replaceAll(/\s+/g, ' ').trim();
}

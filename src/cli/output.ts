/** Where a command writes: data to stdout, everything else to stderr. */
import { harmlessJson, oneLine } from '../base/harmless.ts';

export interface Output {
  /** Data. */
  write(text: string): void;
  /** Data as one JSON document with its schema version. */
  json(value: object): void;
  /** The same on one line, for a stream of documents. */
  jsonLine(value: object): void;
  /** Text for the person at the terminal, never data. */
  note(text: string): void;
  /** One line on a terminal, which the next output replaces. */
  progress(text: string): void;
  /** Removes the progress line, before something else writes to the terminal. */
  clear(): void;
}

/** Grows with every incompatible change of what `--json` prints. */
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
      stdout.write(jsonText(value, stdout));
    },
    jsonLine(value) {
      clear();
      stdout.write(jsonText(value, stdout, { isLine: true }));
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
    clear,
  };
}

/** On a terminal with harmful characters escaped; the meaning stays the same. */
export function jsonText(
  value: object,
  { isTTY }: { readonly isTTY?: boolean | undefined },
  { isLine = false }: { readonly isLine?: boolean } = {},
): string {
  const text = JSON.stringify(
    { schemaVersion: SCHEMA_VERSION, ...value },
    null,
    isTTY === true && !isLine ? 2 : undefined,
  );
  return `${isTTY === true ? harmlessJson(text) : text}\n`;
}

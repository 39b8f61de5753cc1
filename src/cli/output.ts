/** Where a command writes: data on stdout, everything else on stderr. */
import { harmlessJson, oneLine } from '../base/harmless.ts';

export interface Output {
  /** Data. */
  write(text: string): void;
  /** Data, as one JSON document with its schema version. */
  json(value: object): void;
  /** The same on one line, for a stream of them. */
  jsonLine(value: object): void;
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
  };
}

/** On a terminal nothing of it steers or hides anything; it still means the same. */
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

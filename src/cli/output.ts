/** Where a command writes: data to stdout, everything else to stderr. */
import type { Printed } from '../api/printed.ts';
import { harmlessJson, oneLine } from '../base/harmless.ts';
import { coloredJson } from './json-color.ts';
import type { Style } from './style.ts';

export interface Output {
  /** Data. */
  write(text: string): void;
  /** Data as one JSON document with its schema version. The caller names the form, as in `json<'stop'>(…)`. */
  json<F extends Form = never>(value: Body<F>): void;
  /** The same on one line, for a stream of documents. */
  jsonLine<F extends Form = never>(value: Body<F>): void;
  /** Text for the person at the terminal, never data. */
  note(text: string): void;
  /** One line on a terminal, which the next output replaces. */
  progress(text: string): void;
  /** Several such lines; each must fit in the terminal, and all of them too. */
  live(lines: readonly string[]): void;
  /** Removes the progress lines, before something else writes to the terminal. */
  clear(): void;
}

type Form = keyof Printed;
const SCHEMA_VERSION: Printed[Form]['schemaVersion'] = 1;
/** A form without its schema version, which is added when it is printed. */
export type Body<F extends Form> = object & WithoutVersion<Printed[F]>;
type WithoutVersion<P> = P extends object ? Omit<P, 'schemaVersion'> : never;

/** @param style of stdout: JSON on a terminal has colours */
export function createOutput(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream, style?: Style): Output {
  let transient = 0;
  const clear = (): void => {
    if (transient === 1) stderr.write('\r\u001B[K');
    else if (transient > 1) stderr.write(`\r\u001B[${transient - 1}A\u001B[J`);
    transient = 0;
  };
  return {
    write(text) {
      clear();
      stdout.write(text);
    },
    json<F extends Form>(value: Body<F>) {
      clear();
      stdout.write(jsonText<F>(value, stdout, { style }));
    },
    jsonLine<F extends Form>(value: Body<F>) {
      clear();
      stdout.write(jsonText<F>(value, stdout, { isLine: true }));
    },
    note(text) {
      clear();
      stderr.write(text);
    },
    progress(text) {
      if (!stderr.isTTY) return;
      clear();
      stderr.write(oneLine(text).slice(0, stderr.columns - 1));
      transient = 1;
    },
    live(lines) {
      if (!stderr.isTTY) return;
      const up = transient > 1 ? `\u001B[${transient - 1}A` : '';
      // In one write and without clearing first, so that nothing flickers.
      stderr.write(`\r${up}${lines.map((line) => `${line}\u001B[K`).join('\n')}\u001B[J`);
      transient = lines.length;
    },
    clear,
  };
}

/** On a terminal with harmful characters escaped, and in the colours of a style. The meaning stays the same. */
export function jsonText<F extends Form = never>(
  value: Body<F>,
  { isTTY }: { readonly isTTY?: boolean | undefined },
  { isLine = false, style }: { readonly isLine?: boolean; readonly style?: Style | undefined } = {},
): string {
  const text = JSON.stringify(
    { schemaVersion: SCHEMA_VERSION, ...value },
    null,
    isTTY === true && !isLine ? 2 : undefined,
  );
  if (isTTY !== true) return `${text}\n`;
  const shown = harmlessJson(text);
  return `${style === undefined || isLine ? shown : coloredJson(shown, style)}\n`;
}

/** TOML. A new table goes to the end of the file as text; any other change is made by toml-patch, which keeps comments. */
import { parse as parseForPatch, patch } from '@decimalturn/toml-patch';
import { parse, stringify, TomlError } from 'smol-toml';
import { isRecord } from '../base/record.ts';
import { valueAt } from '../config/problem.ts';
import { invalidText, lineEnding, type Path, type TextFormat, withValueAt } from './format.ts';

export const TOML: TextFormat = {
  parse: (text) => {
    try {
      return parse(text, { integersAsBigInt: 'asNeeded' });
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
      const before = text.split('\n').slice(0, error.line - 1);
      throw invalidText('TOML', text, before.join('\n').length + (before.length > 0 ? 1 : 0) + error.column - 1);
    }
  },
  *edits(text, path, value) {
    const before: unknown = parseForPatch(text);
    const changed = withValueAt(before, path, value);
    const isNew = valueAt(before, path) === undefined;
    if (value === undefined) yield patch(text, changed);
    else if (isNew) yield* keeping(text, [() => appended(text, path, value), () => patch(text, changed)]);
    else {
      const without = (): string => patch(text, withValueAt(before, path, undefined));
      yield* keeping(text, [() => patch(text, changed), () => patch(without(), changed)]);
    }
  },
};

const COMMENT = /"""[^]*?"""|'''[^]*?'''|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|(#.*)/g;

/** Those that have every comment: toml-patch loses some behind inline tables. */
function* keeping(text: string, candidates: readonly (() => string)[]): Iterable<string> {
  const comments = commentsOf(text).length;
  for (const candidate of candidates) {
    const made = candidate();
    if (commentsOf(made).length >= comments) yield made;
  }
}

function commentsOf(text: string): readonly string[] {
  return [...text.matchAll(COMMENT)].flatMap(([, comment]) => comment ?? []);
}

function appended(text: string, path: Path, value: unknown): string {
  const eol = lineEnding(text);
  const whole = path.reduceRight<unknown>(
    (below, key) => (typeof key === 'number' ? [below] : { [key]: below }),
    value,
  );
  const block = `${stringify(isRecord(whole) ? whole : {}).trimEnd()}\n`.replaceAll('\n', eol);
  if (text === '') return block;
  return `${text}${text.endsWith('\n') ? '' : eol}${eol}${block}`;
}

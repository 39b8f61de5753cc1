/** TOML. A new table goes to the end of the file as text; any other change is made by toml-patch, which keeps comments. */
import { parse as parseForPatch, patch } from '@decimalturn/toml-patch';
import { parse, stringify, TomlError } from 'smol-toml';
import { isRecord } from '../base/record.ts';
import { invalidText, lineEnding, type Path, type TextFormat, valueAt, withValueAt } from './format.ts';

export const TOML: TextFormat = {
  parse: (text) => {
    try {
      return parse(text, { integersAsBigInt: 'asNeeded' });
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
      const before = text.split('\n').slice(0, error.line - 1);
      throw invalidText('TOML', text, before.join('\n').length + (before.length > 0 ? 1 : 0) + error.column - 1, error);
    }
  },
  *edits(text, path, value) {
    const before: unknown = parseForPatch(text);
    if (value !== undefined && valueAt(before, path) === undefined) yield appended(text, path, value);
    yield patch(text, withValueAt(before, path, value));
  },
};

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

/** What JSONC, TOML and YAML have in common: a text holds a value, and one place of the value can be changed in the text. */
import { AnywhereError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';

/** Keys of objects, and indices of arrays. */
export type Path = readonly (string | number)[];

export interface TextFormat {
  /** Throws CLIENT_CONFIG with line and column. An empty text is undefined. */
  parse(text: string): unknown;
  /**
   * Texts in which `path` has the value; undefined removes what stands there. The best text comes first. A later one counts
   * where an earlier one does not hold the expected value.
   */
  edits(text: string, path: Path, value: unknown): Iterable<string>;
}

/** The value with another value at `path`. Objects on the way are made; undefined removes. */
export function withValueAt(whole: unknown, path: Path, value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (typeof key === 'number') {
    const items: unknown[] = Array.isArray(whole) ? [...(whole as unknown[])] : [];
    if (rest.length === 0 && value === undefined) items.splice(key, 1);
    else items[key] = withValueAt(items[key], rest, value);
    return items;
  }
  const object = { ...(isRecord(whole) ? whole : {}) };
  if (rest.length === 0 && value === undefined) Reflect.deleteProperty(object, key);
  else object[key] = withValueAt(object[key], rest, value);
  return object;
}

/** Parsers differ in the prototypes of their objects, which count for nothing here. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  if (one instanceof Date && other instanceof Date) return one.toISOString() === other.toISOString();
  if (!isRecord(one) || !isRecord(other)) return Object.is(one, other);
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]))
  );
}

export function lineEnding(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n';
}

/** Without the parser's own error, which quotes the file. */
export function invalidText(format: string, text: string, offset: number): AnywhereError {
  const lines = text.slice(0, offset).split('\n');
  const column = (lines.at(-1)?.length ?? 0) + 1;
  return new AnywhereError('CLIENT_CONFIG', `not valid ${format} at line ${lines.length}, column ${column}`);
}

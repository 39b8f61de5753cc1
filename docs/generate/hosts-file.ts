/** The keys of the hosts file, from its JSON Schema. */
import { isRecord } from '../../src/base/record.ts';
import { hostsFileJsonSchema } from '../../src/config/schema.ts';
import { code, prose, table } from './markdown.ts';

interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
}

/** Where a table begins: its name, and the key it describes. */
const PLACES: readonly (readonly [name: string, path: readonly string[]])[] = [
  ['top', []],
  ['host', ['hosts', '*']],
  ['ssh', ['hosts', '*', 'ssh']],
  ['discover', ['hosts', '*', 'discover']],
  ['server', ['hosts', '*', 'servers', '*']],
  ['tools', ['hosts', '*', 'servers', '*', 'tools']],
  ['pool', ['pools', '*']],
  ['naming', ['naming']],
  ['catalog', ['catalog']],
  ['reconnect', ['reconnect']],
  ['heartbeat', ['heartbeat']],
  ['limits', ['limits']],
];

export function keyTables(): Readonly<Record<string, () => string>> {
  return Object.fromEntries(PLACES.map(([name, path]) => [`keys.${name}`, () => keyTable(path)]));
}

/** Mappings of the schema that no table describes; `defaults` holds the keys of a host. */
export function undescribed(): readonly string[] {
  const described = new Set(PLACES.map(([, path]) => path.join('.')));
  return mappings(hostsFileJsonSchema(), []).filter((path) => !described.has(path) && !path.startsWith('defaults'));
}

function mappings(schema: Schema, path: readonly string[]): readonly string[] {
  const whole = mappingOf(schema);
  const own = whole.properties === undefined ? [] : [path.join('.')];
  const inside = Object.entries(whole.properties ?? {}).flatMap(([key, one]) => mappings(one, [...path, key]));
  const named = isRecord(whole.additionalProperties) ? mappings(whole.additionalProperties, [...path, '*']) : [];
  return [...own, ...inside, ...named];
}

function keyTable(path: readonly string[]): string {
  const rows = Object.entries(at(hostsFileJsonSchema(), path).properties ?? {}).map(([key, schema]) => {
    const [, meaning = '', otherwise = ''] = /^(.*?)(?: Left out: (.*)\.)?$/s.exec(described(schema)) ?? [];
    return [code(key), typeOf(schema), otherwise === '' ? '' : defaultOf(otherwise), prose(meaning)];
  });
  return table(['key', 'type', 'default', 'meaning'], rows);
}

function defaultOf(text: string): string {
  return /^[\w-]+$/.test(text) ? code(text) : prose(text);
}

function at(schema: Schema, path: readonly string[]): Schema {
  return path.reduce<Schema>((whole, key) => {
    const next = key === '*' ? whole.additionalProperties : whole.properties?.[key];
    if (!isRecord(next)) throw new Error(`the schema has no ${path.join('.')}`);
    return mappingOf(next);
  }, mappingOf(schema));
}

/** Of a key that takes a mapping or a simple value, such as `discover`. */
function mappingOf(schema: Schema): Schema {
  return schema.anyOf?.find(({ properties, additionalProperties }) => properties ?? additionalProperties) ?? schema;
}

/** An optional mapping can be empty: `key:` and nothing. */
function plain(schema: Schema): Schema {
  const some = (schema.anyOf ?? []).filter(({ type }) => type !== 'null');
  const [only] = some;
  if (some.length !== 1 || only === undefined) return schema;
  return { ...only, ...(schema.description === undefined ? {} : { description: schema.description }) };
}

function described(schema: Schema): string {
  return schema.description ?? plain(schema).description ?? '';
}

function typeOf(schema: Schema): string {
  const one = plain(schema);
  if (one.const !== undefined) return code(JSON.stringify(one.const));
  // A long list of names has a page of its own.
  if (one.enum !== undefined && one.enum.length > 8) return 'name';
  if (one.enum !== undefined) return one.enum.map((value) => code(String(value))).join(', ');
  if (one.anyOf !== undefined) return one.anyOf.map(typeOf).join(', or ');
  if (Array.isArray(one.type)) return 'text';
  switch (one.type) {
    case 'array':
      return `list of ${typeOf(one.items ?? {})}`;
    case 'object':
      return one.properties === undefined ? 'mapping by name' : 'mapping';
    case 'boolean':
      return '`true`, `false`';
    case 'integer':
    case 'number':
      return `number${range(one)}`;
    default:
      return 'text';
  }
}

/** The largest timer is no limit that anybody reads. */
function range({ minimum, maximum }: Schema): string {
  if (minimum === undefined) return '';
  return maximum === undefined || maximum >= 2 ** 31 - 1 ? ` from ${minimum}` : ` ${minimum}–${maximum}`;
}

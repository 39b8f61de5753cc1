/** `--arg key=value` made into a tool's arguments, typed by its inputSchema (JSON Schema 2020-12). */
import { AnywhereError } from '../base/errors.ts';
import { nearMiss } from '../config/near-miss.ts';

type Schema = Readonly<Record<string, unknown>>;
type TypeName = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null';

const HINT = `mcp-anywhere tools --json, or give them whole: --json-args '{…}'`;

/** Every mistake is reported at once, as USAGE. */
export function typedArguments(pairs: readonly string[], inputSchema: unknown, tool: string): Record<string, unknown> {
  const root = isSchema(inputSchema) ? inputSchema : {};
  const mistakes: string[] = [];
  const values = new Map<string, unknown>();
  for (const [key, texts] of grouped(pairs, mistakes)) {
    try {
      values.set(key, valueOf(key, texts, root));
    } catch (error) {
      mistakes.push(error instanceof ArgumentMistake ? error.message : String(error));
    }
  }
  mistakes.push(...missing(root, values, mistakes));
  // Not assigned one by one: a key called __proto__ must stay a key.
  if (mistakes.length === 0) return Object.fromEntries(values);
  throw new AnywhereError('USAGE', `The arguments do not fit ${tool}.`, {
    evidence: mistakes,
    hint: HINT,
  });
}

/** Throws USAGE where one is no `key=value`: that can be seen before the tool is known. */
export function assertPairs(pairs: readonly string[], tool: string): void {
  const mistakes: string[] = [];
  grouped(pairs, mistakes);
  if (mistakes.length > 0)
    throw new AnywhereError('USAGE', 'Not every --arg is key=value.', { tool, evidence: mistakes, hint: HINT });
}

/** Text of `--json-args`. */
export function jsonArguments(text: string): Record<string, unknown> {
  const value = parse(text);
  if (isSchema(value)) return { ...value };
  throw new AnywhereError('USAGE', '--json-args has to be one JSON object.', {
    hint: `--json-args '{"key": "value"}'`,
  });
}

class ArgumentMistake extends Error {}

function grouped(pairs: readonly string[], mistakes: string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const pair of pairs) {
    const cut = pair.indexOf('=');
    if (cut < 1) {
      mistakes.push(`--arg ${pair}: expected key=value`);
      continue;
    }
    const key = pair.slice(0, cut);
    groups.set(key, [...(groups.get(key) ?? []), pair.slice(cut + 1)]);
  }
  return groups;
}

function valueOf(key: string, texts: readonly string[], root: Schema): unknown {
  const schema = schemaOf(key, root);
  const types = typesOf(schema, root);
  const [text] = texts;
  if (types.has('array')) {
    const whole = texts.length === 1 && text !== undefined ? parse(text) : undefined;
    if (Array.isArray(whole)) return whole;
    if (texts.length > 1 || types.size === 1) return texts.map((each) => element(key, each, schema, root));
  }
  if (texts.length > 1 || text === undefined)
    throw new ArgumentMistake(`${key}: given ${String(texts.length)} times, takes one value`);
  return scalar(key, text, types, schema);
}

function schemaOf(key: string, root: Schema): Schema {
  const properties = isSchema(root['properties']) ? root['properties'] : {};
  const own = Object.hasOwn(properties, key) ? properties[key] : undefined;
  if (isSchema(own)) return resolved(own, root);
  if (own === true) return {};
  const rest = root['additionalProperties'];
  if (isSchema(rest)) return resolved(rest, root);
  const known = Object.keys(properties);
  if (rest === true || isSchema(root['patternProperties']) || (known.length === 0 && rest !== false)) return {};
  const near = nearMiss(key, known);
  const advice =
    near === undefined ? `it takes ${known.length === 0 ? 'none' : known.join(', ')}` : `did you mean ${near}?`;
  throw new ArgumentMistake(`${key}: the tool has no such argument; ${advice}`);
}

function element(key: string, text: string, schema: Schema, root: Schema): unknown {
  const items = isSchema(schema['items']) ? resolved(schema['items'], root) : {};
  return scalar(key, text, typesOf(items, root), items);
}

/** One value; where several types are possible, the most specific that fits. No type means: JSON, else text. */
function scalar(key: string, text: string, types: ReadonlySet<TypeName>, schema: Schema): unknown {
  const choices = Array.isArray(schema['enum']) ? schema['enum'] : undefined;
  if (choices !== undefined) return choice(key, text, choices);
  if (types.size === 0) return parse(text) ?? (text === 'null' ? null : text);
  for (const type of PREFERENCE) {
    if (!types.has(type)) continue;
    const value = READERS[type](text);
    if (value !== undefined) return value;
  }
  throw new ArgumentMistake(`${key}: expected ${[...types].join(' or ')}, got ${JSON.stringify(text)}`);
}

function choice(key: string, text: string, choices: readonly unknown[]): unknown {
  const found = choices.find((each) => (typeof each === 'string' ? each : JSON.stringify(each)) === text);
  if (found !== undefined) return found;
  throw new ArgumentMistake(
    `${key}: expected one of ${choices.map((each) => JSON.stringify(each)).join(', ')}, got ${JSON.stringify(text)}`,
  );
}

const PREFERENCE: readonly TypeName[] = ['null', 'boolean', 'integer', 'number', 'object', 'array', 'string'];

/** Undefined: the text is no such value. */
const READERS: Readonly<Record<TypeName, (text: string) => unknown>> = {
  null: (text) => (text === 'null' ? null : undefined),
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
  // An integer that a double cannot hold exactly would silently become another number.
  integer: (text) => (/^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined),
  number: (text) =>
    /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text)) ? Number(text) : undefined,
  object: (text) => {
    const value = parse(text);
    return isSchema(value) ? value : undefined;
  },
  array: (text) => {
    const value = parse(text);
    return Array.isArray(value) ? value : undefined;
  },
  string: (text) => text,
};

/** The types a schema allows, through anyOf, oneOf and const; empty: any. */
function typesOf(schema: Schema, root: Schema, depth = 0): ReadonlySet<TypeName> {
  const { type } = schema as { type?: unknown };
  if (typeof type === 'string') return new Set([type].filter(isTypeName));
  if (Array.isArray(type)) return new Set(type.filter(isTypeName));
  if ('const' in schema) return new Set([typeNameOf(schema['const'])]);
  const options = [schema['anyOf'], schema['oneOf']].find((each) => Array.isArray(each)) as unknown[] | undefined;
  if (options === undefined || depth > 8) return new Set();
  return new Set(options.filter(isSchema).flatMap((option) => [...typesOf(resolved(option, root), root, depth + 1)]));
}

function typeNameOf(value: unknown): TypeName {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  const type = typeof value;
  return isTypeName(type) ? type : 'string';
}

/** Follows local references (`#/$defs/…`), which is all that a tool's schema may use safely. */
function resolved(schema: Schema, root: Schema): Schema {
  let current = schema;
  for (let hops = 0; hops < 16; hops += 1) {
    const reference = current['$ref'];
    if (typeof reference !== 'string' || !reference.startsWith('#/')) return current;
    const target = reference
      .slice(2)
      .split('/')
      .reduce<unknown>(
        (at, step) =>
          isSchema(at) ? at[decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')] : undefined,
        root,
      );
    if (!isSchema(target)) return {};
    current = target;
  }
  return {};
}

function missing(root: Schema, values: ReadonlyMap<string, unknown>, mistakes: readonly string[]): string[] {
  const required = Array.isArray(root['required']) ? root['required'] : [];
  return required
    .filter((key): key is string => typeof key === 'string' && !values.has(key))
    .filter((key) => !mistakes.some((mistake) => mistake.startsWith(`${key}: `)))
    .map((key) => `${key}: required, and not given`);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTypeName(value: unknown): value is TypeName {
  return typeof value === 'string' && (PREFERENCE as readonly string[]).includes(value);
}

/** Undefined when it is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

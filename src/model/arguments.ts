/**
 * A tool's arguments, read from text by the tool's inputSchema (JSON Schema 2020-12). The only reader: `call --arg`
 * and the dashboard's form both use it.
 */
import { isRecord } from '../base/record.ts';

type Schema = Readonly<Record<string, unknown>>;
type TypeName = 'string' | 'number' | 'integer' | 'boolean' | 'array' | 'object' | 'null';

interface Kind {
  /** The types that the schema allows; empty: any. */
  readonly types: ReadonlySet<TypeName>;
  /** The values of `enum`; undefined where every value of the types is allowed. */
  readonly choices: readonly unknown[] | undefined;
}

export interface Parameter extends Kind {
  readonly name: string;
  readonly required: boolean;
  readonly description: string;
  /** The schema's `default`. */
  readonly preset: unknown;
  /** A text that holds bytes (`contentEncoding: base64`, JSON Schema 2020-12, validation 8.3). */
  readonly isBase64: boolean;
  /** The elements of an array. */
  readonly items: Kind;
}

export interface Parameters {
  readonly named: readonly Parameter[];
  /** Undefined: the tool takes no argument of this name. */
  readonly find: (name: string) => Parameter | undefined;
}

export function parametersOf(definition: unknown): Parameters {
  const root = recordOf(isRecord(definition) ? definition['inputSchema'] : undefined);
  const properties = recordOf(root['properties']);
  const required = new Set(listOf(root['required']).filter((name) => typeof name === 'string'));
  const parameter = (name: string, schema: unknown): Parameter =>
    parameterOf(name, resolved(schema, root), root, required.has(name));
  const property = (name: string): unknown => (Object.hasOwn(properties, name) ? properties[name] : undefined);
  const named = [...new Set([...Object.keys(properties), ...required])].map((name) => parameter(name, property(name)));
  const others = schemaOfOthers(root, named.length > 0);
  return {
    named,
    find: (name) =>
      named.find((each) => each.name === name) ?? (others === undefined ? undefined : parameter(name, others)),
  };
}

/** The schema of arguments without a name in `properties`; undefined where the tool takes no others. */
function schemaOfOthers(root: Schema, hasNames: boolean): unknown {
  const others = root['additionalProperties'];
  if (isRecord(others)) return others;
  const isOpen = others === true || isRecord(root['patternProperties']) || (!hasNames && others !== false);
  return isOpen ? {} : undefined;
}

function parameterOf(name: string, schema: Schema, root: Schema, required: boolean): Parameter {
  const description = typeof schema['description'] === 'string' ? schema['description'] : '';
  const items = kindOf(resolved(schema['items'], root), root);
  const isBase64 = schema['contentEncoding'] === 'base64';
  return { name, required, description, preset: schema['default'], isBase64, items, ...kindOf(schema, root) };
}

function kindOf(schema: Schema, root: Schema): Kind {
  const choices = listOf(schema['enum']);
  return { types: typesOf(schema, root), choices: choices.length === 0 ? undefined : choices };
}

export type Reading =
  | { readonly ok: true; readonly value: unknown }
  /** `got`: the text that fits nowhere. */
  | { readonly ok: false; readonly expected: string; readonly got: string };

/** @param texts more than one only for an array, as its elements */
export function readArgument(parameter: Parameter, texts: readonly string[]): Reading {
  const { types, items } = parameter;
  const [text = ''] = texts;
  if (types.has('array')) {
    const whole = texts.length === 1 ? parsed(text) : undefined;
    if (Array.isArray(whole)) return { ok: true, value: whole };
    if (texts.length > 1 || types.size === 1) return allOf(texts.map((each) => readValue(items, each)));
  }
  if (texts.length !== 1) return { ok: false, expected: 'one value', got: texts.join(' ') };
  return readValue(parameter, text);
}

function allOf(readings: readonly Reading[]): Reading {
  const wrong = readings.find((reading) => !reading.ok);
  return wrong ?? { ok: true, value: readings.flatMap((reading) => (reading.ok ? [reading.value] : [])) };
}

/** Of several types the most specific one that fits. Without a type: JSON, else the text itself. */
function readValue({ types, choices }: Kind, text: string): Reading {
  if (choices !== undefined) {
    const found = choices.find((choice) => choiceText(choice) === text);
    if (found !== undefined) return { ok: true, value: found };
    return { ok: false, expected: `one of ${choices.map((each) => JSON.stringify(each)).join(', ')}`, got: text };
  }
  if (types.size === 0) return { ok: true, value: parsed(text) ?? (text === 'null' ? null : text) };
  for (const type of PREFERENCE) {
    const value = types.has(type) ? READERS[type](text) : undefined;
    if (value !== undefined) return { ok: true, value };
  }
  return { ok: false, expected: [...types].join(' or '), got: text };
}

/** A choice as it is typed: a string as it is, everything else as JSON. */
export function choiceText(choice: unknown): string {
  return typeof choice === 'string' ? choice : JSON.stringify(choice);
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
    const value = parsed(text);
    return isRecord(value) ? value : undefined;
  },
  array: (text) => {
    const value = parsed(text);
    return Array.isArray(value) ? value : undefined;
  },
  string: (text) => text,
};

/** The types that a schema allows, through `anyOf`, `oneOf` and `const`. */
function typesOf(schema: Schema, root: Schema, depth = 0): ReadonlySet<TypeName> {
  const { type } = schema as { type?: unknown };
  if (typeof type === 'string' || Array.isArray(type)) return new Set([type].flat().filter(isTypeName));
  if ('const' in schema) return new Set([typeOf(schema['const'])]);
  const options = [schema['anyOf'], schema['oneOf']].find((each) => Array.isArray(each));
  if (options === undefined || depth > 8) return new Set();
  return new Set(listOf(options).flatMap((option) => [...typesOf(resolved(option, root), root, depth + 1)]));
}

function typeOf(value: unknown): TypeName {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  const type = typeof value;
  return isTypeName(type) ? type : 'string';
}

function isTypeName(value: unknown): value is TypeName {
  return typeof value === 'string' && (PREFERENCE as readonly string[]).includes(value);
}

/** Follows references within the schema itself (`#/$defs/…`); no other reference is safe to follow. */
function resolved(schema: unknown, root: Schema): Schema {
  let current = recordOf(schema);
  for (let hops = 0; hops < 16; hops += 1) {
    const reference = current['$ref'];
    if (typeof reference !== 'string' || !reference.startsWith('#/')) return current;
    const steps = reference.slice(2).split('/').map(unescaped);
    current = recordOf(steps.reduce<unknown>((at, step) => (isRecord(at) ? at[step] : undefined), root));
  }
  return {};
}

/** A step of a JSON Pointer in a URI fragment (RFC 6901, section 6). */
function unescaped(step: string): string {
  const text = step.replaceAll('~1', '/').replaceAll('~0', '~');
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Undefined: no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown): Schema {
  return isRecord(value) ? value : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/**
 * Checks the schemas of a tool definition. Clients on the official SDK compile every outputSchema while they list (ajv,
 * draft-07), and reject the whole merged list for one bad schema. `mending.ts` mends what it can; other tools are
 * withheld and reported.
 */
import { shortened } from '../base/harmless.ts';
import { isRecord } from '../base/record.ts';

/** Why the tool must be withheld, as a sentence; undefined for a good tool. */
export function toolProblem(tool: unknown): string | undefined {
  if (!isRecord(tool)) return 'its definition is not an object';
  return inputProblem(tool['inputSchema']) ?? outputProblem(tool['outputSchema']);
}

export function inputProblem(schema: unknown): string | undefined {
  return objectSchemaProblem('inputSchema', schema);
}

export function outputProblem(schema: unknown): string | undefined {
  if (schema === undefined) return undefined;
  return objectSchemaProblem('outputSchema', schema) ?? keywordProblem('outputSchema', schema) ?? nameProblem(schema);
}

/** MCP schema: inputSchema and outputSchema are `{ type: "object", properties?: { [key]: object }, required?: string[] }`. */
function objectSchemaProblem(where: string, schema: unknown): string | undefined {
  if (!isRecord(schema)) return `its ${where} is ${schema === undefined ? 'missing' : 'not an object'}`;
  if (schema['type'] !== 'object')
    return `the type of its ${where} is ${schema['type'] === undefined ? 'missing' : shown(schema['type'])}, not "object"`;
  const properties = schema['properties'];
  if (properties !== undefined && !isRecord(properties)) return `${where}.properties is not an object`;
  const bad = Object.entries(properties ?? {}).find(([, value]) => !isRecord(value));
  if (bad !== undefined) return `${where}.properties.${bad[0]} is not an object`;
  const required = schema['required'];
  if (required !== undefined && !isTextList(required)) return `${where}.required is not a list of strings`;
  return undefined;
}

const LONGEST_SHOWN = 200;
const NAMES = new Set(['$anchor', '$dynamicAnchor']);

/** Clients follow references with recursion. */
const MOST_HOPS = 100;

/**
 * A reference that clients cannot resolve or that leads in a circle, or an `$id` or anchor that stands in two schemas, fails
 * the whole list of clients that compile output schemas.
 */
function nameProblem(value: unknown, references = new References(value), isRoot = true): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === 'object') {
      const problem = nameProblem(inner, references, false);
      if (problem !== undefined) return problem;
    }
    const why = key === '$ref' && typeof inner !== 'object' ? references.problemOf(String(inner)) : undefined;
    if (why !== undefined) return `its outputSchema refers to ${shown(inner)}, which ${why}`;
    if (typeof inner !== 'object' && (key === '$id' || (NAMES.has(key) && !isRoot)))
      return `its outputSchema has the ${key} ${shown(inner)}, which clients could mistake for another tool's`;
  }
  return undefined;
}

/** The references of one schema, each followed once. */
class References {
  readonly #root: unknown;
  /** They end at a schema. */
  readonly #good = new Set<string>();

  constructor(root: unknown) {
    this.#root = root;
  }

  problemOf(reference: string): string | undefined {
    const hops = new Set<string>();
    let next: unknown = reference;
    while (typeof next === 'string' && !this.#good.has(next)) {
      if (hops.has(next)) return 'leads back to itself';
      if (hops.size === MOST_HOPS) return `leads through more than ${MOST_HOPS} other references`;
      hops.add(next);
      const target = this.#target(next);
      if (typeof target !== 'boolean' && !isRecord(target)) return 'clients cannot find';
      next = isRecord(target) ? target['$ref'] : undefined;
    }
    for (const hop of hops) this.#good.add(hop);
    return undefined;
  }

  /** RFC 6901, in the fragment of a URI. */
  #target(reference: string): unknown {
    if (reference === '#') return this.#root;
    if (!reference.startsWith('#/')) return undefined;
    const keys = reference.slice(2).split('/').map(unescaped);
    return keys.reduce<unknown>((at, key) => (at as Record<string, unknown> | null | undefined)?.[key], this.#root);
  }
}

function unescaped(key: string): string {
  return decodedOr(key).replaceAll('~1', '/').replaceAll('~0', '~');
}

function decodedOr(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** As JSON, cut where long: a reason stands in the status. */
function shown(value: unknown): string {
  return shortened(JSON.stringify(value), LONGEST_SHOWN);
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** Why clients cannot compile the schema, as a sentence that begins with `where`; undefined for a good schema. */
export function keywordProblem(where: string, schema: unknown): string | undefined {
  if (typeof schema === 'boolean') return undefined;
  if (!isRecord(schema)) return `${where} is ${shown(schema)}, not a schema`;
  for (const [keyword, value] of Object.entries(schema)) {
    const check = Object.hasOwn(CHECKS, keyword) ? CHECKS[keyword] : undefined;
    const problem = check?.(`${where}.${keyword}`, value, schema);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

type Check = (where: string, value: unknown, schema: Readonly<Record<string, unknown>>) => string | undefined;

const TYPES = new Set<unknown>(['array', 'boolean', 'integer', 'null', 'number', 'object', 'string']);

const number = kind('a number', (value) => typeof value === 'number');
const text = kind('a string', (value) => typeof value === 'string');
const list = kind('a list', Array.isArray);
const retired: Check = (where) => `${where} is not a keyword of JSON Schema any more`;

function kind(name: string, fits: (value: unknown) => boolean): Check {
  return (where, value) => (fits(value) ? undefined : `${where} is ${shown(value)}, not ${name}`);
}

const type = kind('a type of JSON Schema', (value) => [value].flat().every((one) => TYPES.has(one)));
const options = kind('a list of values', (value) => Array.isArray(value) && value.length > 0);
const pattern: Check = (where, value) =>
  text(where, value, {}) ?? (isPattern(String(value)) ? undefined : `${where} is not a regular expression`);

const nullable: Check = (where, value, schema) => {
  if (typeof value !== 'boolean') return `${where} is ${shown(value)}, not a boolean`;
  if (schema['type'] === undefined) return `${where} stands without a type`;
  return !value && [schema['type']].flat().includes('null') ? `${where} contradicts the type null` : undefined;
};

const bound: Check = (where, value, schema) =>
  text(where, value, {}) ?? (schema['format'] === undefined ? `${where} stands without a format` : undefined);

const schemas: Check = (where, value) =>
  list(where, value, {}) ??
  first(Object.entries(value as unknown[]), ([at, one]) => keywordProblem(`${where}.${at}`, one));

const items: Check = (where, value) =>
  Array.isArray(value) ? schemas(where, value, {}) : keywordProblem(where, value);

const members: Check = (where, value) =>
  isRecord(value)
    ? first(Object.entries(value), ([name, one]) => keywordProblem(`${where}.${name}`, one))
    : `${where} is not an object`;

const patterns: Check = (where, value) =>
  members(where, value, {}) ??
  first(Object.keys(value as object), (name) => pattern(`${where}: ${shown(name)}`, name, {}));

const dependencies: Check = (where, value) => {
  if (!isRecord(value)) return `${where} is not an object`;
  const schemaOnes = Object.entries(value).filter(([, one]) => !Array.isArray(one));
  return members(where, Object.fromEntries(schemaOnes), {});
};

const CHECKS: Readonly<Record<string, Check>> = {
  type,
  enum: options,
  pattern,
  nullable,
  items,
  patternProperties: patterns,
  dependencies,
  id: retired,
  uniqueItems: kind('a boolean', (value) => typeof value === 'boolean'),
  required: list,
  ...each(['$ref', 'format'], text),
  ...each(['formatMinimum', 'formatMaximum', 'formatExclusiveMinimum', 'formatExclusiveMaximum'], bound),
  ...each(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'], number),
  ...each(['minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'], number),
  ...each(['allOf', 'anyOf', 'oneOf'], schemas),
  ...each(['properties', 'definitions', '$defs'], members),
  ...each(['additionalProperties', 'additionalItems', 'not', 'if', 'then', 'else'], keywordProblem),
  ...each(['contains', 'propertyNames'], keywordProblem),
};

function each(keywords: readonly string[], check: Check): Record<string, Check> {
  return Object.fromEntries(keywords.map((keyword) => [keyword, check]));
}

function first<T>(values: readonly T[], problemOf: (value: T) => string | undefined): string | undefined {
  for (const value of values) {
    const problem = problemOf(value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source, 'u').source !== '';
  } catch {
    return false;
  }
}

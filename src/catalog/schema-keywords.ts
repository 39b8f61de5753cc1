/**
 * Whether the keywords of a JSON Schema have values of their kind. Clients on the official SDK compile every outputSchema
 * while they list (ajv, draft-07), and one keyword that ajv refuses costs them the whole list.
 */
import { isRecord } from '../base/record.ts';

/** Why clients cannot compile the schema, as a sentence that begins with `where`; undefined where they can. */
export function keywordProblem(where: string, schema: unknown): string | undefined {
  if (typeof schema === 'boolean') return undefined;
  if (!isRecord(schema)) return `${where} is ${JSON.stringify(schema)}, not a schema`;
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
  return (where, value) => (fits(value) ? undefined : `${where} is ${JSON.stringify(value)}, not ${name}`);
}

const type = kind('a type of JSON Schema', (value) => [value].flat().every((one) => TYPES.has(one)));
const options = kind('a list of values', (value) => Array.isArray(value) && value.length > 0);
const pattern: Check = (where, value) =>
  text(where, value, {}) ?? (isPattern(String(value)) ? undefined : `${where} is not a regular expression`);

const nullable: Check = (where, value, schema) => {
  if (typeof value !== 'boolean') return `${where} is ${JSON.stringify(value)}, not a boolean`;
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
  first(Object.keys(value as object), (name) => pattern(`${where}: ${JSON.stringify(name)}`, name, {}));

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

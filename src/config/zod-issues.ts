/** From zod's issues to our complaints: the one file that knows how zod reports. */
import * as z from 'zod';
import { nearMiss } from './near-miss.ts';
import { type Complaint, describeFound, type KeyPath, valueAt } from './problem.ts';

/** `root` is the checked value; complaints describe the parts of it that they concern. */
export function complaintsOf(issues: readonly z.core.$ZodIssue[], schema: z.ZodType, root: unknown): Complaint[] {
  return issues.flatMap((issue) => {
    const path = keyPath(issue.path);
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, schema));
    return [wrongValue(issue, path, valueAt(root, path))];
  });
}

/** A longer list would hide what was meant. */
const MANY_KEYS = 20;

function unknownKey(path: KeyPath, key: string, schema: z.ZodType): Complaint {
  const base = { path: [...path, key], about: 'key' as const };
  if (isLater(path, key)) {
    return {
      ...base,
      expected: 'a key that this version supports',
      found: `\`${key}\`, which this version does not support yet`,
      suggestion: 'remove the key',
    };
  }
  const known = keysAt(schema, path);
  const meant = nearMiss(key, known);
  return {
    ...base,
    expected: known.length > MANY_KEYS ? 'a known key' : `one of ${known.join(', ')}`,
    found: `the unknown key \`${key}\``,
    suggestion: meant === undefined ? adviceFor(path) : `did you mean \`${meant}\`?`,
  };
}

function adviceFor(path: KeyPath): string | undefined {
  if (path.at(-1) === 'ssh') return 'other options of ssh belong in ~/.ssh/config, or in a file named by `configFile`';
  return undefined;
}

function wrongValue(issue: z.core.$ZodIssue, path: KeyPath, value: unknown): Complaint {
  const params: unknown = issue.code === 'custom' ? issue.params : undefined;
  const found = textOf(params, 'found') ?? describeFound(value, path);
  return {
    path,
    about: 'value',
    expected: issue.message,
    found,
    suggestion: textOf(params, 'suggestion') ?? quoteAdvice(issue, value),
  };
}

/** YAML read a text as a number or a boolean. */
function quoteAdvice(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  if (issue.code === 'invalid_type' && issue.expected === 'string' && scalar)
    return `write the text in quotes: "${String(value)}"`;
  if (issue.code === 'invalid_type' && issue.expected === 'array' && typeof value === 'string')
    return 'write it as a list: [a, b]';
  return undefined;
}

function textOf(params: unknown, key: string): string | undefined {
  const value = valueAt(params, [key]);
  return typeof value === 'string' ? value : undefined;
}

function keyPath(path: readonly PropertyKey[]): KeyPath {
  return path.map((part) => (typeof part === 'number' ? part : String(part)));
}

/** The keys that the schema knows at a path. */
function keysAt(schema: z.core.$ZodType, path: KeyPath): string[] {
  const here = path.reduce<z.core.$ZodType | undefined>((current, part) => step(current, part), schema);
  const object = unwrap(here);
  return object instanceof z.ZodObject ? Object.keys(object.def.shape) : [];
}

function step(schema: z.core.$ZodType | undefined, part: string | number): z.core.$ZodType | undefined {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodObject) {
    const shape: z.core.$ZodShape = inner.def.shape;
    return Object.hasOwn(shape, part) ? shape[part] : undefined;
  }
  if (inner instanceof z.ZodRecord) return inner.valueType;
  return inner instanceof z.ZodArray ? inner.element : undefined;
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodDefault)
    return unwrap(schema.unwrap());
  return schema;
}

/**
 * Keys of the full design that this version does not act on. They are refused by name and never skipped: a skipped `policy`
 * would leave open what its author closed.
 */
const LATER: readonly { readonly level: (path: KeyPath) => boolean; readonly keys: readonly string[] }[] = [
  {
    level: (path) => path.length === 0,
    keys: ['policy', 'http', 'audit', 'approvals', 'metrics', 'balance', 'middleware'],
  },
  { level: isHostLevel, keys: ['policy', 'pool', 'limits', 'reconnect', 'heartbeat'] },
  {
    level: isServerLevel,
    keys: ['url', 'headers', 'oauth', 'discover', 'policy', 'pool', 'limits', 'envFile', 'resources', 'prompts'],
  },
];

/** Whether the key is known to the design but not built in this version. `path` leads to its mapping. */
function isLater(path: KeyPath, key: string): boolean {
  return LATER.some((entry) => entry.level(path) && entry.keys.includes(key));
}

function isHostLevel(path: KeyPath): boolean {
  return (path.length === 2 && path[0] === 'hosts') || (path.length === 1 && path[0] === 'defaults');
}

function isServerLevel(path: KeyPath): boolean {
  return path.at(-2) === 'servers' && (path.length === 4 || path.length === 3);
}

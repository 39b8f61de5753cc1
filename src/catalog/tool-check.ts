/**
 * Whether the schemas of a tool definition are what MCP allows. Clients on the official SDK reject the whole merged
 * list for one that is not. `mending.ts` mends what it can; the rest is withheld and reported on its own server.
 */
import { isRecord } from '../base/record.ts';
import { keywordProblem } from './schema-keywords.ts';

/** Why the tool must be withheld, as a sentence; undefined where it can be offered. */
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
    return `the type of its ${where} is ${schema['type'] === undefined ? 'missing' : JSON.stringify(schema['type'])}, not "object"`;
  const properties = schema['properties'];
  if (properties !== undefined && !isRecord(properties)) return `${where}.properties is not an object`;
  const bad = Object.entries(properties ?? {}).find(([, value]) => !isRecord(value));
  if (bad !== undefined) return `${where}.properties.${bad[0]} is not an object`;
  const required = schema['required'];
  if (required !== undefined && !isTextList(required)) return `${where}.required is not a list of strings`;
  return undefined;
}

const NAMES = new Set(['$anchor', '$dynamicAnchor']);

/**
 * Clients compile output schemas while listing: one that points elsewhere, or at nothing, fails their whole list, and so
 * does a name that stands in two of them.
 */
function nameProblem(value: unknown, root = value): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === 'object') {
      const problem = nameProblem(inner, root);
      if (problem !== undefined) return problem;
    } else if (key === '$ref' && !isFound(String(inner), root))
      return `its outputSchema refers to ${JSON.stringify(inner)}, which clients cannot find`;
    else if (key === '$id' || (NAMES.has(key) && value !== root))
      return `its outputSchema has the ${key} ${JSON.stringify(inner)}, which clients could mistake for another tool's`;
  }
  return undefined;
}

/** RFC 6901, in the fragment of a URI. */
function isFound(reference: string, root: unknown): boolean {
  if (reference === '#') return true;
  if (!reference.startsWith('#/')) return false;
  const keys = reference.slice(2).split('/').map(unescaped);
  const target = keys.reduce<unknown>((at, key) => (at as Record<string, unknown> | null | undefined)?.[key], root);
  return typeof target === 'boolean' || isRecord(target);
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

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

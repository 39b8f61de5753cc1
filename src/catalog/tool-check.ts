/**
 * Whether a tool definition can be offered at all. Clients on the official SDK reject the whole
 * merged list for one definition that the MCP schema does not allow, so that one is withheld and
 * reported on its own server, and all others stay.
 */
import { isRecord } from '../base/record.ts';

/** Why the tool must be withheld, as a sentence; undefined where it can be offered. */
export function toolProblem(tool: unknown): string | undefined {
  if (!isRecord(tool)) return 'its definition is not an object';
  return objectSchemaProblem('inputSchema', tool['inputSchema']) ?? outputProblem(tool['outputSchema']);
}

function outputProblem(schema: unknown): string | undefined {
  if (schema === undefined) return undefined;
  return objectSchemaProblem('outputSchema', schema) ?? remoteReferenceProblem(schema);
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

/** Clients compile output schemas while listing; one that points elsewhere fails their whole list. */
function remoteReferenceProblem(schema: unknown): string | undefined {
  const reference = findRemoteReference(schema, 0);
  return reference === undefined
    ? undefined
    : `its outputSchema refers to ${JSON.stringify(reference)}, which clients cannot load`;
}

function findRemoteReference(value: unknown, depth: number): string | undefined {
  if (typeof value !== 'object' || value === null || depth > 32) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    if (key === '$ref' && typeof inner === 'string' && /^[a-z][a-z0-9+.-]*:/iu.test(inner)) return inner;
    const found = findRemoteReference(inner, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

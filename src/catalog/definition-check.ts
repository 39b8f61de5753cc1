/**
 * Checks a definition against the MCP schema (2025-11-25). Clients on the official SDK check whole lists: one definition
 * with `"description": null` makes them reject the list.
 */
import * as z from 'zod';
import type { CollectionName } from '../protocol/methods.ts';

const text = z.string().optional();
const flag = z.boolean().optional();
const icon = z.object({
  src: z.string(),
  mimeType: text,
  sizes: z.array(z.string()).optional(),
  theme: z.enum(['light', 'dark']).optional(),
});
const named = {
  name: z.string(),
  title: text,
  description: text,
  icons: z.array(icon).optional(),
  _meta: z.record(z.string(), z.unknown()).optional(),
};

const toolAnnotations = z.object({
  title: text,
  readOnlyHint: flag,
  destructiveHint: flag,
  idempotentHint: flag,
  openWorldHint: flag,
});
const execution = z.object({ taskSupport: z.enum(['required', 'optional', 'forbidden']).optional() });
const argument = z.object({ name: z.string(), description: text, required: flag });
const annotations = z.object({
  audience: z.array(z.enum(['user', 'assistant'])).optional(),
  priority: z.number().min(0).max(1).optional(),
  lastModified: z.iso.datetime({ offset: true }).optional(),
});
const resource = { ...named, mimeType: text, annotations: annotations.optional() };

const SHAPES: Readonly<Record<CollectionName, z.ZodType>> = {
  tools: z.object({ ...named, annotations: toolAnnotations.optional(), execution: execution.optional() }),
  prompts: z.object({ ...named, arguments: z.array(argument).optional() }),
  resources: z.object({ ...resource, uri: z.string(), size: z.number().optional() }),
  resourceTemplates: z.object({ ...resource, uriTemplate: z.string() }),
};

/** The path to the first null member that clients would reject. */
export function nullMember(collection: CollectionName, definition: unknown): readonly PropertyKey[] | undefined {
  const issues = SHAPES[collection].safeParse(definition).error?.issues ?? [];
  return issues.find(({ path }) => path.length > 0 && valueOf(definition, path) === null)?.path;
}

function valueOf(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key], root);
}

/** Why clients would reject the definition, as a sentence; undefined for a good one. */
export function definitionProblem(collection: CollectionName, definition: unknown): string | undefined {
  const [issue] = SHAPES[collection].safeParse(definition).error?.issues ?? [];
  return issue === undefined
    ? undefined
    : `its member ${issue.path.join('.')} is not what MCP defines: ${issue.message}`;
}

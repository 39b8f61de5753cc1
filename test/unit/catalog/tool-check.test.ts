import {
  ListPromptsResultSchema,
  ListResourcesResultSchema,
  ListResourceTemplatesResultSchema,
  ListToolsResultSchema,
} from '@modelcontextprotocol/sdk/types.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { definitionProblem } from '../../../src/catalog/definition-check.ts';
import { toolProblem } from '../../../src/catalog/tool-check.ts';
import type { CollectionName } from '../../../src/protocol/methods.ts';
import { listingOf, tool } from './kit.ts';

describe('toolProblem', () => {
  it.each([
    [tool('ok'), undefined],
    [
      tool('ok', {
        outputSchema: { type: 'object', properties: { a: { $ref: '#/$defs/a~1b%20c' } }, $defs: { 'a/b c': {} } },
        annotations: {},
        'x-new': null,
      }),
      undefined,
    ],
    [{ name: 'a' }, 'its inputSchema is missing'],
    [{ name: 'a', inputSchema: 'object' }, 'its inputSchema is not an object'],
    [{ name: 'a', inputSchema: {} }, 'the type of its inputSchema is missing, not "object"'],
    [{ name: 'a', inputSchema: { type: ['object'] } }, 'the type of its inputSchema is ["object"], not "object"'],
    [
      { name: 'a', inputSchema: { type: 'object', properties: { p: true } } },
      'inputSchema.properties.p is not an object',
    ],
    [{ name: 'a', inputSchema: { type: 'object', properties: [] } }, 'inputSchema.properties is not an object'],
    [{ name: 'a', inputSchema: { type: 'object', required: [1] } }, 'inputSchema.required is not a list of strings'],
    [tool('a', { outputSchema: { type: 'array' } }), 'the type of its outputSchema is "array", not "object"'],
    [
      tool('a', { outputSchema: { type: 'object', properties: { a: { items: [{ $ref: 'https://x/y' }] } } } }),
      'its outputSchema refers to "https://x/y", which clients cannot find',
    ],
    [
      tool('a', { outputSchema: { type: 'object', properties: { a: { $ref: '#/$defs/none' } } } }),
      'its outputSchema refers to "#/$defs/none", which clients cannot find',
    ],
    [
      tool('a', { outputSchema: { type: 'object', properties: { a: { $ref: '#/properties/a' } } } }),
      'its outputSchema refers to "#/properties/a", which leads back to itself',
    ],
    [
      tool('a', { outputSchema: { type: 'object', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } } }),
      'its outputSchema refers to "#/$defs/b", which leads back to itself',
    ],
    [
      tool('a', { outputSchema: { type: 'object', $ref: '#' } }),
      'its outputSchema refers to "#", which leads back to itself',
    ],
    [
      tool('ok', {
        outputSchema: {
          type: 'object',
          $defs: { n: { properties: { next: { $ref: '#/$defs/n' } } }, m: { $ref: '#/$defs/n' } },
        },
      }),
      undefined,
    ],
    [null, 'its definition is not an object'],
    [[], 'its definition is not an object'],
  ])('%j: %s', (definition, problem) => {
    expect(toolProblem(definition)).toBe(problem);
  });
});

it('says which member it is, and what is wrong with it', () => {
  expect(definitionProblem('tools', tool('a', { annotations: { readOnlyHint: 'yes' } }))).toMatch(
    /^its member annotations\.readOnlyHint is not what MCP defines: .*boolean/,
  );
  expect(definitionProblem('prompts', { name: 'p', arguments: [{ name: 'x' }, {}] })).toMatch(
    /^its member arguments\.1\.name is/,
  );
  expect(definitionProblem('resources', { uri: 'u', name: 'r', _meta: { 'x-new': 1 }, 'x-new': null })).toBeUndefined();
});

/** Values that meet schemas at their edges. */
const odd = fc.constantFrom<unknown[]>(
  undefined,
  null,
  true,
  0,
  2,
  '',
  'text',
  [],
  ['x'],
  [1],
  {},
  { type: 'object' },
  { src: 'x' },
  [{ src: 'x' }],
  [{ name: 'x' }],
  [{}],
  'required',
  'user',
  ['user'],
);
const members = (names: readonly string[]): fc.Arbitrary<object> =>
  fc.dictionary(fc.constantFrom(...names), odd, { maxKeys: 3 });

const KEYS: Record<
  CollectionName,
  { readonly base: object; readonly names: readonly string[]; readonly accepts: (list: readonly unknown[]) => boolean }
> = {
  tools: {
    base: tool('t'),
    names: [
      'title',
      'description',
      'icons',
      'annotations',
      'execution',
      '_meta',
      'outputSchema',
      'inputSchema',
      'x-new',
    ],
    accepts: (tools) => ListToolsResultSchema.safeParse({ tools }).success,
  },
  prompts: {
    base: { name: 'p' },
    names: ['title', 'description', 'icons', 'arguments', '_meta', 'x-new'],
    accepts: (prompts) => ListPromptsResultSchema.safeParse({ prompts }).success,
  },
  resources: {
    base: { uri: 'u', name: 'r' },
    names: ['name', 'title', 'description', 'icons', 'mimeType', 'size', 'annotations', '_meta', 'x-new'],
    accepts: (resources) => ListResourcesResultSchema.safeParse({ resources }).success,
  },
  resourceTemplates: {
    base: { uriTemplate: 'u', name: 'r' },
    names: ['name', 'title', 'description', 'icons', 'mimeType', 'annotations', '_meta', 'x-new'],
    accepts: (resourceTemplates) => ListResourceTemplatesResultSchema.safeParse({ resourceTemplates }).success,
  },
};

describe.each(Object.keys(KEYS) as CollectionName[])('what is offered of %s', (name) => {
  const { base, names, accepts } = KEYS[name];
  const nested = fc.constantFrom('annotations', 'execution', 'inputSchema', 'icons', 'arguments').chain((key) =>
    members([
      'title',
      'readOnlyHint',
      'taskSupport',
      'type',
      'properties',
      'required',
      'src',
      'sizes',
      'theme',
      'mimeType',
      'name',
      'description',
      'audience',
      'priority',
      'lastModified',
    ]).map((value) => ({
      [key]:
        key === 'icons' || key === 'arguments'
          ? [{ src: 's', name: 'n', ...value }]
          : { ...(key === 'inputSchema' ? { type: 'object' } : {}), ...value },
    })),
  );

  it('is what the official client accepts, and all of that as it is', () => {
    fc.assert(
      fc.property(fc.oneof(members(names), nested), (more) => {
        const definition = JSON.parse(JSON.stringify({ ...base, ...more })) as object;
        const offered = listingOf({ [name]: [definition] }).items[name].map(({ bytes }) => bytes.toString());
        expect(accepts(offered.map((text) => JSON.parse(text) as unknown))).toBe(true);
        if (accepts([definition])) expect(offered).toEqual([JSON.stringify(definition)]);
      }),
      { numRuns: 1500 },
    );
  });
});

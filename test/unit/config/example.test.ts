/** The example file and the JSON Schema say the same as the program. */
import { readFileSync } from 'node:fs';
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkHostsFile } from '../../../src/config/check.ts';
import { DEFAULTS } from '../../../src/config/defaults.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import { hostsFileJsonSchema } from '../../../src/config/schema.ts';

const text = readFileSync(new URL('../../../mcp-anywhere.config.example.yaml', import.meta.url), 'utf8');
const schema = hostsFileJsonSchema();

interface Node {
  readonly properties?: Record<string, Node>;
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
  readonly description?: string;
}

/** Key paths that the schema knows, with `*` for names that users choose. */
function keysOf(node: Node, path = ''): string[] {
  const named = Object.entries(node.properties ?? {}).flatMap(([key, inner]) => [
    `${path}.${key}`,
    ...keysOf(inner, `${path}.${key}`),
  ]);
  const any = typeof node.additionalProperties === 'object' ? keysOf(node.additionalProperties, `${path}.*`) : [];
  return [...named, ...any, ...(node.anyOf ?? []).flatMap((inner) => keysOf(inner, path))];
}

const KEYS = [...new Set(keysOf(schema))];

function present(value: unknown, parts: readonly string[]): boolean {
  const [first, ...rest] = parts;
  if (first === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  const map = value as Record<string, unknown>;
  return first === '*'
    ? Object.values(map).some((inner) => present(inner, rest))
    : first in map && present(map[first], rest);
}

describe('the example', () => {
  it('is valid', () => {
    const checked = checkHostsFile(Buffer.from(text), { file: '/example.yaml', homeDir: '/home/me' });
    expect('problems' in checked ? checked.problems.map(formatProblem) : []).toEqual([]);
  });

  it('shows every key', () => {
    expect(KEYS.length).toBeGreaterThan(60);
    const value: unknown = parse(text);
    // What a host can hold, `defaults` can hold: the example shows it once.
    const missing = KEYS.filter(
      (key) => !key.startsWith('.defaults.') && key !== '.$schema' && !present(value, key.split('.').slice(1)),
    );
    expect(missing).toEqual([]);
    expect(text).toContain('$schema=');
  });

  it('names the figures that hold where nothing is said', () => {
    for (const group of Object.values(DEFAULTS))
      for (const [key, figure] of Object.entries(group))
        expect(text).toMatch(new RegExp(`${key}: ${String(figure)}\\b`));
  });
});

describe('the JSON Schema', () => {
  const check = new AjvJsonSchemaValidator().getValidator(schema);

  it('accepts the example, and what the program accepts', () => {
    expect(check(parse(text))).toMatchObject({ valid: true });
    expect(check({ hosts: { h: null } })).toMatchObject({ valid: true });
  });

  it.each([
    ['an unknown key', { hosts: {}, hots: 1 }],
    ['a later key', { hosts: {}, policy: {} }],
    ['an illegal name', { hosts: { 'a.b': {} } }],
    ['a variable with a dash', { hosts: { h: { servers: { s: { command: 'x', env: { 'A-B': 'x' } } } } } }],
    ['a port out of range', { hosts: { h: { ssh: { port: 0 } } } }],
    ['no hosts', { version: 1 }],
  ])('refuses %s, as the program does', (_name, value) => {
    expect(check(value)).toMatchObject({ valid: false });
    expect(checkHostsFile(Buffer.from(JSON.stringify(value)), { file: '/x', homeDir: '/' })).toHaveProperty('problems');
  });

  it('explains every key', () => {
    const silent: string[] = [];
    const walk = (node: Node, path: string): void => {
      for (const [key, inner] of Object.entries(node.properties ?? {})) {
        if (inner.description === undefined && inner.anyOf?.every((one) => one.description === undefined) !== false)
          silent.push(`${path}.${key}`);
        walk(inner, `${path}.${key}`);
      }
      if (typeof node.additionalProperties === 'object') walk(node.additionalProperties, `${path}.*`);
      for (const inner of node.anyOf ?? []) walk(inner, path);
    };
    walk(schema, '');
    expect(silent).toEqual([]);
  });

  it('names the figures that hold where nothing is said', () => {
    const said = JSON.stringify(schema);
    for (const group of Object.values(DEFAULTS))
      for (const figure of Object.values(group)) expect(said).toContain(`Left out: ${String(figure)}`);
  });
});

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import manifest from '../../../package.json' with { type: 'json' };
import { links, pages, rootPath, serverJson, withLinks } from '../../../packaging/entry.ts';
import { CLIENTS } from '../../../src/discovery/clients.ts';
import { readEntries } from '../../../src/discovery/document.ts';
import { isOurs } from '../../../src/setup/change.ts';

const read = (name: string): string => readFileSync(join(rootPath, name), 'utf8');

/** What the registry's schema of 2025-12-11 and its own rules demand of a package like ours. */
const REGISTRY = z.strictObject({
  $schema: z.literal('https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json'),
  name: z
    .string()
    .min(3)
    .max(200)
    .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(100),
  version: z.string().regex(/^\d+\.\d+\.\d+(-[\w.]+)?$/),
  packages: z.array(
    z.strictObject({
      registryType: z.literal('npm'),
      registryBaseUrl: z.literal('https://registry.npmjs.org'),
      identifier: z.literal(manifest.name),
      version: z.literal(manifest.version),
      runtimeHint: z.literal('npx'),
      transport: z.strictObject({ type: z.literal('stdio') }),
      packageArguments: z.array(
        z.strictObject({
          type: z.literal('named'),
          name: z.string(),
          description: z.string(),
          format: z.enum(['string', 'number', 'boolean', 'filepath']),
          isRequired: z.boolean(),
        }),
      ),
    }),
  ),
});

describe('server.json', () => {
  it('is what the registry takes, and belongs to this package', () => {
    const written: unknown = JSON.parse(read('server.json'));
    expect(REGISTRY.parse(written)).toEqual(serverJson);
    expect(written).toMatchObject({ name: manifest.mcpName, version: manifest.version });
  });
});

describe('the links', () => {
  it.each(links)(
    'of $client start this version, as an entry that install knows as its own',
    ({ client, direct, web }) => {
      const { search, searchParams } = new URL(direct);
      const config = searchParams.get('config');
      const added: unknown = JSON.parse(
        config === null ? decodeURIComponent(search.slice(1)) : Buffer.from(config, 'base64').toString(),
      );
      const start = { command: 'npx', args: ['-y', `mcp-anywhere@${manifest.version}`] };
      expect(added).toEqual(config === null ? { name: 'anywhere', ...start } : start);
      expect(config === null || searchParams.get('name') === 'anywhere').toBe(true);
      expect(web).toMatch(/^https:\/\/[^ ]+$/);
      const page = new URL(web).searchParams;
      expect(page.get('url') ?? page.get('config')).toBe(config ?? direct);
      const known = CLIENTS.find(({ title }) => title === client);
      const text = JSON.stringify({ mcpServers: { anywhere: start }, servers: { anywhere: start } });
      const [found] = readEntries(known ?? { shape: 'mcpServers' }, text);
      expect(found !== undefined && isOurs(found.entry, { script: '/elsewhere/bin.js' })).toBe(true);
    },
  );

  it.each(pages.filter((page) => existsSync(join(rootPath, page))))('of %s are fresh', (page) => {
    expect(withLinks(page, read(page))).toBe(read(page));
  });

  it('go between their marks, and nowhere else', () => {
    const page = 'a\n<!-- links -->\nold\n<!-- /links -->\nb\n';
    const made = withLinks('README.md', page);
    expect(made).toMatch(/^a\n<!-- links -->\n\[Add to Cursor\]\(https:[^]*\n<!-- \/links -->\nb\n$/);
    expect(withLinks('README.md', made)).toBe(made);
    expect(withLinks('README.md', 'no block')).toBe('no block');
  });
});

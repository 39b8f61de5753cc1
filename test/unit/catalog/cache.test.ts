import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ListingCache } from '../../../src/catalog/cache.ts';
import { scratch } from '../../harness/scratch.ts';
import { listingOf, tool } from './kit.ts';

function cacheIn(folder: string): { cache: ListingCache; errors: unknown[] } {
  const errors: unknown[] = [];
  return { cache: new ListingCache(folder, (error) => errors.push(error)), errors };
}

const full = listingOf(
  {
    tools: [
      '{ "name" : "ö\\u0064d", "inputSchema":{"type":"object"},"x":1.0 }',
      tool('b'),
      { name: 'withheld', inputSchema: 1 },
      { name: 'mended' },
    ],
    prompts: [{ name: 'p' }],
    resources: [{ uri: 'u:1', name: 'r' }],
    resourceTemplates: [{ uriTemplate: 'u:{x}', name: 't' }],
  },
  {
    profile: 'roots',
    unlisted: ['prompts'],
    listedAtMs: 42,
    instructions: 'line one\nline two',
    capabilities: { tools: {} },
  },
);

/** Writes a listing, and gives the file that holds it. */
function written(folder = join(scratch(), 'catalog')): { folder: string; file: string; cache: ListingCache } {
  const { cache } = cacheIn(folder);
  cache.write('box/files', full);
  const [name = ''] = readdirSync(folder);
  return { folder, file: join(folder, name), cache };
}

describe('ListingCache', () => {
  it('gives back what was written, byte for byte, to the next run', () => {
    const { folder } = written();
    expect(cacheIn(folder).cache.read('box/files', 'f')[0]).toEqual(full);
  });

  it('keeps an empty listing apart from none', () => {
    const { cache, folder } = written();
    cache.write('box/empty', listingOf({}));
    expect(cacheIn(folder).cache.read('box/empty', 'f')[0]?.items.tools).toEqual([]);
    expect(cache.read('box/none', 'f')[0]).toBeUndefined();
  });

  it('holds a file 0600 in a folder 0700 for each server, and no drafts', () => {
    const { cache, folder, file } = written();
    cache.write('box/files', full);
    cache.write('box/../../other', full);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => !/^[0-9a-f]{24}$/.test(name))).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('keeps a listing for each profile, the latest one last, and finds what it wrote since it looked', () => {
    const { cache, folder } = written();
    const profilesOf = (one: ListingCache): (readonly [string, number])[] =>
      one.read('box/files', 'f').map(({ profile, listedAtMs }) => [profile, listedAtMs]);
    expect(profilesOf(cache)).toEqual([['roots', 42]]);
    cache.write('box/files', { ...full, profile: '', listedAtMs: 41 });
    cache.write('box/files', { ...full, profile: 'sampling', listedAtMs: 43 });
    cache.write('box/files', { ...full, profile: 'sampling', listedAtMs: 44 });
    const expected = [
      ['', 41],
      ['roots', 42],
      ['sampling', 44],
    ];
    expect([profilesOf(cache), profilesOf(cacheIn(folder).cache)]).toEqual([expected, expected]);
    cache.remove('box/files', 'roots');
    cache.remove('box/files', 'never there');
    expect([profilesOf(cache), profilesOf(cacheIn(folder).cache)]).toEqual([
      [
        ['', 41],
        ['sampling', 44],
      ],
      [
        ['', 41],
        ['sampling', 44],
      ],
    ]);
  });

  it('does not serve what another command listed', () => {
    expect(written().cache.read('box/files', 'another')[0]).toBeUndefined();
  });

  it('reads a damaged file as empty or in part, and never throws', () => {
    const { cache, file } = written();
    const bytes = readFileSync(file);
    for (let at = 0; at < bytes.length; at += 1) {
      for (const damage of [
        bytes.subarray(0, at),
        Buffer.concat([bytes.subarray(0, at), Buffer.from('}'), bytes.subarray(at + 1)]),
        Buffer.concat([bytes.subarray(0, at), Buffer.from('\n'), bytes.subarray(at)]),
      ]) {
        writeFileSync(file, damage);
        const tools = cache.read('box/files', 'f')[0]?.items.tools ?? [];
        for (const item of tools)
          expect(() => {
            JSON.parse(item.bytes.toString());
          }).not.toThrow();
      }
    }
  });

  it.each([
    ['a control byte in a text', '"x', '"x\r'],
    ['a byte that is no UTF-8', 'ö', '\u00ff'],
  ])('does not serve a definition with %s, though the file is whole', (_, good, bad) => {
    const { cache, file } = written();
    const [first = '', ...rest] = readFileSync(file, 'latin1').split('\n');
    const body = Buffer.from(rest.join('\n').replace(Buffer.from(good).toString('latin1'), bad), 'latin1');
    const { digest, ...header } = JSON.parse(Buffer.from(first, 'latin1').toString()) as Record<string, unknown>;
    expect(createHash('sha256').update(body).digest('hex')).not.toBe(digest);
    const sealed = { ...header, digest: createHash('sha256').update(body).digest('hex') };
    writeFileSync(file, Buffer.concat([Buffer.from(`${JSON.stringify(sealed)}\n`), body]));
    expect(cache.read('box/files', 'f')[0]?.items.tools.map(({ key }) => key)).toEqual(['b', 'mended']);
  });

  it.each([
    '',
    '\n',
    'null\n',
    '5\n',
    '[]\n',
    '{"format":3}\n',
    '{"format":3,"fingerprint":"f"}\n',
    '{"format":3,"fingerprint":"f","counts":null}\n',
    '\0\0\0\0',
  ])('reads %j as none', (text) => {
    const { cache, file } = written();
    writeFileSync(file, text);
    expect(cache.read('box/files', 'f')[0]).toBeUndefined();
  });

  it('does not serve a header of another shape', () => {
    const { cache, file } = written();
    const [first = '', ...rest] = readFileSync(file, 'utf8').split('\n');
    const header = JSON.parse(first) as Record<string, unknown>;
    for (const change of [
      { problems: 5 },
      { problems: [null] },
      { problems: undefined },
      { unlisted: undefined },
      { unlisted: ['others'] },
      { instructions: 5 },
      { listedAtMs: 'x' },
      { profile: null },
      { counts: {} },
      { counts: { ...(header['counts'] as object), tools: -1 } },
      { capabilities: null },
    ]) {
      writeFileSync(file, [JSON.stringify({ ...header, ...change }), ...rest].join('\n'));
      expect([change, cache.read('box/files', 'f')[0]]).toEqual([change, undefined]);
    }
  });

  it('does not read a header that is nested too deep to be written again', () => {
    const { cache, file } = written();
    const [first = '', ...rest] = readFileSync(file, 'utf8').split('\n');
    const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
    writeFileSync(
      file,
      [first.replace('"capabilities":{"tools":{}}', `"capabilities":{"x":${deep}}`), ...rest].join('\n'),
    );
    expect(cache.read('box/files', 'f')[0]).toBeUndefined();
  });

  it('goes on without a folder that cannot be made or written', () => {
    const root = scratch();
    writeFileSync(join(root, 'file'), '');
    const blocked = cacheIn(join(root, 'file', 'catalog'));
    blocked.cache.write('box/files', full);
    expect([blocked.errors.length, blocked.cache.read('box/files', 'f')[0]]).toEqual([1, undefined]);
  });

  it('continues where the disk refuses the file', () => {
    const { folder, file } = written();
    const { cache, errors } = cacheIn(folder);
    // A folder in its place: the rename fails for everyone, root too.
    const [name = ''] = readdirSync(folder);
    chmodSync(file, 0o600);
    const other = join(scratch(), 'catalog');
    mkdirSync(join(other, name, 'in-the-way'), { recursive: true });
    const hindered = cacheIn(other);
    hindered.cache.write('box/files', full);
    expect([hindered.errors.length, readdirSync(other)]).toEqual([1, [name]]);
    expect([errors, cache.read('box/files', 'f')[0]?.listedAtMs]).toEqual([[], 42]);
  });
});

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { fingerprintOf, ListingCache } from '../../../src/catalog/cache.ts';
import { Catalog, type CatalogChange } from '../../../src/catalog/catalog.ts';
import { DEFAULTS } from '../../../src/config/defaults.ts';
import type { Plan } from '../../../src/config/plan.ts';
import type { Listed } from '../../../src/upstream/list.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { scratch } from '../../harness/scratch.ts';
import { bytesOf, type Defined, planOf, serverPlan, tool } from './kit.ts';

const server = serverPlan('box', 'files');
const other = serverPlan('box', 'other');
const HELLO = { instructions: undefined, capabilities: {}, problems: [] };

function open(
  plan: Plan = planOf([server, other]),
  folder = join(scratch(), 'catalog'),
  clock = new ManualClock(),
): { catalog: Catalog; changes: CatalogChange[]; folder: string; clock: ManualClock } {
  const catalog = new Catalog(
    plan,
    new ListingCache(folder, (error) => {
      throw error;
    }),
    clock,
  );
  const changes: CatalogChange[] = [];
  catalog.changes.on((change) => changes.push(change));
  return { catalog, changes, folder, clock };
}

const defined = (what: Defined): ReturnType<typeof bytesOf> => bytesOf(what);

describe('Catalog', () => {
  it('offers what was listed, and says what changed', () => {
    const { catalog, changes } = open();
    catalog.accept(server, defined({ tools: [tool('a')] }), '', HELLO);
    catalog.accept(server, defined({ tools: [tool('a')], prompts: [{ name: 'p' }] }), '', HELLO);
    expect([...catalog.snapshot().routes.tools.keys()]).toEqual(['box__files__a']);
    expect(changes.map(({ collections }) => [...collections])).toEqual([
      ['tools', 'prompts', 'resources', 'resourceTemplates'],
      ['prompts'],
    ]);
  });

  it('hands out snapshots that never change', () => {
    const { catalog } = open();
    const before = catalog.snapshot();
    catalog.accept(server, defined({ tools: [tool('a')] }), '', HELLO);
    expect([before.routes.tools.size, before.json.tools.toString()]).toEqual([0, '[]']);
  });

  it.each([
    ['definitionBytes', 90],
    ['definitionDepth', 3],
    ['listingBytes', 150],
    ['listingItems', 1],
  ])('withholds from an old cache what is over limits.%s', (limit, most) => {
    const first = open();
    const deep = tool('b', { _meta: { a: { b: { c: { d: {} } } } }, description: 'x'.repeat(60) });
    first.catalog.accept(server, defined({ tools: [tool('a'), deep] }), '', HELLO);
    const limits = { ...DEFAULTS.limits, [limit]: most };
    const { catalog } = open(planOf([server], { limits }), first.folder);
    expect([...catalog.snapshot().routes.tools.keys()]).toEqual(['box__files__a']);
    expect(catalog.listing(server)?.listedAtMs).toBe(0);
  });

  it('checks what an old cache says of `initialize`', () => {
    const first = open();
    const capabilities = { tools: {}, experimental: { x: true }, tasks: 'yes' };
    const words = { instructions: 'x'.repeat(300_000), capabilities, problems: [] };
    first.catalog.accept(server, defined({ tools: [tool('a')] }), '', words);
    const { catalog } = open(undefined, first.folder);
    expect(catalog.listing(server)).toMatchObject({
      capabilities: { tools: {}, experimental: {} },
      instructions: undefined,
      listedAtMs: 0,
    });
  });

  it('keeps what is known of a list that is not answered yet, and of the rest of a list that ends early', () => {
    const { catalog } = open();
    const part = (tools: readonly object[]): Listed => ({ ...defined({ tools: [...tools] }), prompts: undefined });
    catalog.accept(server, part([tool('a'), tool('b')]), '', HELLO);
    expect([catalog.isFresh(server), catalog.isListed(server, 'tools'), catalog.isListed(server)]).toEqual([
      true,
      true,
      false,
    ]);
    catalog.accept(server, defined({ tools: [tool('a'), tool('b')], prompts: [{ name: 'p' }] }), '', HELLO);
    const cutShort = new Map([['tools' as const, new AnywhereError('SERVER_PROTOCOL', 'boom')]]);
    catalog.accept(server, { ...part([tool('c'), tool('a')]), cutShort }, '', HELLO);
    const { routes } = catalog.snapshot();
    expect([...routes.tools.values()].map(({ original }) => original)).toEqual(['c', 'a', 'b']);
    expect([routes.prompts.size, catalog.isListed(server)]).toEqual([1, true]);
  });

  it('offers at the start of a run what was listed in the last one, and knows it is not fresh', () => {
    const first = open();
    first.catalog.accept(server, defined({ tools: [tool('a')] }), '', HELLO);
    const second = open(undefined, first.folder);
    expect([...second.catalog.snapshot().routes.tools.keys()]).toEqual(['box__files__a']);
    expect([first.catalog.isFresh(server), second.catalog.isFresh(server)]).toEqual([true, false]);
    expect(second.catalog.snapshot().json.tools).toEqual(first.catalog.snapshot().json.tools);
  });

  it('never forgets offline, but knows when to look again', () => {
    const { catalog, clock } = open();
    expect(catalog.isStale(server)).toBe(true);
    catalog.accept(server, defined({ tools: [tool('a')] }), '', HELLO);
    clock.advance(300_000);
    expect(catalog.isStale(server)).toBe(false);
    clock.advance(1e10);
    expect([catalog.isStale(server), catalog.snapshot().routes.tools.size]).toEqual([true, 1]);
  });

  it('forgets what another command listed', () => {
    const first = open();
    first.catalog.accept(server, defined({ tools: [tool('a')] }), '', HELLO);
    const second = open(planOf([{ ...server, command: 'another' }, other]), first.folder);
    expect(second.catalog.listing(server)).toBeUndefined();
  });

  describe('of a server that lists by the capabilities of its client', () => {
    const accept = (catalog: Catalog, profile: string, ...names: string[]): void => {
      catalog.accept(server, defined({ tools: names.map((name) => tool(name)) }), profile, HELLO);
    };
    const names = (catalog: Catalog, profile?: string): string[] =>
      [...catalog.snapshot(profile).routes.tools.values()].map(({ original }) => original);

    it('gives each profile its own, one never listed the latest, and so does the next run', () => {
      const { catalog, clock, folder } = open();
      accept(catalog, 'roots', 'a', 'b');
      clock.advance(1);
      accept(catalog, '', 'a');
      clock.advance(1);
      for (const one of [catalog, open(undefined, folder).catalog]) {
        expect([names(one, 'roots'), names(one, ''), names(one, 'sampling'), names(one)]).toEqual([
          ['a', 'b'],
          ['a'],
          ['a'],
          ['a'],
        ]);
      }
      accept(catalog, 'roots', 'a', 'b');
      expect([names(catalog, 'sampling'), names(catalog, '')]).toEqual([['a', 'b'], ['a']]);
    });

    it('says what changed for that profile', () => {
      const { catalog, changes } = open();
      accept(catalog, 'roots', 'a', 'b');
      accept(catalog, '', 'a');
      accept(catalog, 'roots', 'a', 'b');
      accept(catalog, '', 'a');
      expect(changes.map(({ collections }) => collections.has('tools'))).toEqual([true, true, false, false]);
    });

    it('knows for whom to look: a profile never listed, or long ago', () => {
      const { catalog, clock } = open();
      accept(catalog, 'roots', 'a');
      expect([catalog.isStale(server, 'roots'), catalog.isStale(server, ''), catalog.isStale(server)]).toEqual([
        false,
        true,
        false,
      ]);
      clock.advance(1e10);
      accept(catalog, '', 'a');
      expect([catalog.isStale(server, 'roots'), catalog.isStale(server, ''), catalog.isStale(server)]).toEqual([
        true,
        false,
        false,
      ]);
    });

    it('merges once for all profiles that are given the same', () => {
      const { catalog } = open();
      accept(catalog, 'roots', 'a');
      expect([catalog.snapshot('roots') === catalog.snapshot(), catalog.snapshot('') === catalog.snapshot()]).toEqual([
        true,
        true,
      ]);
      accept(catalog, '', 'b');
      expect([catalog.snapshot('') === catalog.snapshot(), catalog.snapshot('roots') === catalog.snapshot()]).toEqual([
        true,
        false,
      ]);
    });

    it('holds one for all where the server is shared', () => {
      const shared = { ...server, sharing: 'shared' as const };
      const { catalog } = open(planOf([shared]));
      catalog.accept(shared, defined({ tools: [tool('a')] }), '', HELLO);
      expect([catalog.isStale(shared, 'roots'), names(catalog, 'roots')]).toEqual([false, ['a']]);
    });

    it('forgets the oldest of very many profiles, on disk too', () => {
      const { catalog, clock, folder } = open();
      for (let count = 0; count < 20; count += 1) {
        accept(catalog, `x${count}`, `t${count}`);
        clock.advance(1);
      }
      expect([names(catalog, 'x3'), names(catalog, 'x4'), names(catalog, 'x19')]).toEqual([['t19'], ['t4'], ['t19']]);
      expect(readdirSync(folder)).toHaveLength(16);
    });
  });

  it('still offers what it took where the disk does not take it', () => {
    const clock = new ManualClock();
    const errors: unknown[] = [];
    const catalog = new Catalog(
      planOf([server]),
      new ListingCache('/dev/null/catalog', (error) => errors.push(error)),
      clock,
    );
    catalog.accept(server, defined({ tools: [tool('a')] }), '', HELLO);
    expect([catalog.snapshot().routes.tools.size, errors.length]).toEqual([1, 1]);
  });
});

describe('fingerprintOf', () => {
  const host = planOf([server]).hosts[0];
  if (host === undefined) throw new Error('no host');
  const of = (change: object, hostChange: object = {}): string =>
    fingerprintOf({ ...host, ...hostChange }, { ...server, ...change });
  const ssh = { alias: 'box', host: undefined, user: undefined, port: undefined, subsystem: undefined };

  it('is another one for another program, place or machine', () => {
    const all = [
      of({}),
      of({ command: 'x' }),
      of({ args: [{ pieces: ['x'] }] }),
      of({ args: [{ pieces: [{ kind: 'env', name: 'x' }] }] }),
      of({ env: new Map([['A', { pieces: ['x'] }]]) }),
      of({ cwd: '/x' }),
      of({}, { ssh }),
      of({}, { ssh: { ...ssh, port: 2 } }),
      of({}, { ssh: { ...ssh, user: 'u' } }),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('does not depend on filters, patience or tags', () => {
    expect(of({ timeoutMs: 1, tools: { allow: ['x'], deny: [], rename: new Map() } }, { tags: ['t'] })).toBe(of({}));
  });
});

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ListingCache } from '../../../src/catalog/cache.ts';
import { Catalog, type CatalogChange } from '../../../src/catalog/catalog.ts';
import { fingerprintOf } from '../../../src/catalog/fingerprint.ts';
import type { Plan } from '../../../src/config/plan.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { scratch } from '../../harness/scratch.ts';
import { bytesOf, type Defined, planOf, serverPlan, tool } from './kit.ts';

const server = serverPlan('box', 'files');
const other = serverPlan('box', 'other');
const HELLO = { instructions: undefined, capabilities: {} };

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
    expect([...catalog.snapshot.routes.tools.keys()]).toEqual(['box__files__a']);
    expect(changes.map(({ collections }) => [...collections])).toEqual([
      ['tools', 'prompts', 'resources', 'resourceTemplates'],
      ['prompts'],
    ]);
  });

  it('hands out snapshots that never change', () => {
    const { catalog } = open();
    const before = catalog.snapshot;
    catalog.accept(server, defined({ tools: [tool('a')] }), '', HELLO);
    expect([before.routes.tools.size, before.json.tools.toString()]).toEqual([0, '[]']);
  });

  it('offers at the start of a run what was listed in the last one, and knows it is not fresh', () => {
    const first = open();
    first.catalog.accept(server, defined({ tools: [tool('a')] }), '', HELLO);
    const second = open(undefined, first.folder);
    expect([...second.catalog.snapshot.routes.tools.keys()]).toEqual(['box__files__a']);
    expect([first.catalog.isFresh(server), second.catalog.isFresh(server)]).toEqual([true, false]);
    expect(second.catalog.snapshot.json.tools).toEqual(first.catalog.snapshot.json.tools);
  });

  it('never forgets offline, but knows when to look again', () => {
    const { catalog, clock } = open();
    expect(catalog.isStale(server)).toBe(true);
    catalog.accept(server, defined({ tools: [tool('a')] }), '', HELLO);
    clock.advance(300_000);
    expect(catalog.isStale(server)).toBe(false);
    clock.advance(1e10);
    expect([catalog.isStale(server), catalog.snapshot.routes.tools.size]).toEqual([true, 1]);
  });

  it('forgets what another command listed', () => {
    const first = open();
    first.catalog.accept(server, defined({ tools: [tool('a')] }), '', HELLO);
    const second = open(planOf([{ ...server, command: 'another' }, other]), first.folder);
    expect(second.catalog.listing(server)).toBeUndefined();
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
    expect([catalog.snapshot.routes.tools.size, errors.length]).toEqual([1, 1]);
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

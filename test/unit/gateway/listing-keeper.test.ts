import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { Scope } from '../../../src/base/scope.ts';
import { ListingCache } from '../../../src/catalog/cache.ts';
import { Catalog } from '../../../src/catalog/catalog.ts';
import { ListingKeeper } from '../../../src/gateway/listing-keeper.ts';
import type { InstanceOwner } from '../../../src/upstream/instance.ts';
import { ServerUnit } from '../../../src/upstream/unit.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { scratch } from '../../harness/scratch.ts';
import { ScriptedLink, UP } from '../calls/kit.ts';
import { planOf, serverPlan } from '../catalog/kit.ts';
import { settled } from '../protocol/kit.ts';
import { HELLO } from '../upstream/kit.ts';

const client = (): InstanceOwner => ({
  clientInfo: '{}',
  capabilities: '{"roots":{}}',
  protocolVersion: '2025-11-25',
  serverRequest: () => undefined,
  serverNotification: () => undefined,
  instanceReady: () => undefined,
  instanceEnded: () => undefined,
});

function keeperKit() {
  const clock = new ManualClock();
  const server = serverPlan('box', 'files');
  const link = new ScriptedLink();
  const problems: AnywhereError[] = [];
  const scope = new Scope((error) => {
    throw error;
  });
  const unit = new ServerUnit(server, link, client(), {
    clock,
    scope,
    maxMessageBytes: 1 << 20,
    random: () => 0.999,
    redact: (line) => line,
    onLine: () => undefined,
    resolveLaunch: () => Promise.resolve({ command: 'x', args: [], env: new Map(), cwd: undefined }),
  });
  const catalog = new Catalog(planOf([server]), new ListingCache(join(scratch(), 'c'), () => undefined), clock);
  const keeper = new ListingKeeper({
    clock,
    random: () => 0.999,
    scope,
    catalog,
    units: () => [unit],
    onProblem: (_unit, error) => problems.push(error),
  });
  const channel = () => {
    const last = link.channels.at(-1);
    if (last === undefined) throw new Error('nothing was started');
    return last;
  };
  /** The server that was started comes up and lists these tools. */
  const lists = async (...names: string[]): Promise<void> => {
    await settled();
    await channel().say({ id: 1, result: HELLO });
    await channel().say({ id: 2, result: { tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })) } });
  };
  return { clock, server, link, unit, catalog, keeper, scope, problems, lists, channel };
}

describe('ListingKeeper', () => {
  it('starts what was never listed as soon as its host is up, and lists it once', async () => {
    const { keeper, link, catalog, server, lists } = keeperKit();
    keeper.want(client());
    expect(link.channels).toHaveLength(0);
    link.become(UP);
    await lists('a');
    expect([...catalog.snapshot().routes.tools.keys(), catalog.listing(server)?.profile]).toEqual([
      'box__files__a',
      'roots',
    ]);
    keeper.want(client());
    link.become(UP);
    await settled();
    expect(link.channels).toHaveLength(1);
  });

  it('goes on for the second client where the first one leaves', async () => {
    const { keeper, link, unit, lists } = keeperKit();
    const [first, second] = [client(), client()];
    keeper.want(first);
    keeper.want(second);
    keeper.forget(first);
    link.become(UP);
    await lists('a');
    expect([unit.current(first), unit.current(second)?.isLive]).toEqual([undefined, true]);
  });

  it('starts for the second client what the first one was waiting for when it left', async () => {
    const { keeper, link, unit, lists, catalog } = keeperKit();
    const [first, second] = [client(), client()];
    link.become(UP);
    keeper.want(first);
    keeper.want(second);
    await settled();
    keeper.forget(first);
    unit.release(first);
    await lists('a');
    expect([link.channels.length, catalog.snapshot().routes.tools.size]).toEqual([2, 1]);
  });

  it('starts nothing for those who left', async () => {
    const { keeper, link } = keeperKit();
    const gone = client();
    keeper.want(gone);
    keeper.forget(gone);
    link.become(UP);
    await settled();
    expect(link.channels).toHaveLength(0);
  });

  it('starts for a client of another profile what was listed for the first alone, and once only for its like', async () => {
    const { keeper, link, catalog, server, lists, clock } = keeperKit();
    const plain = (): InstanceOwner => ({ ...client(), capabilities: '{}' });
    link.become(UP);
    keeper.want(client(), 'roots');
    keeper.want(client(), 'roots');
    keeper.want(plain(), '');
    keeper.want(plain(), '');
    await lists('a', 'b');
    await settled();
    expect([link.channels.length, catalog.isStale(server, '')]).toEqual([2, true]);
    await link.channels[1]?.say({ id: 1, result: HELLO });
    clock.advance(50);
    await settled();
    await link.channels[1]?.say({ id: 2, result: { tools: [{ name: 'a', inputSchema: { type: 'object' } }] } });
    link.become(UP);
    await settled();
    const counts = ['roots', ''].map((profile) => catalog.snapshot(profile).routes.tools.size);
    expect([link.channels.length, counts]).toEqual([2, [2, 1]]);
  });

  it('starts nothing for whom any listing will do', async () => {
    const { keeper, link, lists } = keeperKit();
    link.become(UP);
    keeper.want(client(), 'roots');
    await lists('a');
    keeper.want({ ...client(), capabilities: '{}' });
    await settled();
    expect(link.channels).toHaveLength(1);
  });

  it('tries again and again, ever more slowly, where a server does not come up', async () => {
    const { keeper, link, clock, channel, catalog, lists } = keeperKit();
    keeper.want(client());
    link.become(UP);
    for (const [starts, delayMs] of [
      [1, 1000],
      [2, 2000],
      [3, 4000],
    ] as const) {
      await settled();
      expect(link.channels).toHaveLength(starts);
      channel().end({ kind: 'exited', code: 1, signal: undefined });
      await settled();
      clock.advance(delayMs - 10);
      expect(link.channels).toHaveLength(starts);
      clock.advance(10);
    }
    await lists('a');
    expect(catalog.snapshot().routes.tools.size).toBe(1);
  });

  it('asks a server once that announces many changes', async () => {
    const { keeper, link, clock, channel, unit, catalog, lists } = keeperKit();
    const owner = client();
    keeper.want(owner);
    link.become(UP);
    await lists('a');
    const instance = unit.current(owner);
    for (let count = 0; count < 5; count += 1) if (instance !== undefined) keeper.relist(instance);
    clock.advance(50);
    await settled();
    expect((await channel().written()).filter(({ method }) => method === 'tools/list')).toHaveLength(2);
    await channel().say({ id: 3, result: { tools: [] } });
    expect(catalog.snapshot().routes.tools.size).toBe(0);
  });

  it('keeps what was listed where a later listing fails, and says why', async () => {
    const { keeper, link, clock, channel, unit, catalog, problems, lists } = keeperKit();
    const owner = client();
    keeper.want(owner);
    link.become(UP);
    await lists('a');
    const instance = unit.current(owner);
    if (instance !== undefined) keeper.relist(instance);
    clock.advance(50);
    await settled();
    await channel().say({ id: 3, error: { code: -32603, message: 'database is down' } });
    expect(catalog.snapshot().routes.tools.size).toBe(1);
    expect([problems.length, keeper.failure(unit)]).toEqual([
      1,
      expect.objectContaining({ code: 'SERVER_PROTOCOL', host: 'box', server: 'files' }),
    ]);
  });

  it('takes an instance that is gone, or not up yet, for one that says nothing', async () => {
    const { keeper, link, clock, unit, catalog, lists } = keeperKit();
    const owner = client();
    keeper.want(owner);
    link.become(UP);
    await settled();
    const instance = unit.current(owner);
    if (instance !== undefined) keeper.relist(instance);
    clock.advance(50);
    await settled();
    expect(catalog.isFresh(unit.plan)).toBe(false);
    await lists('a');
    instance?.close(new AnywhereError('SERVER_STOPPED', 'gone'));
    if (instance !== undefined) keeper.relist(instance);
    clock.advance(50);
    await settled();
    expect(catalog.snapshot().routes.tools.size).toBe(1);
  });

  it('knows when waiting is of no use', async () => {
    const { keeper, link, unit, lists } = keeperKit();
    const seen: boolean[] = [];
    keeper.progress.on(() => seen.push(keeper.isSettled(unit)));
    expect(keeper.isSettled(unit)).toBe(false);
    link.become({ kind: 'waiting', retryAtMs: 0, attempt: 1, cause: new AnywhereError('HOST_UNREACHABLE', 'down') });
    keeper.want(client());
    link.become(UP);
    await lists('a');
    expect([seen[0], seen.at(-1), keeper.hasSpoken(unit)]).toEqual([true, true, true]);
  });

  it('leaves no timer when it is closed', async () => {
    const { keeper, link, clock, channel, scope } = keeperKit();
    keeper.want(client());
    link.become(UP);
    await settled();
    channel().end({ kind: 'exited', code: 1, signal: undefined });
    await settled();
    expect(clock.pending).toBe(1);
    await scope.close();
    expect(clock.pending).toBe(0);
  });
});

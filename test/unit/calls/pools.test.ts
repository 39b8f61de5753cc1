import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { Scope } from '../../../src/base/scope.ts';
import { Pools, type Wanted } from '../../../src/calls/pools.ts';
import type { PooledTool, Route } from '../../../src/catalog/route.ts';
import type { PoolStrategy } from '../../../src/config/plan.ts';
import type { LinkState } from '../../../src/link/contract.ts';
import type { InstanceOwner } from '../../../src/upstream/instance.ts';
import { ServerUnit } from '../../../src/upstream/unit.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { serverPlan } from '../catalog/kit.ts';
import { ScriptedLink, UP } from './kit.ts';

const cause = new AnywhereError('HOST_UNREACHABLE', 'no route');
const IDLE: LinkState = { kind: 'idle' };
const CONNECTING: LinkState = { kind: 'connecting', sinceMs: 0, attempt: 1, lastCause: undefined };
const RETRYING: LinkState = { ...CONNECTING, attempt: 2, lastCause: cause };
const WAITING: LinkState = { kind: 'waiting', retryAtMs: 0, attempt: 1, cause };
const REFUSED: LinkState = { kind: 'refused', cause };

function owner(): InstanceOwner {
  return {
    clientInfo: '{}',
    capabilities: '{}',
    protocolVersion: '2025-11-25',
    serverRequest: () => undefined,
    serverNotification: () => undefined,
    instanceReady: () => undefined,
    instanceEnded: () => undefined,
  };
}

/** A pool of as many members as there are states: on hosts a, b, c … */
function rig(strategy: PoolStrategy, ...states: readonly LinkState[]) {
  const clock = new ManualClock();
  const client = owner();
  const links = states.map((state, index) => {
    const link = new ScriptedLink('abcdef'[index]);
    link.state = state;
    return link;
  });
  const scope = new Scope((error) => {
    throw error;
  });
  const units = links.map(
    (link) =>
      new ServerUnit(serverPlan(link.host, 's'), link, client, {
        clock,
        scope,
        random: () => 0.5,
        maxMessageBytes: 1 << 20,
        redact: (line) => line,
        onLine: () => undefined,
        resolveLaunch: () => Promise.resolve({ command: 'x', args: [], env: new Map(), cwd: undefined }),
      }),
  );
  const members = units.map(
    ({ plan: server }): Route => ({
      publicKey: 'p__t',
      server,
      original: 't',
      originalJson: '"t"',
      definition: Buffer.from('{}'),
      isMember: true,
    }),
  );
  const tool: PooledTool = {
    plan: { name: 'p', members: links.map(({ host }) => `${host}/s`), strategy, pin: false },
    members,
    isPinnable: false,
  };
  let random = 0.5;
  const pools = new Pools({
    clock,
    random: () => random,
    unit: (server) => {
      const unit = units.find(({ plan }) => plan === server);
      if (unit === undefined) throw new Error('no such unit');
      return unit;
    },
  });
  const measured = (latencies: readonly number[]): void => {
    for (const [index, route] of members.entries()) {
      pools.load(route).began();
      pools.load(route).ended(true, latencies[index], clock.monotonic());
    }
  };
  return {
    clock,
    links,
    /** Each member has answered a call, in so many ms. */
    measured,
    units,
    members,
    chance: (value: number) => {
      random = value;
    },
    choose: (wish: Partial<Wanted> = {}): string | undefined =>
      pools.choose(tool, { owner: client, failed: new Set(), ...wish })?.server.host,
  };
}

describe('the member of a call', () => {
  it.each([
    ['one that is up before one that was never tried', [IDLE, UP], 'b'],
    ['one that connects for the first time before one that is retried', [RETRYING, CONNECTING], 'b'],
    ['one that waits for its next attempt before one that was refused', [REFUSED, WAITING], 'b'],
    ['even a refused one where there is no other', [REFUSED], 'a'],
  ] as const)('is %s', (_, states, expected) => {
    expect(rig('failover', ...states).choose()).toBe(expected);
  });

  it('is another one after it failed, but none that is known to be down', () => {
    const { choose, members } = rig('failover', UP, WAITING, IDLE);
    const [first, , third] = members;
    expect(choose({ failed: new Set([first].filter((one) => one !== undefined)) })).toBe('c');
    expect(choose({ failed: new Set([first, third].filter((one) => one !== undefined)) })).toBeUndefined();
  });

  it('is on the host that is asked for, however it is there', () => {
    const { choose } = rig('failover', UP, REFUSED);
    expect(choose({ host: 'b' })).toBe('b');
    expect(choose({ host: 'z' })).toBeUndefined();
  });

  it('is none whose line is in doubt while there are others', () => {
    const { choose, links } = rig('failover', UP, UP);
    Object.defineProperty(links[0], 'isDoubtful', { value: true });
    expect(choose()).toBe('b');
  });

  it('is none that the hosts file no longer has', () => {
    const { choose, units } = rig('failover', UP, UP);
    units[0]?.retire('the test');
    expect(choose()).toBe('b');
  });

  it('stays the same for a client with sticky, and another client may have another', () => {
    const { choose, chance, links } = rig('sticky', UP, UP);
    chance(0);
    const mine = choose();
    chance(0.99);
    expect(choose()).toBe(mine);
    expect(choose({ owner: owner() })).not.toBe(mine);
    links.find(({ host }) => host === mine)?.become(WAITING);
    const next = choose();
    expect(next).not.toBe(mine);
    links.find(({ host }) => host === mine)?.become(UP);
    // What it has begun there stays there.
    expect(choose()).toBe(next);
  });

  it('is once in fifty calls the one that was slow, so that it is known when it is quick again', () => {
    const { choose, clock, measured } = rig('fastest', UP, UP);
    measured([300, 0.4]);
    clock.advance(3_000);
    const hosts = Array.from({ length: 100 }, () => choose());
    expect(hosts.flatMap((host, call) => (host === 'a' ? [call + 1] : []))).toEqual([50, 100]);
  });

  it('comes back slowly after its host was away', () => {
    const { choose, chance, clock, links } = rig('failover', UP, UP);
    expect(choose()).toBe('a');
    links[0]?.become(WAITING);
    expect(choose()).toBe('b');
    links[0]?.become({ kind: 'ready', sinceMs: clock.now(), rttMs: undefined });
    expect(choose()).toBe('b');
    chance(0.05);
    expect(choose()).toBe('a');
    chance(0.5);
    clock.advance(20_000);
    expect(choose()).toBe('a');
  });
});

/** A pool of which one member is slow for a while: what that costs, and how soon the member has its share back. */
import { describe, expect, it } from 'vitest';
import { chosen, Exploration } from '../../../src/calls/pool-choice.ts';
import { MemberLoad } from '../../../src/calls/pool-load.ts';
import type { PoolStrategy } from '../../../src/config/plan.ts';
import { randomFrom } from './kit.ts';

const ORDER = ['a/s', 'b/s', 'c/s'];
const [QUICK_MS, SLOW_MS] = [0.4, 300];
const SLOW_UNTIL_MS = 90_000;
const BACK_MS = SLOW_UNTIL_MS + 12_000;
const END_MS = BACK_MS + 12_000;

/** One call after the other, at this interval; the first member is slow at first. */
function simulate(strategy: PoolStrategy, everyMs: number): { readonly member: number; readonly atMs: number }[] {
  const random = randomFrom(7);
  const loads = ORDER.map((id) => new MemberLoad(id));
  const exploration = new Exploration();
  const calls: { member: number; atMs: number }[] = [];
  let last: string | undefined;
  for (let atMs = 0; atMs < END_MS; atMs += everyMs) {
    const contenders = loads.map((load) => load.contender(atMs, atMs));
    const found =
      exploration.member(strategy, contenders) ??
      chosen(strategy, contenders, { random, order: ORDER, last, held: undefined });
    last = found?.id;
    const member = ORDER.indexOf(last ?? '');
    const tookMs = member === 0 && atMs < SLOW_UNTIL_MS ? SLOW_MS : QUICK_MS;
    loads[member]?.began();
    loads[member]?.ended(true, tookMs, atMs + tookMs);
    calls.push({ member, atMs });
    atMs += tookMs;
  }
  return calls;
}

describe.each(['least-busy', 'fastest'] as const)('a pool (%s) with a member that is slow for a while', (strategy) => {
  it.each([20, 100, 200])(
    'gives it one call in fifty at most, and its share within 12 s (a call every %i ms)',
    (everyMs) => {
      const calls = simulate(strategy, everyMs);
      const share = (fromMs: number, toMs: number): number => {
        const some = calls.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
        return some.filter(({ member }) => member === 0).length / some.length;
      };
      const slowCalls = calls.filter(({ member, atMs }) => member === 0 && atMs < SLOW_UNTIL_MS).length;
      const all = calls.filter(({ atMs }) => atMs < SLOW_UNTIL_MS).length;
      // The first call shows that the member is slow.
      expect(slowCalls).toBeLessThanOrEqual(1 + all / 50);
      expect(share(BACK_MS, END_MS)).toBeGreaterThan(0.2);
    },
  );
});

describe('an exploration', () => {
  it('leaves alone who was never measured, was measured just now, or has a call under way', () => {
    const exploration = new Exploration();
    const one = { id: 'a', inFlight: 0, latencyMs: 1, share: 1 };
    const contenders = [
      { ...one, measuredMsAgo: undefined },
      { ...one, measuredMsAgo: 1_000 },
      { ...one, measuredMsAgo: 60_000, inFlight: 1 },
    ];
    for (let call = 0; call < 100; call += 1) expect(exploration.member('fastest', contenders)).toBeUndefined();
  });

  it.each(['round-robin', 'failover', 'sticky'] as const)('does not change what %s chooses', (strategy) => {
    const exploration = new Exploration();
    const stale = [{ id: 'a', inFlight: 0, latencyMs: 1, share: 1, measuredMsAgo: 60_000 }];
    for (let call = 0; call < 100; call += 1) expect(exploration.member(strategy, stale)).toBeUndefined();
  });
});

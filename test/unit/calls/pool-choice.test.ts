import { describe, expect, it } from 'vitest';
import { type ChoiceState, type Contender, chosen } from '../../../src/calls/pool-choice.ts';
import { MemberLoad } from '../../../src/calls/pool-load.ts';
import type { PoolStrategy } from '../../../src/config/plan.ts';

const ORDER = ['a', 'b', 'c', 'd'];

function contender(id: string, more: Partial<Contender> = {}): Contender {
  return { id, inFlight: 0, latencyMs: 10, share: 1, ...more };
}

/** Randomness that begins anew where it ends. */
function randoms(...values: readonly number[]): () => number {
  let at = -1;
  return () => {
    at = (at + 1) % values.length;
    return values[at] ?? 0;
  };
}

function choose(strategy: PoolStrategy, contenders: readonly Contender[], more: Partial<ChoiceState> = {}): string {
  const state: ChoiceState = { random: Math.random, order: ORDER, last: undefined, held: undefined, ...more };
  return chosen(strategy, contenders, state)?.id ?? 'nobody';
}

/** How often each is chosen, of a thousand. */
function shares(strategy: PoolStrategy, contenders: readonly Contender[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let call = 0; call < 1000; call += 1) {
    const id = choose(strategy, contenders);
    counts[id] = (counts[id] ?? 0) + 1;
  }
  return counts;
}

const ALL: readonly PoolStrategy[] = ['least-busy', 'round-robin', 'fastest', 'failover', 'sticky'];

describe('every strategy', () => {
  it.each(ALL)('%s chooses the only one there is, and nobody of nobody', (strategy) => {
    expect(choose(strategy, [contender('c')])).toBe('c');
    expect(choose(strategy, [])).toBe('nobody');
  });

  it.each(ALL)('%s passes over one that has just come back, mostly, but not where it is alone', (strategy) => {
    const back = contender('a', { share: 0.1 });
    expect(choose(strategy, [back, contender('b')], { random: randoms(0.5) })).toBe('b');
    expect(choose(strategy, [back], { random: randoms(0.5) })).toBe('a');
  });
});

describe('least-busy', () => {
  it('takes the better of the two it drew', () => {
    const busy = contender('a', { inFlight: 5 });
    for (let call = 0; call < 50; call += 1) expect(choose('least-busy', [busy, contender('b')])).toBe('b');
  });

  it('weighs load with latency', () => {
    const quick = contender('a', { inFlight: 4, latencyMs: 10 });
    const slow = contender('b', { inFlight: 0, latencyMs: 100 });
    expect(choose('least-busy', [quick, slow])).toBe('a');
    expect(choose('least-busy', [{ ...quick, inFlight: 20 }, slow])).toBe('b');
  });

  it('draws every pair: three of four get calls while the worst one gets none', () => {
    const counts = shares('least-busy', [
      contender('a', { inFlight: 9 }),
      ...['b', 'c', 'd'].map((id) => contender(id)),
    ]);
    expect(Object.keys(counts).toSorted()).toEqual(['b', 'c', 'd']);
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(200);
  });

  it('tries one that nobody knows, with one call at a time', () => {
    const unknown = contender('a', { latencyMs: undefined });
    expect(choose('least-busy', [unknown, contender('b')])).toBe('a');
    expect(choose('least-busy', [{ ...unknown, inFlight: 1 }, contender('b', { inFlight: 9 })])).toBe('b');
  });
});

describe('round-robin', () => {
  it('goes on behind the last one, around, and past those that are not there', () => {
    const [a, b, c, d] = ORDER.map((id) => contender(id)) as [Contender, Contender, Contender, Contender];
    expect(choose('round-robin', [a, b, c, d])).toBe('a');
    expect(choose('round-robin', [a, b, c, d], { last: 'b' })).toBe('c');
    expect(choose('round-robin', [a, b, d], { last: 'b' })).toBe('d');
    expect(choose('round-robin', [a, b, c, d], { last: 'd' })).toBe('a');
    // The last one has gone: its successor's turn is the same.
    expect(choose('round-robin', [a, d], { last: 'c' })).toBe('d');
  });
});

describe('fastest', () => {
  it('takes the lowest latency, counting what waits there already', () => {
    const [a, b] = [contender('a', { latencyMs: 5 }), contender('b', { latencyMs: 8 })];
    expect(choose('fastest', [b, a])).toBe('a');
    expect(choose('fastest', [b, { ...a, inFlight: 1 }])).toBe('b');
  });
});

describe('failover', () => {
  it('takes the first that is there, whatever its load', () => {
    expect(choose('failover', [contender('b', { inFlight: 99, latencyMs: 9999 }), contender('c')])).toBe('b');
  });
});

describe('sticky', () => {
  it('stays with the one that is held, and finds another where that has gone', () => {
    const held = contender('a', { inFlight: 99, share: 0.1 });
    expect(choose('sticky', [held, contender('b')], { held: 'a' })).toBe('a');
    expect(choose('sticky', [contender('b'), contender('c')], { held: 'a' })).toMatch(/^[bc]$/);
  });
});

describe('what is known of a member', () => {
  const MINUTE = 60_000;

  it('forgets what was measured long ago, so that a slow one is tried again', () => {
    const load = new MemberLoad('a');
    load.began();
    load.ended(true, 1000, 0);
    expect(load.contender(0, 0)).toMatchObject({ inFlight: 0, latencyMs: 1000 });
    expect(load.contender(MINUTE, 0).latencyMs).toBeLessThan(5);
  });

  it('rises at once and falls slowly', () => {
    const load = new MemberLoad('a');
    const answer = (latencyMs: number, atMs: number): number | undefined => {
      load.began();
      load.ended(true, latencyMs, atMs);
      return load.contender(atMs, 0).latencyMs;
    };
    answer(10, 0);
    expect(answer(500, 100)).toBe(500);
    expect(answer(10, 200)).toBeGreaterThan(400);
    for (let atMs = 300; atMs < MINUTE; atMs += 100) answer(10, atMs);
    expect(load.contender(MINUTE, 0).latencyMs).toBeLessThan(15);
  });

  it('does not look quick because it fails quickly', () => {
    const load = new MemberLoad('a');
    load.began();
    load.ended(false, 1, 0);
    expect(load.contender(0, 0).latencyMs).toBe(1000);
    load.began();
    load.ended(true, 20, 0);
    load.began();
    load.ended(false, 1, 0);
    expect(load.contender(0, 0).latencyMs).toBeGreaterThanOrEqual(20);
  });

  it('counts what is under way, and learns nothing from a start or a cancellation', () => {
    const load = new MemberLoad('a');
    load.began();
    load.began();
    expect(load.contender(0, 0)).toEqual({ id: 'a', inFlight: 2, latencyMs: undefined, share: 1 });
    load.ended(true, undefined, 5);
    expect(load.contender(5, 5)).toEqual({ id: 'a', inFlight: 1, latencyMs: undefined, share: 1 });
  });

  it('takes its share slowly after it came back, but not when it first comes', () => {
    const load = new MemberLoad('a');
    load.upSince(1000);
    expect(load.contender(0, 1000).share).toBe(1);
    load.upSince(1000);
    load.upSince(100_000);
    expect(load.contender(0, 100_000).share).toBeCloseTo(0.1);
    expect(load.contender(0, 115_000).share).toBeCloseTo(0.55);
    expect(load.contender(0, 130_000).share).toBe(1);
    expect(load.contender(0, 99_000).share).toBeCloseTo(0.1);
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs } from '../../../src/base/backoff.ts';

const plan = { initialMs: 250, maxMs: 30_000 };

it('doubles up to its cap, and jitters the upper half', () => {
  const range = (attempt: number): number[] => [backoffMs(plan, attempt, () => 0), backoffMs(plan, attempt, () => 1)];
  expect([1, 2, 3, 8, 100].map(range)).toEqual([
    [125, 250],
    [250, 500],
    [500, 1000],
    [15_000, 30_000],
    [15_000, 30_000],
  ]);
});

it('is never longer than its cap, and always a whole number', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
      const ms = backoffMs(plan, attempt, () => random);
      expect(Number.isInteger(ms) && ms >= 125 && ms <= 30_000).toBe(true);
    }),
  );
});

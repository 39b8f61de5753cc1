import { describe, expect, it } from 'vitest';
import { classOf, DURATION_CLASSES, middleOf, packed, quantileMs, sumOf } from '../../../src/telemetry/histogram.ts';

/** Durations from 10 µs to an hour, evenly over the decades. */
const DURATIONS = Array.from({ length: 2000 }, (_, index) => 0.01 * 1.0099 ** index);

function countsOf(durations: readonly number[]): readonly number[] {
  const counts = new Uint32Array(DURATION_CLASSES);
  for (const duration of durations) counts[classOf(duration)] = (counts[classOf(duration)] ?? 0) + 1;
  return packed(counts);
}

describe('classOf', () => {
  it('never falls while durations rise, and leaves out no class on its way', () => {
    const classes = Array.from({ length: 100_000 }, (_, index) => classOf(index / 100));
    const steps = new Set(classes.slice(1).map((one, index) => one - (classes[index] ?? 0)));
    expect([...steps].toSorted()).toEqual([0, 1]);
  });

  it('has a place for everything', () => {
    expect(classOf(-1)).toBe(0);
    expect(classOf(0)).toBe(0);
    expect(classOf(Number.POSITIVE_INFINITY)).toBe(DURATION_CLASSES - 1);
    expect(classOf(Number.NaN)).toBe(0);
  });

  it('is named by a duration at most a sixteenth away', () => {
    // Below 80 µs classes are 10 µs wide.
    for (const duration of DURATIONS.filter((one) => one >= 0.08))
      expect(Math.abs(middleOf(classOf(duration)) / duration - 1)).toBeLessThanOrEqual(1 / 16 + 1e-9);
  });
});

describe('quantileMs', () => {
  it('agrees with the sorted list', () => {
    const counts = countsOf(DURATIONS);
    for (const quantile of [0.01, 0.5, 0.95, 0.99, 1]) {
      const exact = DURATIONS[Math.ceil(DURATIONS.length * quantile) - 1] ?? 0;
      const slack = Math.max(exact / 16, 0.005) + 1e-9;
      expect(Math.abs(quantileMs(counts, quantile) - exact), String(quantile)).toBeLessThanOrEqual(slack);
    }
  });

  it('is that of one duration where there is one, and 0 where there is none', () => {
    expect(quantileMs(countsOf([12]), 0.5)).toBe(quantileMs(countsOf([12]), 0.99));
    expect(quantileMs([], 0.5)).toBe(0);
  });

  it('is the same for a sum as for all at once', () => {
    const [even, odd] = [0, 1].map((rest) => countsOf(DURATIONS.filter((_, index) => index % 2 === rest)));
    expect(sumOf(even ?? [], odd ?? [])).toEqual(countsOf(DURATIONS));
  });
});

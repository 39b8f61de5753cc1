/**
 * Durations sorted into classes that are narrow where durations are short and wide where they are long: eight
 * to each doubling, so that a class is at most an eighth of its values wide. 240 classes reach from 10 µs to 5.9 h.
 */
const UNIT_MS = 0.01;
const PER_DOUBLING_BITS = 3;
const PER_DOUBLING = 1 << PER_DOUBLING_BITS;
const MAX_UNITS = 2 ** 31 - 1;

export const DURATION_CLASSES = (31 - PER_DOUBLING_BITS + 1) * PER_DOUBLING;

/** @param durationMs durations beyond the last class count to the last class */
export function classOf(durationMs: number): number {
  const units = Math.min(MAX_UNITS, Math.max(0, durationMs / UNIT_MS)) | 0;
  if (units < PER_DOUBLING) return units;
  const shift = 31 - Math.clz32(units) - PER_DOUBLING_BITS;
  return ((shift + 1) << PER_DOUBLING_BITS) + ((units >>> shift) & (PER_DOUBLING - 1));
}

/** The middle of a class, milliseconds: at most a sixteenth away from any of its values. */
export function middleOf(durationClass: number): number {
  if (durationClass < PER_DOUBLING) return (durationClass + 0.5) * UNIT_MS;
  const width = 2 ** ((durationClass >>> PER_DOUBLING_BITS) - 1);
  const lowest = (PER_DOUBLING + (durationClass & (PER_DOUBLING - 1))) * width;
  return (lowest + width / 2) * UNIT_MS;
}

/** Classes that occur and how often, in rising order: class, count, class, count, … */
export type Counts = readonly number[];

/** @param counts by class */
export function packed(counts: Uint32Array): Counts {
  const pairs: number[] = [];
  counts.forEach((count, index) => {
    if (count > 0) pairs.push(index, count);
  });
  return pairs;
}

export function sumOf(a: Counts, b: Counts): Counts {
  const counts = new Map<number, number>();
  for (const pairs of [a, b])
    for (let at = 0; at < pairs.length; at += 2)
      counts.set(pairs[at] ?? 0, (counts.get(pairs[at] ?? 0) ?? 0) + (pairs[at + 1] ?? 0));
  return [...counts].sort(([one], [other]) => one - other).flat();
}

/**
 * The nearest-rank quantile in milliseconds; 0 where there are no durations.
 * @param quantile 0.99: the 99th percentile
 */
export function quantileMs(counts: Counts, quantile: number): number {
  let total = 0;
  for (let at = 1; at < counts.length; at += 2) total += counts[at] ?? 0;
  let left = Math.max(1, Math.ceil(total * quantile));
  for (let at = 0; at < counts.length; at += 2) {
    left -= counts[at + 1] ?? 0;
    if (left <= 0) return middleOf(counts[at] ?? 0);
  }
  return 0;
}

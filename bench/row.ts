/** What a row of the bench is, and how its two sides are compared. */
import { median } from './stats.ts';
import type { World } from './world.ts';

/** `atMost`: the ratio may not be larger; `atLeast`: not smaller. */
export type Threshold = { readonly atMost: number } | { readonly atLeast: number };

/** One compared figure. */
export interface Figure {
  readonly row: string;
  readonly what: string;
  readonly unit: string;
  /** Medians over the runs. */
  readonly ours: number;
  readonly baseline: number;
  /** What the baseline is, in a word or two. */
  readonly against: string;
  /** Median of the ratios ours / baseline of each run. */
  readonly ratio: number;
  readonly ratios: readonly number[];
  /** Undefined: for information. */
  readonly threshold: Threshold | undefined;
}

export interface Row {
  /** For `--only`. */
  readonly name: string;
  /** `runs`: how many interleaved runs. */
  run(world: World, runs: number): Promise<Figure[]>;
}

export interface Comparison {
  readonly row: string;
  readonly what: string;
  readonly unit: string;
  readonly against: string;
  readonly threshold?: Threshold;
}

/** One value of each side a run, in the order of the runs. */
export function compare(comparison: Comparison, ours: readonly number[], baseline: readonly number[]): Figure {
  const ratios = ours.map((value, run) => value / (baseline[run] ?? Number.NaN));
  return {
    ...comparison,
    threshold: comparison.threshold,
    ours: median(ours),
    baseline: median(baseline),
    ratio: median(ratios),
    ratios,
  };
}

export function holds({ ratio, threshold }: Figure): boolean | undefined {
  if (threshold === undefined) return undefined;
  return 'atMost' in threshold ? ratio <= threshold.atMost : ratio >= threshold.atLeast;
}

/** Runs both sides `runs` times, in turn who begins, so that drift of the machine hits both alike. */
export async function interleave<T>(
  runs: number,
  ours: () => Promise<T>,
  baseline: () => Promise<T>,
): Promise<{ ours: T[]; baseline: T[] }> {
  const results: { ours: T[]; baseline: T[] } = { ours: [], baseline: [] };
  for (let run = 0; run < runs; run += 1) {
    const sides = [async () => results.ours.push(await ours()), async () => results.baseline.push(await baseline())];
    for (const side of run % 2 === 0 ? sides : sides.reverse()) await side();
  }
  return results;
}

/** Measures both sides `count` times, one after the other, so that whatever the machine does hits both alike. */
export async function inTurn(
  count: number,
  ours: () => Promise<number>,
  baseline: () => Promise<number>,
): Promise<{ ours: number[]; baseline: number[] }> {
  const taken: { ours: number[]; baseline: number[] } = { ours: [], baseline: [] };
  for (let at = 0; at < count; at += 1) {
    taken.ours.push(await ours());
    taken.baseline.push(await baseline());
  }
  return taken;
}

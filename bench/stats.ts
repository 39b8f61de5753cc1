/** Few numbers out of many. */

/** The value below which the share `q` (0…1) of the sorted values lies. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

/** Of each `size` of them. */
export function medians(values: readonly number[], size: number): number[] {
  const parts = Array.from({ length: values.length / size }, (_part, index) => index * size);
  return parts.map((from) => median(values.slice(from, from + size)));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The result as people read it. */

import type { Figure, Threshold } from './row.ts';
import { holds } from './row.ts';

const HEAD = ['', 'what', 'ours', 'baseline', '', 'ratio', 'must be', 'of each run'];

export function table(figures: readonly Figure[]): string {
  const rows = [HEAD, ...figures.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

function cells(figure: Figure): string[] {
  const { what, unit, ours, baseline, against, ratio, threshold, ratios } = figure;
  return [
    mark(figure),
    what,
    `${short(ours)} ${unit}`,
    `${short(baseline)} ${unit}`,
    against,
    `${ratio.toFixed(2)} ×`,
    limit(threshold),
    ratios.map((each) => each.toFixed(2)).join(' '),
  ];
}

function mark(figure: Figure): string {
  const ok = holds(figure);
  if (ok === undefined) return '·';
  return ok ? '✓' : '✖';
}

function limit(threshold: Threshold | undefined): string {
  if (threshold === undefined) return '';
  return 'atMost' in threshold ? `≤ ${threshold.atMost}` : `≥ ${threshold.atLeast}`;
}

function short(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en');
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** `stats`: calls, errors, latencies and bytes of the last hour or day. */

import type { StatRow } from '../api/control.ts';
import type { Printed } from '../api/printed.ts';
import { durationText } from '../base/duration.ts';
import { EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import type { CliContext } from './context.ts';
import { withClient } from './session.ts';
import type { Style } from './style.ts';
import { table } from './style.ts';

export type StatsOptions = Pick<Printed['stats'], 'by' | 'window'>;

export async function runStats(context: CliContext, options: StatsOptions): Promise<ExitCode> {
  const { rows } = await withClient(context, (client) => client.request('stats', options, context.io.signal));
  if (context.globals.json) context.out.json<'stats'>({ ...options, rows });
  else
    context.out.write(
      rows.length === 0 ? `No calls in the last ${options.window}.\n` : statsText(rows, options, context.style),
    );
  return EXIT.ok;
}

/** Aligned numbers first, and the names last, because names can be long. */
export function statsText(rows: readonly StatRow[], { by }: Pick<StatsOptions, 'by'>, style: Style): string {
  const heads = ['calls', 'errors', 'p50', 'p95', 'p99', 'in', 'out'];
  const cells = rows.map(cellsOf);
  const widths = heads.map((head, column) => Math.max(head.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const aligned = (row: readonly string[]): string[] => row.map((cell, column) => cell.padStart(widths[column] ?? 0));
  const lines = rows.map(({ key, errors }, index) => {
    const row = aligned(cells[index] ?? []);
    return [
      ...row.map((cell, column) => (column === 1 && errors > 0 ? style.bad(cell) : cell)),
      style.bold(oneLine(key)),
    ];
  });
  return table([[...aligned(heads), by].map(style.dim), ...lines]);
}

function cellsOf({ calls, errors, p50Ms, p95Ms, p99Ms, bytesIn, bytesOut }: StatRow): string[] {
  return [String(calls), String(errors), ...[p50Ms, p95Ms, p99Ms].map(durationText), ...[bytesIn, bytesOut].map(size)];
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

function size(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${UNITS[power] ?? ''}`;
}

/** `stats`: calls, errors, latencies and bytes of the last hour or day. */

import type { StatRow } from '../api/control.ts';
import type { Printed } from '../api/printed.ts';
import { durationText } from '../base/duration.ts';
import { EXIT, type ExitCode } from '../base/errors.ts';
import { oneLine } from '../base/harmless.ts';
import { cut } from '../model/text.ts';
import type { CliContext } from './context.ts';
import { withClient } from './session.ts';
import type { Style } from './style.ts';
import { table, widthOf } from './style.ts';

export type StatsOptions = Pick<Printed['stats'], 'by' | 'window'>;

export async function runStats(context: CliContext, options: StatsOptions): Promise<ExitCode> {
  const { rows } = await withClient(context, (client) => client.request('stats', options, context.io.signal));
  if (context.globals.json) context.out.json<'stats'>({ ...options, rows });
  else
    context.out.write(
      rows.length === 0
        ? `No calls in the last ${options.window}.\n`
        : statsText(rows, options, context.style, widthOf(context.io)),
    );
  return EXIT.ok;
}

const HEADS = ['calls', 'errors', 'p50', 'p95', 'p99', 'in', 'out'] as const;
/** What a narrow screen leaves out first. */
const SPARE: readonly (typeof HEADS)[number][] = ['in', 'out', 'p99', 'p50', 'p95'];
/** The name of a tool keeps at least so many columns. */
const LEAST_NAME = 20;

/** Aligned numbers first, and the names last, because names can be long. @param width of the screen */
export function statsText(
  rows: readonly StatRow[],
  { by }: Pick<StatsOptions, 'by'>,
  style: Style,
  width = Number.POSITIVE_INFINITY,
): string {
  const cells = rows.map(cellsOf);
  const names = rows.map(({ key }) => oneLine(key));
  const widths = HEADS.map((head, column) => Math.max(head.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const room = width - Math.min(LEAST_NAME, Math.max(...names.map(({ length }) => length)));
  const shown = columnsIn(room, widths);
  const left = width - shown.reduce((sum, column) => sum + (widths[column] ?? 0) + 2, 0);
  const aligned = (row: readonly string[]): string[] =>
    shown.map((column) => (row[column] ?? '').padStart(widths[column] ?? 0));
  const lines = rows.map(({ errors }, index) => [
    ...aligned(cells[index] ?? []).map((cell, at) => (shown[at] === 1 && errors > 0 ? style.bad(cell) : cell)),
    style.bold(cut(names[index] ?? '', left)),
  ]);
  return table([[...aligned(HEADS), by].map(style.dim), ...lines]);
}

/** The columns that fit into `room` together. */
function columnsIn(room: number, widths: readonly number[]): readonly number[] {
  let shown = [...HEADS.keys()];
  for (const spare of SPARE) {
    if (shown.reduce((sum, column) => sum + (widths[column] ?? 0) + 2, 0) <= room) break;
    shown = shown.filter((column) => HEADS[column] !== spare);
  }
  return shown;
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

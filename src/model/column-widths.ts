/** The columns that fit a screen, each as wide as its contents. The column of text gets the rest. */
import type { Column } from './columns.ts';
import type { Item, Model } from './model.ts';
import { widthOf } from './text.ts';

export interface Placed {
  readonly column: Column;
  readonly width: number;
}

export const COLUMN_GAP = '  ';

/** Of a longer list only the items on the screen are measured. */
const MEASURED = 200;

/** A name that is cut further says nothing. */
const LEAST_NAME = 4;

/**
 * A column of a high rank goes before a name or a reason is cut too short.
 *
 * @param shown the items on the screen
 */
export function placed(
  columns: readonly Column[],
  { width, shown, model }: { readonly width: number; readonly shown: readonly Item[]; readonly model: Model },
): readonly Placed[] {
  const measured = model.items.length <= MEASURED ? model.items : shown;
  let fitting = columns.map((column): Measured => {
    const whole = contentWidth(column, measured, model);
    return { column, whole, width: Math.min(whole, column.cut ?? whole) };
  });
  while (spareOf(fitting, width) < 0 && fitting.some(({ column }) => column.rank > 0)) {
    const highest = Math.max(...fitting.map(({ column }) => column.rank));
    fitting = fitting.filter(({ column }) => column.rank !== highest);
  }
  return filling(named(cutToFit(fitting, width), width), width);
}

/** `whole`: the width of the widest content. */
interface Measured extends Placed {
  readonly whole: number;
}

function contentWidth({ title, least = 0, cell }: Column, items: readonly Item[], model: Model): number {
  return items.reduce(
    (widest, item) => Math.max(widest, widthOf(cell(item, model).text)),
    Math.max(least, widthOf(title)),
  );
}

/** Negative where the columns do not fit. */
function spareOf(columns: readonly Placed[], width: number): number {
  return columns.reduce((left, column) => left - column.width - COLUMN_GAP.length, width + COLUMN_GAP.length);
}

/** On the narrowest screens only names are left, and the longest is cut. */
function cutToFit(columns: readonly Measured[], width: number): readonly Measured[] {
  const excess = -spareOf(columns, width);
  const longest = Math.max(...columns.map((column) => column.width));
  if (excess <= 0) return columns;
  return columns.map((each) =>
    each.width === longest ? { ...each, width: Math.max(LEAST_NAME, each.width - excess) } : each,
  );
}

/** Names grow to their whole length, as far as the width allows. */
function named(columns: readonly Measured[], width: number): readonly Measured[] {
  let spare = Math.max(0, spareOf(columns, width));
  return columns.map((each) => {
    if (each.column.fills) return each;
    const more = Math.min(spare, each.whole - each.width);
    spare -= Math.max(0, more);
    return more > 0 ? { ...each, width: each.width + more } : each;
  });
}

function filling(columns: readonly Measured[], width: number): readonly Placed[] {
  const spare = Math.max(0, spareOf(columns, width));
  return columns.map((each) => (each.column.fills ? { ...each, width: each.width + spare } : each));
}

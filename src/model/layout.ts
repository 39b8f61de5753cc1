/** How many rows each part of the screen has. */

import type { Item, Model } from './model.ts';
import { wrapped } from './text.ts';

/** Below these, decoration gives way to content. */
const STRIP_FROM_ROWS = 16;

export interface Layout {
  /** A line that says who has to do something: a question waits, the daemon is gone, the hosts file is wrong. */
  readonly banner: number;
  /** The list itself, without its head. */
  readonly list: number;
  /** Facts about the selected item. */
  readonly strip: number;
}

/** Title, tabs, banner, head of the list, list, strip, foot. */
export function layoutOf(model: Model): Layout {
  const banner = hasBanner(model) ? 1 : 0;
  const strip = model.rows >= STRIP_FROM_ROWS && model.view !== 'logs' ? 2 : 0;
  return { banner, strip, list: Math.max(1, model.rows - 4 - banner - strip) };
}

export function hasBanner({ connection, world }: Model): boolean {
  return connection.kind === 'gone' || world.prompts.length > 0 || world.status?.problem !== undefined;
}

/** Rows that an overlay has for its text: title, tabs, its own title and the foot are not of them. */
export function pageRows(model: Model): number {
  return Math.max(1, model.rows - 4 - (hasBanner(model) ? 1 : 0));
}

/** Columns that a line of a page has. */
export function pageColumns({ columns }: Model): number {
  return Math.max(1, columns - 2);
}

/** Columns before the text of a log line. */
export function logIndent({ columns, logs }: Model): number {
  const place = logs.server === undefined ? (columns >= 70 ? 18 : 10) : 0;
  return (columns >= 60 ? 9 : 0) + place;
}

/** A log line as rows of the screen. */
export function logRows(model: Model, item: Item): readonly string[] {
  const text = item.kind === 'log' ? item.entry.line : '';
  return model.logs.wrap ? wrapped(text, Math.max(8, model.columns - logIndent(model))) : [text];
}

/** The first and the number of the items that fill the list when `end` is the one behind the last. */
export function logWindow(model: Model, end: number): { readonly from: number; readonly to: number } {
  const height = layoutOf(model).list;
  let from = end;
  let rows = 0;
  while (from > 0 && rows < height) {
    from -= 1;
    rows += heightOf(model, from);
  }
  let to = end;
  while (to < model.items.length && rows < height) {
    rows += heightOf(model, to);
    to += 1;
  }
  return { from, to };
}

/** `end` of the first page. */
export function firstLogEnd(model: Model): number {
  const height = layoutOf(model).list;
  let end = 0;
  let rows = 0;
  while (end < model.items.length && rows < height) {
    rows += heightOf(model, end);
    end += 1;
  }
  return end;
}

function heightOf(model: Model, index: number): number {
  const item = model.items[index];
  return item === undefined ? 0 : logRows(model, item).length;
}

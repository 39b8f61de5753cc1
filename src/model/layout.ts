/** The rows and columns of each part of the screen. */

import type { Item, Model } from './model.ts';
import { wrapped } from './text.ts';

/** A smaller screen has no strip. */
const STRIP_FROM_ROWS = 16;

export interface Layout {
  /** The list without its head. */
  readonly list: number;
  /** Facts about the selected item. */
  readonly strip: number;
}

/** Title, tabs, banner, head of the list, list, strip, foot. */
export function layoutOf(model: Model): Layout {
  const banner = hasBanner(model) ? 1 : 0;
  const strip = model.rows >= STRIP_FROM_ROWS && model.view !== 'logs' ? 2 : 0;
  return { strip, list: Math.max(1, model.rows - 4 - banner - strip) };
}

/** A line for a waiting question, a daemon that is gone, or a wrong hosts file. */
export function hasBanner({ connection, world }: Model): boolean {
  return connection.kind === 'gone' || world.prompts.length > 0 || world.status?.problem !== undefined;
}

/** The rows for the text of an overlay, without the two titles, the tabs and the foot. */
export function pageRows(model: Model): number {
  return Math.max(1, model.rows - 4 - (hasBanner(model) ? 1 : 0));
}

/** The columns of a line of a page. */
export function pageColumns({ columns }: Model): number {
  return Math.max(1, columns - 2);
}

/** The columns before the text of a log line. */
export function logIndent({ columns, logs }: Model): number {
  const place = logs.server === undefined ? (columns >= 70 ? 18 : 10) : 0;
  return (columns >= 60 ? 9 : 0) + place;
}

/** A log line as rows of the screen. */
export function logRows(model: Model, item: Item): readonly string[] {
  const text = item.kind === 'log' ? item.entry.line : '';
  return model.logs.wrap ? wrapped(text, Math.max(8, model.columns - logIndent(model))) : [text];
}

/** The range of items that fills the list, where `end` is the index behind the last shown item. */
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

/** The `end` of the first page. */
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

/** The rows and columns of each part of the screen. */

import type { Item, Model } from './model.ts';
import { wrapped } from './text.ts';

/** A smaller screen has no strip. */
const STRIP_FROM_ROWS = 16;
/** A smaller screen has no split view. */
const SPLIT_FROM = { columns: 100, rows: 25 };
/** From this width on, the pane stands beside the list. */
const BESIDE_FROM_COLUMNS = 160;
/** A short list leaves its rows to the pane below it, but keeps this many for what comes. */
const LEAST_LIST = 5;

/** The second half of a split view, with its title. */
export interface PaneLayout {
  readonly side: 'below' | 'beside';
  readonly rows: number;
  readonly columns: number;
}

export interface Layout {
  /** The list without its head. */
  readonly list: number;
  readonly listColumns: number;
  /** Facts about the selected item, where there is no pane. */
  readonly strip: number;
  readonly pane: PaneLayout | undefined;
}

/** Between a list and the pane beside it. */
export const SPLIT_LINE = ' │ ';

/** Title, tabs, banner, head of the list, list, strip or pane, foot. */
export function layoutOf(model: Model): Layout {
  const { columns } = model;
  const body = Math.max(1, model.rows - 4 - (hasBanner(model) ? 1 : 0));
  if (isSplit(model)) return splitLayout(model, body);
  const strip = model.rows >= STRIP_FROM_ROWS && model.view !== 'logs' ? 2 : 0;
  return { strip, list: Math.max(1, body - strip), listColumns: columns, pane: undefined };
}

/** Logs and statistics need the whole screen. */
function isSplit({ split, view, columns, rows }: Model): boolean {
  return split && view !== 'logs' && view !== 'stats' && columns >= SPLIT_FROM.columns && rows >= SPLIT_FROM.rows;
}

function splitLayout({ columns, total }: Model, body: number): Layout {
  if (columns >= BESIDE_FROM_COLUMNS) {
    const listColumns = Math.ceil(columns / 2);
    const pane = { side: 'beside', rows: body + 1, columns: columns - listColumns - SPLIT_LINE.length } as const;
    return { strip: 0, list: body, listColumns, pane };
  }
  // Without the filter, so that the halves stay where they are while a person types.
  const list = Math.max(LEAST_LIST, Math.min(total, Math.floor(body / 2)));
  return { strip: 0, list, listColumns: columns, pane: { side: 'below', rows: body - list, columns } };
}

/** A line for a waiting question, a daemon that is gone, or a wrong hosts file. */
export function hasBanner({ connection, world }: Model): boolean {
  return connection.kind === 'gone' || world.prompts.length > 0 || world.status?.problem !== undefined;
}

/** The first row of the list's items, counted from 0 at the top of the screen. */
export function listTop(model: Model): number {
  return hasBanner(model) ? 4 : 3;
}

/** The rows for the text of an overlay, without the two titles, the tabs and the foot. */
export function pageRows(model: Model): number {
  return Math.max(1, model.rows - 4 - (hasBanner(model) ? 1 : 0));
}

/** The columns of a line of a page. */
export function pageColumns({ columns }: Pick<Model, 'columns'>): number {
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

/** The tabs of the views: all names, or on a narrow screen only the current one. */
import type { Model } from './model.ts';
import { keyOf } from './perform.ts';
import { widthOf } from './text.ts';
import { VIEWS, type ViewName } from './view.ts';

export interface Tab {
  readonly view: ViewName;
  readonly text: string;
  readonly isCurrent: boolean;
  /** The columns of the tab: from the first to behind the last, counted from 0. */
  readonly from: number;
  readonly to: number;
}

export function tabsOf(model: Model): readonly Tab[] {
  const full = VIEWS.map(({ name, title }) => `[${keyOf(model, name)}]${title}${countOf(model, name)}`);
  const hasRoom = widthOf(full.join(' ')) <= model.columns;
  const tabs: Tab[] = [];
  for (const [at, { name, title }] of VIEWS.entries()) {
    const isCurrent = name === model.view;
    const short = isCurrent ? `[${keyOf(model, name)}]${title}` : keyOf(model, name);
    const text = hasRoom ? (full[at] ?? '') : short;
    const from = at === 0 ? 0 : (tabs.at(-1)?.to ?? 0) + 1;
    tabs.push({ view: name, text, isCurrent, from, to: from + widthOf(text) });
  }
  return tabs;
}

function countOf({ world }: Model, view: ViewName): string {
  return view === 'live' && world.calls.length > 0 ? `(${world.calls.length})` : '';
}

/** What follows from a change: the rows of the view, the place of the selection, and what has to be loaded. */
import { layoutOf } from './layout.ts';
import {
  type Effect,
  type Item,
  type ListState,
  type Loading,
  listOf,
  type Model,
  type Step,
  selectedItem,
  withList,
} from './model.ts';
import { placeOf } from './place.ts';
import { listed } from './sources.ts';
import { isSamePlace, type Place } from './world.ts';

/** Round-trip times and tool counts change without an event, ms. */
const STATUS_EVERY_MS = 5000;
/** The shortest time between two loads, ms. */
const STALE_STATUS_EVERY_MS = 1000;
const STATS_EVERY_MS = 5000;
/** The wait after a failed load, ms. */
const AGAIN_MS = 1000;

export function settled(before: Model, { model, effects }: Step): Step {
  const derived = withPlace(isSameList(before, model) ? model : { ...model, ...listed(model) });
  const loads = wanted(derived);
  const names = loads.map(({ what }) => what);
  if (names.length === 0) return { model: derived, effects };
  const asked = Object.fromEntries(names.map((what) => [what, derived.nowMs]));
  return {
    model: {
      ...derived,
      loading: new Set([...derived.loading, ...names]),
      loadedMs: { ...derived.loadedMs, ...asked },
    },
    effects: [...effects, ...loads],
  };
}

function isSameList(before: Model, after: Model): boolean {
  const [left, right] = [listOf(before), listOf(after)];
  return (
    before.view === after.view &&
    before.logs === after.logs &&
    left.filter === right.filter &&
    left.trouble === right.trouble &&
    left.sort === right.sort &&
    isSameSource(before, after) &&
    !isByAge(before, after)
  );
}

/** Which calls are shown depends on how long they have been running. */
function isByAge(before: Model, after: Model): boolean {
  const { filter, trouble } = listOf(after);
  return after.view === 'live' && (trouble || filter !== '') && before.nowMs !== after.nowMs;
}

/** Compares only what the view shows. */
function isSameSource({ world: before }: Model, { world: after, view }: Model): boolean {
  if (view === 'hosts' || view === 'servers')
    return before.status === after.status && before.activity === after.activity;
  if (view === 'tools') return before.tools === after.tools;
  if (view === 'live') return before.calls === after.calls;
  return view === 'logs' ? before.logs === after.logs : before.stats === after.stats;
}

/** The selection stays on its item, and the list scrolls no more than needed. */
function withPlace(model: Model): Model {
  if (model.view === 'logs') return withLogPlace(model);
  const { items } = model;
  const list = listOf(model);
  const found = list.selected === undefined ? -1 : indexOf(items, list);
  const index = Math.max(0, Math.min(items.length - 1, found === -1 ? list.index : found));
  const height = layoutOf(model).list;
  const lowest = Math.max(0, items.length - height);
  const top = Math.max(0, Math.min(lowest, index, Math.max(list.top, index - height + 1)));
  const selected = items[index]?.key ?? list.selected;
  if (index === list.index && top === list.top && selected === list.selected) return model;
  return withList(model, { index, top, selected });
}

/** In the log, `index` is the end of the shown lines. */
function withLogPlace(model: Model): Model {
  const list = listOf(model);
  const found = list.selected === undefined ? -1 : indexOf(model.items, { ...list, index: list.index - 1 });
  const kept = found === -1 ? list.index : found + 1;
  const index = model.logs.follow ? model.items.length : Math.min(model.items.length, Math.max(1, kept));
  const selected = model.items[index - 1]?.key;
  return index === list.index && selected === list.selected ? model : withList(model, { index, selected });
}

/** Tries the old place first, because items rarely move. */
function indexOf(items: readonly Item[], { selected, index }: Pick<ListState, 'selected' | 'index'>): number {
  return items[index]?.key === selected ? index : items.findIndex(({ key }) => key === selected);
}

type Load = Extract<Effect, { do: 'load' }>;

function wanted(model: Model): readonly Load[] {
  const { connection, paused } = model;
  if (connection.kind !== 'attached' || paused) return [];
  const place = placeAside(model);
  return [...wantedByView(model), ...(place === undefined ? [] : [{ do: 'load', what: 'aside', ...place } as const])];
}

function wantedByView(model: Model): readonly Load[] {
  const { world, view, logs, stats } = model;
  const loads: Load[] = [];
  if (isDue(model, 'snapshot', world.isStale ? STALE_STATUS_EVERY_MS : STATUS_EVERY_MS))
    loads.push({ do: 'load', what: 'snapshot' });
  if (
    view === 'tools' &&
    (world.tools === undefined || world.toolsChanged) &&
    isDue(model, 'tools', STALE_STATUS_EVERY_MS)
  )
    // Looking at tools starts no server.
    loads.push({ do: 'load', what: 'tools', start: false });
  if (view === 'logs' && world.logs === undefined && isDue(model, 'logs', AGAIN_MS))
    loads.push({ do: 'load', what: 'logs', host: logs.host, server: logs.server });
  if (view === 'stats' && isDue(model, 'stats', world.stats === undefined ? AGAIN_MS : STATS_EVERY_MS))
    loads.push({ do: 'load', what: 'stats', ...stats });
  return loads;
}

/** The place whose log the split view lacks. */
function placeAside(model: Model): Place | undefined {
  const { aside } = model.world;
  const item = layoutOf(model).pane === undefined ? undefined : selectedItem(model);
  if (item === undefined || model.loading.has('aside')) return undefined;
  const place = placeOf(item);
  return isSamePlace(aside?.of, place) ? undefined : place;
}

function isDue({ loading, loadedMs, nowMs }: Model, what: Loading, everyMs: number): boolean {
  if (loading.has(what)) return false;
  const last = loadedMs[what];
  // After the clock was set back, the load is due.
  return last === undefined || nowMs - last >= everyMs || nowMs < last;
}

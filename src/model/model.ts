/** The state of the dashboard as one value. */

import type { Explanation, StatKey, StatRow, StatWindow, ToolEntry } from '../api/control.ts';
import type { HostStatus, LiveCall, ServerStatus } from '../api/status.ts';
import type { ErrorReport } from '../base/errors.ts';
import { ACTIONS, type Action } from './actions.ts';
import type { Form } from './form.ts';
import type { Line } from './line-edit.ts';
import type { Look } from './text.ts';
import type { ViewName } from './view.ts';
import { type LogLine, noWorld, type World } from './world.ts';

export type Item = { readonly key: string } & (
  | { readonly kind: 'host'; readonly host: HostStatus }
  | { readonly kind: 'server'; readonly host: HostStatus; readonly server: ServerStatus }
  | { readonly kind: 'tool'; readonly tool: ToolEntry }
  | { readonly kind: 'call'; readonly call: LiveCall }
  | { readonly kind: 'log'; readonly entry: LogLine }
  | { readonly kind: 'stat'; readonly row: StatRow }
);

/** Filter, order and selection of one view. */
export interface ListState {
  readonly filter: string;
  /** Only items in trouble are shown. */
  readonly trouble: boolean;
  /** The index of the order. */
  readonly sort: number;
  /** The key of the selected item, which can move. Undefined: the first item. */
  readonly selected: string | undefined;
  readonly index: number;
  /** The index of the first item on the screen. */
  readonly top: number;
}

export type LogLevel = 'all' | 'warnings' | 'errors';

export interface LogOptions {
  readonly follow: boolean;
  readonly wrap: boolean;
  readonly stream: LogLine['stream'] | 'all';
  readonly level: LogLevel;
  readonly host: string | undefined;
  readonly server: string | undefined;
}

export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'attached' }
  /** `retryAtMs`: wall clock; undefined while an attempt runs. */
  | { readonly kind: 'gone'; readonly retryAtMs: number | undefined; readonly cause: ErrorReport | undefined };

/** Something over a view. The last overlay gets the keys. */
export type Overlay =
  | { readonly kind: 'help'; readonly scroll: number }
  | { readonly kind: 'details'; readonly view: ViewName; readonly key: string; readonly scroll: number }
  | {
      readonly kind: 'explanation';
      readonly subject: string;
      readonly text: Explained | undefined;
      readonly scroll: number;
    }
  | {
      readonly kind: 'confirm';
      readonly question: string;
      readonly command: string | undefined;
      readonly effect: Effect;
    }
  | { readonly kind: 'filter'; readonly line: Line; readonly before: string }
  /** `at`: the chosen one of the actions that match. */
  | { readonly kind: 'palette'; readonly line: Line; readonly at: number }
  | { readonly kind: 'form'; readonly form: Form }
  | { readonly kind: 'answer'; readonly tool: string; readonly outcome: TestCall; readonly scroll: number }
  | { readonly kind: 'prompt'; readonly id: number; readonly line: Line };

export type Explained = Pick<Explanation, 'title' | 'lines' | 'hint'>;

export type TestCall =
  | { readonly kind: 'running'; readonly sinceMs: number; readonly progress: string }
  | {
      readonly kind: 'answered';
      readonly durationMs: number;
      readonly isError: boolean;
      readonly text: readonly string[];
    }
  | { readonly kind: 'failed'; readonly report: ErrorReport };

export type Loading = 'snapshot' | 'tools' | 'logs' | 'stats' | 'aside';

/** A side effect. The reducer does not wait for it. */
export type Effect =
  | { readonly do: 'load'; readonly what: 'snapshot' }
  /** `start`: starts the servers that were not started in this run. */
  | { readonly do: 'load'; readonly what: 'tools'; readonly start: boolean }
  | {
      readonly do: 'load';
      readonly what: 'logs';
      readonly host: string | undefined;
      readonly server: string | undefined;
    }
  | { readonly do: 'load'; readonly what: 'stats'; readonly window: StatWindow; readonly by: StatKey }
  /** The log of the selected line, for the split view. */
  | { readonly do: 'load'; readonly what: 'aside'; readonly host: string; readonly server: string | undefined }
  | { readonly do: 'restart'; readonly host: string; readonly server: string | undefined }
  | { readonly do: 'reconnect'; readonly host: string }
  | { readonly do: 'enable'; readonly host: string; readonly server: string; readonly enabled: boolean }
  | { readonly do: 'cancel'; readonly call: number }
  | { readonly do: 'explain'; readonly subject: string }
  | { readonly do: 'call'; readonly tool: string; readonly args: Readonly<Record<string, unknown>> }
  | { readonly do: 'abort-call' }
  | { readonly do: 'answer'; readonly id: number; readonly answer: string | null }
  | { readonly do: 'copy'; readonly text: string }
  /** Connects at once, and starts the daemon where none runs. */
  | { readonly do: 'attach' }
  | { readonly do: 'suspend' }
  | { readonly do: 'repaint' }
  | { readonly do: 'detach' };

export interface Model {
  /** `mcp-anywhere` with the options of this run. */
  readonly program: string;
  readonly columns: number;
  readonly rows: number;
  /** The wall clock at the last tick. */
  readonly nowMs: number;
  readonly connection: Connection;
  readonly paused: boolean;
  /** What keys do. */
  readonly actions: readonly Action[];
  /** A large screen shows the log and the calls of the selected item too. */
  readonly split: boolean;
  readonly world: World;
  readonly loading: ReadonlySet<Loading>;
  /** The last request of each, wall clock. */
  readonly loadedMs: Readonly<Partial<Record<Loading, number>>>;
  readonly view: ViewName;
  /** The items of the view, filtered and sorted. */
  readonly items: readonly Item[];
  /** The number of items without the filter. */
  readonly total: number;
  readonly lists: Readonly<Record<ViewName, ListState>>;
  readonly logs: LogOptions;
  readonly stats: { readonly window: StatWindow; readonly by: StatKey };
  readonly overlays: readonly Overlay[];
  /** The effect of the last key. The next key removes the notice. */
  readonly notice: { readonly text: string; readonly look: Look } | undefined;
}

const newList: ListState = { filter: '', trouble: false, sort: 0, selected: undefined, index: 0, top: 0 };

type Start = Pick<Model, 'program' | 'columns' | 'rows' | 'nowMs'> & Partial<Pick<Model, 'actions' | 'split'>>;

export function firstModel(start: Start): Model {
  return {
    actions: ACTIONS,
    split: true,
    ...start,
    connection: { kind: 'connecting' },
    paused: false,
    world: noWorld,
    loading: new Set(),
    loadedMs: {},
    view: 'hosts',
    items: [],
    total: 0,
    lists: { hosts: newList, servers: newList, tools: newList, live: newList, logs: newList, stats: newList },
    logs: { follow: true, wrap: false, stream: 'all', level: 'all', host: undefined, server: undefined },
    stats: { window: 'hour', by: 'tool' },
    overlays: [],
    notice: undefined,
  };
}

/** A model and its side effects. */
export interface Step {
  readonly model: Model;
  readonly effects: readonly Effect[];
}

export function step(model: Model, ...effects: readonly Effect[]): Step {
  return { model, effects };
}

export function listOf(model: Model): ListState {
  return model.lists[model.view];
}

export function withList(model: Model, change: Partial<ListState>): Model {
  return { ...model, lists: { ...model.lists, [model.view]: { ...listOf(model), ...change } } };
}

/** Loads again at once. */
export function reloading(model: Model, what: Loading): Model {
  return { ...model, loadedMs: Object.fromEntries(Object.entries(model.loadedMs).filter(([name]) => name !== what)) };
}

export function selectedItem(model: Model): Item | undefined {
  return model.items[listOf(model).index];
}

export function topOverlay(model: Model): Overlay | undefined {
  return model.overlays.at(-1);
}

export function pushed(model: Model, overlay: Overlay): Model {
  return { ...model, overlays: [...model.overlays, overlay] };
}

export function popped(model: Model): Model {
  return { ...model, overlays: model.overlays.slice(0, -1) };
}

/** Replaces the top overlay. */
export function replaced(model: Model, overlay: Overlay): Model {
  return pushed(popped(model), overlay);
}

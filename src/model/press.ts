/** Keys for a view. `press-overlay.ts` has those for an overlay. */
import type { StatKey } from '../api/control.ts';
import { copied } from './commands.ts';
import { type Key, wordOf } from './key.ts';
import { firstLogEnd, layoutOf } from './layout.ts';
import { lineOf } from './line-edit.ts';
import {
  type LogLevel,
  type LogOptions,
  listOf,
  type Model,
  pushed,
  reloading,
  type Step,
  step,
  topOverlay,
  VIEWS,
  withList,
} from './model.ts';
import { acted } from './press-item.ts';
import { pressedOverlay } from './press-overlay.ts';
import { SOURCES } from './sources.ts';

export function pressed(model: Model, key: Key): Step {
  const word = wordOf(key);
  if (word === 'ctrl-c') return step(model, { do: 'detach' });
  if (word === 'ctrl-z') return step(model, { do: 'suspend' });
  if (word === 'ctrl-l') return step(model, { do: 'repaint' });
  const overlay = topOverlay(model);
  if (overlay !== undefined) return pressedOverlay(model, overlay, key);
  return moved(model, word) ?? global(model, word) ?? ofView(model, word) ?? step(model);
}

/** The rows and pages that each key moves by. */
const MOVES: Readonly<Record<string, readonly [number, number]>> = {
  j: [1, 0],
  down: [1, 0],
  k: [-1, 0],
  up: [-1, 0],
  'page-down': [0, 1],
  'ctrl-d': [0, 1],
  'ctrl-f': [0, 1],
  'page-up': [0, -1],
  'ctrl-u': [0, -1],
  'ctrl-b': [0, -1],
  g: [Number.NEGATIVE_INFINITY, 0],
  home: [Number.NEGATIVE_INFINITY, 0],
  G: [Number.POSITIVE_INFINITY, 0],
  end: [Number.POSITIVE_INFINITY, 0],
};

function moved(model: Model, word: string): Step | undefined {
  const move = MOVES[word];
  if (move === undefined) return undefined;
  const [rows, pages] = move;
  return step(movedTo(model, listOf(model).index + rows + pages * Math.max(1, layoutOf(model).list - 1)));
}

function movedTo(model: Model, wanted: number): Model {
  const isLog = model.view === 'logs';
  const last = model.items.length - (isLog ? 0 : 1);
  const first = isLog ? Math.min(last, firstLogEnd(model)) : 0;
  const index = Math.max(first, Math.min(last, wanted));
  const selected = model.items[isLog ? index - 1 : index]?.key;
  const next = withList(model, { index, selected });
  return isLog ? { ...next, logs: { ...model.logs, follow: index >= last } } : next;
}

function global(model: Model, word: string): Step | undefined {
  const at = VIEWS.findIndex(({ name }) => name === model.view);
  switch (word) {
    case '[':
    case 'back-tab':
      return step(inView(model, at - 1));
    case ']':
    case 'tab':
      return step(inView(model, at + 1));
    case '/':
      return step(pushed(model, { kind: 'filter', line: lineOf(listOf(model).filter), before: listOf(model).filter }));
    case 's':
      return step(sorted(model));
    case '?':
      return step(pushed(model, { kind: 'help', scroll: 0 }));
    case 'p':
      return step(paused(model));
    case 'c':
      return copied(model);
    case 'q':
      return step(model, { do: 'detach' });
    case 'escape':
      return step(withList(model, { filter: '' }));
    case 'a':
      return step(answering(model));
    default:
      return /^[1-9]$/.test(word) && Number(word) <= VIEWS.length ? step(inView(model, Number(word) - 1)) : undefined;
  }
}

function ofView(model: Model, word: string): Step | undefined {
  if (model.connection.kind === 'gone' && word === 'r') return step(model, { do: 'attach' });
  if (model.view === 'logs') return pressedLogs(model, word);
  if (model.view === 'stats') return pressedStats(model, word);
  if (model.view === 'tools' && word === 'L') return listing(model);
  return acted(model, word);
}

/** Starts servers. The tools view itself starts none. */
function listing(model: Model): Step {
  const loading = new Set([...model.loading, 'tools' as const]);
  const notice = { text: 'starting servers to list their tools …', look: 'dim' } as const;
  return step({ ...model, loading, notice }, { do: 'load', what: 'tools', start: true });
}

function inView(model: Model, at: number): Model {
  return { ...model, view: VIEWS[(at + VIEWS.length) % VIEWS.length]?.name ?? model.view };
}

function sorted(model: Model): Model {
  const { orders } = SOURCES[model.view];
  if (orders.length === 0) return model;
  const sort = (listOf(model).sort + 1) % orders.length;
  return { ...withList(model, { sort }), notice: { text: `sorted by ${orders[sort]?.title ?? ''}`, look: 'dim' } };
}

/** After a pause, a new snapshot brings the changes, and the log is read again. */
function paused(model: Model): Model {
  if (!model.paused) return { ...model, paused: true };
  return { ...model, paused: false, loadedMs: {}, world: { ...model.world, isStale: true, logs: undefined } };
}

/** A question opens only with its key, so that other text is never typed into an answer. */
function answering(model: Model): Model {
  const [prompt] = model.world.prompts;
  if (prompt === undefined) return { ...model, notice: { text: 'no question is waiting', look: 'dim' } };
  return pushed(model, { kind: 'prompt', id: prompt.id, line: lineOf('') });
}

const STREAMS: readonly LogOptions['stream'][] = ['all', 'stderr', 'stdout-noise', 'protocol', 'bridge', 'ssh'];
const LEVELS: readonly LogLevel[] = ['all', 'warnings', 'errors'];

function pressedLogs(model: Model, word: string): Step | undefined {
  const { logs, world } = model;
  const having = (change: Partial<LogOptions>): Step => step({ ...model, logs: { ...logs, ...change } });
  switch (word) {
    case 'f':
      return having({ follow: !logs.follow });
    case 'w':
      return having({ wrap: !logs.wrap });
    case 'v':
      return having({ stream: after(STREAMS, logs.stream) });
    case 'e':
      return having({ level: after(LEVELS, logs.level) });
    case 'l': {
      if (logs.host === undefined) return step(model);
      const everywhere = { ...logs, host: undefined, server: undefined };
      return step(reloading({ ...model, logs: everywhere, world: { ...world, logs: undefined } }, 'logs'));
    }
    default:
      return undefined;
  }
}

const STAT_KEYS: readonly StatKey[] = ['tool', 'server', 'host', 'client'];

/** The old rows do not belong under the new head, so they are dropped. */
function pressedStats(model: Model, word: string): Step | undefined {
  const { window, by } = model.stats;
  if (word !== 'w' && word !== 'b') return undefined;
  const stats =
    word === 'w' ? { by, window: after(['hour', 'day'] as const, window) } : { window, by: after(STAT_KEYS, by) };
  return step(reloading({ ...model, stats, world: { ...model.world, stats: undefined } }, 'stats'));
}

function after<T>(values: readonly T[], value: T): T {
  return values[(values.indexOf(value) + 1) % values.length] ?? value;
}

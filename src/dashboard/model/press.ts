/** Keys on a view; what lies over it has its own (`press-overlay.ts`). */
import type { Key } from '../keys.ts';
import { equivalentCommand } from './commands.ts';
import { firstLogEnd, layoutOf } from './layout.ts';
import { lineOf } from './line-edit.ts';
import { listOf, type Model, pushed, type Step, step, topOverlay, VIEWS, type ViewName, withList } from './model.ts';
import { acted } from './press-item.ts';
import { pressedLogs } from './press-logs.ts';
import { pressedOverlay } from './press-overlay.ts';
import { pressedStats } from './press-stats.ts';
import { SOURCES } from './sources.ts';

export function pressed(model: Model, key: Key): Step {
  if (isControl(key, 'c')) return step(model, { do: 'detach' });
  if (isControl(key, 'z')) return step(model, { do: 'suspend' });
  if (isControl(key, 'l')) return step(model, { do: 'repaint' });
  const overlay = topOverlay(model);
  if (overlay !== undefined) return pressedOverlay(model, overlay, key);
  return moved(model, key) ?? global(model, key) ?? ofView(model, key) ?? step(model);
}

function isControl(key: Key, letter: string): boolean {
  return key.kind === 'char' && key.ctrl && key.char === letter;
}

/** As one word: `j`, `up`, `ctrl-d`. */
function wordOf(key: Key): string {
  if (key.kind === 'named') return key.name;
  return key.kind === 'char' ? `${key.ctrl ? 'ctrl-' : ''}${key.char}` : '';
}

/** How far each key goes, in rows and in pages. */
const STEPS: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['j', [1, 0]],
  ['down', [1, 0]],
  ['k', [-1, 0]],
  ['up', [-1, 0]],
  ['page-down', [0, 1]],
  ['ctrl-d', [0, 1]],
  ['ctrl-f', [0, 1]],
  ['page-up', [0, -1]],
  ['ctrl-u', [0, -1]],
  ['ctrl-b', [0, -1]],
]);

function moved(model: Model, key: Key): Step | undefined {
  const word = wordOf(key);
  if (word === 'g' || word === 'home') return step(movedTo(model, Number.NEGATIVE_INFINITY));
  if (word === 'G' || word === 'end') return step(movedTo(model, Number.POSITIVE_INFINITY));
  const [rows, pages] = STEPS.get(word) ?? [0, 0];
  if (rows === 0 && pages === 0) return undefined;
  return step(movedBy(model, rows + pages * Math.max(1, layoutOf(model).list - 1)));
}

function movedBy(model: Model, rows: number): Model {
  return movedTo(model, listOf(model).index + rows);
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

function global(model: Model, key: Key): Step | undefined {
  const word = wordOf(key);
  const number = /^[1-9]$/.test(word) ? VIEWS[Number(word) - 1] : undefined;
  if (number !== undefined) return step(inView(model, number.name));
  switch (word) {
    case '[':
    case 'back-tab':
      return step(inView(model, neighbour(model.view, -1)));
    case ']':
    case 'tab':
      return step(inView(model, neighbour(model.view, 1)));
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
      return step(asked(model));
    default:
      return undefined;
  }
}

function ofView(model: Model, key: Key): Step | undefined {
  const word = wordOf(key);
  if (model.connection.kind === 'gone' && word === 'r') return step(model, { do: 'attach' });
  if (model.view === 'logs') return pressedLogs(model, word);
  if (model.view === 'stats') return pressedStats(model, word);
  if (model.view === 'tools' && word === 'L') return listing(model);
  return acted(model, word);
}

/** To look at the tools starts nothing; this does. */
function listing(model: Model): Step {
  const loading = new Set([...model.loading, 'tools' as const]);
  const notice = { text: 'starting servers that have not said what they offer …', look: 'dim' } as const;
  return step({ ...model, loading, notice }, { do: 'load', what: 'tools', start: true });
}

export function inView(model: Model, view: ViewName): Model {
  return { ...model, view };
}

function neighbour(view: ViewName, by: 1 | -1): ViewName {
  const at = VIEWS.findIndex(({ name }) => name === view);
  return VIEWS[(at + by + VIEWS.length) % VIEWS.length]?.name ?? view;
}

function sorted(model: Model): Model {
  const { orders } = SOURCES[model.view];
  if (orders.length === 0) return model;
  const sort = (listOf(model).sort + 1) % orders.length;
  return { ...withList(model, { sort }), notice: { text: `sorted by ${orders[sort]?.title ?? ''}`, look: 'dim' } };
}

/** What happened meanwhile comes with the next snapshot; the log is read again. */
function paused(model: Model): Model {
  if (!model.paused) return { ...model, paused: true };
  return { ...model, paused: false, loadedMs: {}, world: { ...model.world, isStale: true, logs: undefined } };
}

function copied(model: Model): Step {
  const text = equivalentCommand(model);
  if (text === undefined) return step(model);
  return step({ ...model, notice: { text: `copied: ${text}`, look: 'accent' } }, { do: 'copy', text });
}

/** Never by itself: what is being typed must not become an answer. */
function asked(model: Model): Model {
  const [prompt] = model.world.prompts;
  if (prompt === undefined) return { ...model, notice: { text: 'no question waits', look: 'dim' } };
  return pushed(model, { kind: 'prompt', id: prompt.id, line: lineOf('') });
}

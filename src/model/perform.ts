/** What each action does. The actions of an item are in `perform-item.ts`. */
import { type Action, type ActionName, actionsIn, keyText } from './actions.ts';
import { copied } from './commands.ts';
import { firstLogEnd, layoutOf } from './layout.ts';
import { lineOf } from './line-edit.ts';
import { listOf, type Model, pushed, type Step, step, withList } from './model.ts';
import { acted } from './perform-item.ts';
import { inLogs, inStats } from './perform-view.ts';
import { SOURCES } from './sources.ts';
import { VIEWS, type ViewName } from './view.ts';

/** What a person can do now, in this view. */
export function available(model: Model): readonly Action[] {
  return actionsIn(model.actions, model.view, model.connection.kind === 'gone');
}

/** The first key of an action as the screen shows it; a dash where a person has taken its keys away. */
export function keyOf({ actions }: Pick<Model, 'actions'>, name: ActionName): string {
  return keyText(actions.find((action) => action.name === name)?.keys[0] ?? '–');
}

/** Undefined: the key does nothing here. */
export function actionOf(model: Model, word: string): ActionName | undefined {
  return available(model).find(({ keys }) => keys.includes(word))?.name;
}

export function performed(model: Model, name: ActionName): Step {
  if (isViewName(name)) return step({ ...model, view: name });
  return moved(model, name) ?? global(model, name) ?? ofView(model, name) ?? step(model);
}

function isViewName(name: ActionName): name is ActionName & ViewName {
  return VIEWS.some((view) => view.name === name);
}

/** The rows and pages that each action moves by. */
const MOVES: Readonly<Partial<Record<ActionName, readonly [number, number]>>> = {
  down: [1, 0],
  up: [-1, 0],
  'page-down': [0, 1],
  'page-up': [0, -1],
  top: [Number.NEGATIVE_INFINITY, 0],
  bottom: [Number.POSITIVE_INFINITY, 0],
};

/** Undefined: the action moves nothing. @param page the rows of a page, of which one stays on the screen */
export function rowsBy(name: ActionName, page: number): number | undefined {
  const [rows, pages] = MOVES[name] ?? [];
  return rows === undefined || pages === undefined ? undefined : rows + pages * Math.max(1, page - 1);
}

function moved(model: Model, name: ActionName): Step | undefined {
  const rows = rowsBy(name, layoutOf(model).list);
  return rows === undefined ? undefined : step(movedBy(model, rows));
}

export function movedBy(model: Model, rows: number): Model {
  return movedTo(model, listOf(model).index + rows);
}

export function movedTo(model: Model, wanted: number): Model {
  const isLog = model.view === 'logs';
  const last = model.items.length - (isLog ? 0 : 1);
  const first = isLog ? Math.min(last, firstLogEnd(model)) : 0;
  const index = Math.max(first, Math.min(last, wanted));
  const selected = model.items[isLog ? index - 1 : index]?.key;
  const next = withList(model, { index, selected });
  return isLog ? { ...next, logs: { ...model.logs, follow: index >= last } } : next;
}

function global(model: Model, name: ActionName): Step | undefined {
  const at = VIEWS.findIndex((view) => view.name === model.view);
  const { filter } = listOf(model);
  switch (name) {
    case 'previous-view':
      return step(inView(model, at - 1));
    case 'next-view':
      return step(inView(model, at + 1));
    case 'filter':
      return step(pushed(model, { kind: 'filter', line: lineOf(filter), before: filter }));
    case 'palette':
      return step(pushed(model, { kind: 'palette', line: lineOf(''), at: 0 }));
    case 'help':
      return step(pushed(model, { kind: 'help', scroll: 0 }));
    case 'copy':
      return copied(model);
    case 'quit':
      return step(model, { do: 'detach' });
    case 'start':
      return step(model, { do: 'attach' });
    default:
      return shown(model, name);
  }
}

/** Actions that only change what is shown. */
function shown(model: Model, name: ActionName): Step | undefined {
  switch (name) {
    case 'sort':
      return step(sorted(model));
    case 'trouble':
      return step(withList(model, { trouble: !listOf(model).trouble }));
    case 'pause':
      return step(paused(model));
    case 'split':
      return step({ ...model, split: !model.split });
    case 'back':
      return step(withList(model, { filter: '', trouble: false }));
    case 'answer':
      return step(answering(model));
    default:
      return undefined;
  }
}

function ofView(model: Model, name: ActionName): Step | undefined {
  if (model.view === 'logs') return inLogs(model, name);
  if (name === 'list-tools') return listing(model);
  return inStats(model, name) ?? acted(model, name);
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

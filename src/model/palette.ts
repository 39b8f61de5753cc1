/** The commands that a person can type after `:`. */
import type { Action } from './actions.ts';
import { type Model, type Step, step, withList } from './model.ts';
import { available, performed } from './perform.ts';
import { hasLetters } from './query.ts';
import { VIEWS } from './view.ts';

export interface Palette {
  /** Those that match, the best first. */
  readonly actions: readonly Action[];
  /** What was typed behind the command: the filter for a view. */
  readonly argument: string;
}

export function paletteOf(model: Model, typed: string): Palette {
  const [, word = '', argument = ''] = /^\s*(\S*)\s*(.*)$/su.exec(typed.toLowerCase()) ?? [];
  const ranked = available(model)
    .map((action) => ({ action, rank: rankOf(action, word) }))
    .filter(({ rank }) => rank !== undefined)
    .toSorted((left, right) => (left.rank ?? 0) - (right.rank ?? 0));
  return { actions: ranked.map(({ action }) => action), argument };
}

/** 0 is the best; undefined: no match. */
function rankOf({ name, what }: Action, word: string): number | undefined {
  if (name === word) return 0;
  if (name.startsWith(word)) return 1;
  if (name.includes(word)) return 2;
  if (what.toLowerCase().includes(word)) return 3;
  return hasLetters(name, word) ? 4 : undefined;
}

/** `:servers nas` goes to a view and filters it; `:filter nas` filters this one. */
export function chosen(model: Model, typed: string, at: number): Step {
  const { actions, argument } = paletteOf(model, typed);
  const action = actions[at];
  if (action === undefined) return step({ ...model, notice: { text: `no command "${typed}"`, look: 'warn' } });
  const takesFilter = action.name === 'filter' || VIEWS.some(({ name }) => name === action.name);
  if (argument === '' || !takesFilter) return performed(model, action.name);
  const { model: there } = action.name === 'filter' ? step(model) : performed(model, action.name);
  return step(withList(there, { filter: argument }));
}

/** Keys for an overlay. */

import type { ActionName } from './actions.ts';
import { copied } from './commands.ts';
import { type Field, type Form, filled, nextChoice } from './form.ts';
import { type Key, wordOf } from './key.ts';
import { pageRows } from './layout.ts';
import { edited } from './line-edit.ts';
import { type Model, type Overlay, popped, pushed, replaced, type Step, step, withList } from './model.ts';
import { pageHeight, pageOf } from './pages.ts';
import { chosen, paletteOf } from './palette.ts';
import { actionOf, rowsBy } from './perform.ts';
import { acted } from './perform-item.ts';

type Of<K extends Overlay['kind']> = Extract<Overlay, { kind: K }>;

export function pressedOverlay(model: Model, overlay: Overlay, key: Key): Step {
  switch (overlay.kind) {
    case 'filter':
      return step(filtering(model, overlay, key));
    case 'palette':
      return choosing(model, overlay, key);
    case 'confirm':
      return confirming(model, overlay, wordOf(key));
    case 'prompt':
      return answering(model, overlay, key);
    case 'form':
      return filling(model, overlay.form, key);
    default:
      return reading(model, overlay, wordOf(key));
  }
}

/** The list changes with every key. Enter keeps the filter, Escape restores the one before. */
function filtering(model: Model, overlay: Of<'filter'>, key: Key): Model {
  if (wordOf(key) === 'enter') return popped(model);
  if (wordOf(key) === 'escape') return withList(popped(model), { filter: overlay.before });
  const line = edited(overlay.line, key);
  if (line === undefined) return model;
  return withList(replaced(model, { ...overlay, line }), { filter: line.text });
}

/** Enter takes the chosen command. Tab and the arrows choose another. */
function choosing(model: Model, overlay: Of<'palette'>, key: Key): Step {
  const { line, at } = overlay;
  const word = wordOf(key);
  const { actions } = paletteOf(model, line.text);
  const choose = (wanted: number): Step =>
    step(replaced(model, { ...overlay, at: Math.max(0, Math.min(actions.length - 1, wanted)) }));
  if (word === 'escape') return step(popped(model));
  if (word === 'enter') return chosen(popped(model), line.text, at);
  if (word === 'down' || word === 'tab') return choose(at + 1);
  if (word === 'up' || word === 'back-tab') return choose(at - 1);
  const changed = edited(line, key);
  return step(changed === undefined ? model : replaced(model, { ...overlay, line: changed, at: 0 }));
}

/** Enter confirms nothing, because a person may mean the view below. */
function confirming(model: Model, { effect, command }: Of<'confirm'>, word: string): Step {
  if (word === 'y') return step(popped(model), effect);
  if (word === 'c' && command !== undefined) return copied(model, command);
  return step(['n', 'q', 'escape'].includes(word) ? popped(model) : model);
}

/** Escape leaves the question open; Ctrl-D declines. */
function answering(model: Model, overlay: Of<'prompt'>, key: Key): Step {
  const { id, line } = overlay;
  const word = wordOf(key);
  if (word === 'escape') return step(popped(model));
  if (word === 'enter') return step(popped(model), { do: 'answer', id, answer: line.text });
  if (word === 'ctrl-d') return step(popped(model), { do: 'answer', id, answer: null });
  const changed = edited(line, key);
  return step(changed === undefined ? model : replaced(model, { ...overlay, line: changed }));
}

export type Page = Extract<Overlay, { readonly scroll: number }>;

function reading(model: Model, overlay: Page, word: string): Step {
  const name = actionOf(model, word);
  if (word === 'escape' || name === 'back' || name === 'quit' || (overlay.kind === 'help' && name === 'help')) {
    const isRunning = overlay.kind === 'answer' && overlay.outcome.kind === 'running';
    return step(popped(model), ...(isRunning ? [{ do: 'abort-call' } as const] : []));
  }
  if (name === 'copy') return copied(model);
  const action = overlay.kind === 'details' ? actedBelow(model, name) : undefined;
  if (action !== undefined) return action;
  const page = pageRows(model);
  const rows = name === undefined ? undefined : rowsBy(name, page);
  return step(scrolled(model, overlay, word === ' ' ? page - 1 : (rows ?? 0)));
}

export function scrolled(model: Model, overlay: Page, rows: number): Model {
  const last = Math.max(0, pageHeight(model, pageOf(model, overlay)) - pageRows(model));
  const scroll = Math.max(0, Math.min(last, overlay.scroll + rows));
  return scroll === overlay.scroll ? model : replaced(model, { ...overlay, scroll });
}

/** In the details of an item, the actions of the item work too. */
function actedBelow(model: Model, name: ActionName | undefined): Step | undefined {
  if (name === undefined || name === 'open' || name === 'switch') return undefined;
  const result = acted(model, name);
  if (result === undefined || result.model.view === model.view) return result;
  return { ...result, model: { ...result.model, overlays: [] } };
}

/** Enter goes to the next field; on the button it calls the tool. Ctrl-S calls the tool from every field. */
function filling(model: Model, form: Form, key: Key): Step {
  const { fields, at } = form;
  const word = wordOf(key);
  const showing = (change: Partial<Form>): Step =>
    step(replaced(model, { kind: 'form', form: { ...form, ...change } }));
  if (word === 'escape') return step(popped(model));
  if (word === 'ctrl-y') return copied(model);
  if (word === 'ctrl-s' || (word === 'enter' && at >= fields.length)) {
    const result = filled(form);
    if (result.ok) return called(model, form.tool, result.args);
    const { mistakes } = result;
    return showing({ mistakes, at: fields.findIndex(({ name }) => Object.hasOwn(mistakes, name)) });
  }
  if (word === 'up' || word === 'back-tab') return showing({ at: Math.max(0, at - 1) });
  if (word === 'down' || word === 'tab' || word === 'enter') return showing({ at: Math.min(fields.length, at + 1) });
  const field = fields[at];
  const changed = field === undefined ? undefined : fieldAfter(field, key);
  if (changed === undefined) return step(model);
  const mistakes = Object.fromEntries(Object.entries(form.mistakes).filter(([name]) => name !== changed.name));
  return showing({ mistakes, fields: fields.map((each) => (each.name === changed.name ? changed : each)) });
}

function fieldAfter(field: Field, key: Key): Field | undefined {
  if (field.choices !== undefined) {
    const word = wordOf(key);
    if (word === ' ' || word === 'right') return nextChoice(field, 1);
    return word === 'left' ? nextChoice(field, -1) : undefined;
  }
  const line = edited(field.line, key);
  return line === undefined ? undefined : { ...field, line };
}

function called(model: Model, tool: string, args: Readonly<Record<string, unknown>>): Step {
  const outcome = { kind: 'running', sinceMs: model.nowMs, progress: '' } as const;
  return step(pushed(model, { kind: 'answer', tool, outcome, scroll: 0 }), { do: 'call', tool, args });
}

/** Keys for an overlay. */

import { copied } from './commands.ts';
import { type Field, type Form, filled, nextChoice } from './form.ts';
import { type Key, wordOf } from './key.ts';
import { pageRows } from './layout.ts';
import { edited } from './line-edit.ts';
import { type Model, type Overlay, popped, pushed, replaced, type Step, step, withList } from './model.ts';
import { pageHeight, pageOf } from './pages.ts';
import { acted } from './press-item.ts';

type Of<K extends Overlay['kind']> = Extract<Overlay, { kind: K }>;

export function pressedOverlay(model: Model, overlay: Overlay, key: Key): Step {
  switch (overlay.kind) {
    case 'filter':
      return step(filtering(model, overlay, key));
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

type Page = Extract<Overlay, { readonly scroll: number }>;

function reading(model: Model, overlay: Page, word: string): Step {
  if (word === 'escape' || word === 'q' || (overlay.kind === 'help' && word === '?')) {
    const isRunning = overlay.kind === 'answer' && overlay.outcome.kind === 'running';
    return step(popped(model), ...(isRunning ? [{ do: 'abort-call' } as const] : []));
  }
  if (word === 'c') return copied(model);
  const action = overlay.kind === 'details' ? actedBelow(model, word) : undefined;
  if (action !== undefined) return action;
  const page = pageRows(model);
  const last = Math.max(0, pageHeight(model, pageOf(model, overlay)) - page);
  const scroll = Math.max(0, Math.min(last, overlay.scroll + scrollBy(word, page)));
  return step(scroll === overlay.scroll ? model : replaced(model, { ...overlay, scroll }));
}

/** In the details of an item, the keys of the item work too. */
function actedBelow(model: Model, word: string): Step | undefined {
  if (word.length > 1 || word === 'e') return undefined;
  const result = acted(model, word);
  if (result === undefined || result.model.view === model.view) return result;
  return { ...result, model: { ...result.model, overlays: [] } };
}

function scrollBy(word: string, page: number): number {
  if (word === 'j' || word === 'down') return 1;
  if (word === 'k' || word === 'up') return -1;
  if (word === 'page-down' || word === ' ') return page - 1;
  if (word === 'page-up') return 1 - page;
  if (word === 'g' || word === 'home') return Number.NEGATIVE_INFINITY;
  return word === 'G' || word === 'end' ? Number.POSITIVE_INFINITY : 0;
}

/** Enter goes to the next field; on the button it calls the tool. Ctrl-S calls the tool from every field. */
function filling(model: Model, form: Form, key: Key): Step {
  const { fields, at } = form;
  const word = wordOf(key);
  const showing = (change: Partial<Form>): Step =>
    step(replaced(model, { kind: 'form', form: { ...form, ...change } }));
  if (word === 'escape') return step(popped(model));
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

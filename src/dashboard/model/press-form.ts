/** Keys on the form of a test call. */
import type { Key } from '../keys.ts';
import { type Field, type Form, filled, nextChoice } from './form.ts';
import { edited } from './line-edit.ts';
import { type Model, popped, pushed, replaced, type Step, step } from './model.ts';

export function pressedForm(model: Model, form: Form, key: Key): Step {
  const moved = movement(form, key);
  if (moved !== undefined) return step(replaced(model, { kind: 'form', form: { ...form, at: moved } }));
  if (key.kind === 'named' && key.name === 'escape') return step(popped(model));
  if (isSend(form, key)) return sent(model, form);
  const field = form.fields[form.at];
  const changed = field === undefined ? undefined : fieldAfter(field, key);
  return step(changed === undefined ? model : replaced(model, { kind: 'form', form: withField(form, changed) }));
}

/** Enter goes on to the next field, and from the button it calls; Ctrl-S calls from anywhere. */
function isSend({ fields, at }: Form, key: Key): boolean {
  if (key.kind === 'char' && key.ctrl && key.char === 's') return true;
  return at >= fields.length && key.kind === 'named' && key.name === 'enter';
}

function movement({ fields, at }: Form, key: Key): number | undefined {
  if (key.kind !== 'named') return undefined;
  if (key.name === 'up' || key.name === 'back-tab') return Math.max(0, at - 1);
  const isOn = key.name === 'down' || key.name === 'tab' || (key.name === 'enter' && at < fields.length);
  return isOn ? Math.min(fields.length, at + 1) : undefined;
}

function fieldAfter(field: Field, key: Key): Field | undefined {
  if (field.kind === 'choice') {
    const isNext = (key.kind === 'char' && key.char === ' ') || (key.kind === 'named' && key.name === 'right');
    if (isNext) return nextChoice(field, 1);
    return key.kind === 'named' && key.name === 'left' ? nextChoice(field, -1) : undefined;
  }
  const line = edited(field.line, key);
  return line === undefined ? undefined : { ...field, line };
}

function withField(form: Form, changed: Field): Form {
  const mistakes = Object.fromEntries(Object.entries(form.mistakes).filter(([name]) => name !== changed.name));
  return { ...form, mistakes, fields: form.fields.map((field) => (field.name === changed.name ? changed : field)) };
}

/** To the first mistake, or off. */
function sent(model: Model, form: Form): Step {
  const result = filled(form);
  if (result.ok) {
    const outcome = { kind: 'running', sinceMs: model.nowMs, progress: '' } as const;
    const open = pushed(model, { kind: 'answer', tool: form.tool, outcome, scroll: 0 });
    return step(open, { do: 'call', tool: form.tool, args: result.args });
  }
  const { mistakes } = result;
  const at = form.fields.findIndex(({ name }) => Object.hasOwn(mistakes, name));
  return step(replaced(model, { kind: 'form', form: { ...form, mistakes, at } }));
}

/** Keys on what lies over a view. */
import type { Key } from '../keys.ts';
import { equivalentCommand } from './commands.ts';
import { pageRows } from './layout.ts';
import { edited } from './line-edit.ts';
import { type Model, type Overlay, popped, replaced, type Step, step, withList } from './model.ts';
import { pageHeight, pageOf } from './pages.ts';
import { pressedForm } from './press-form.ts';
import { acted } from './press-item.ts';

export function pressedOverlay(model: Model, overlay: Overlay, key: Key): Step {
  switch (overlay.kind) {
    case 'filter':
      return step(filtering(model, overlay, key));
    case 'confirm':
      return confirmed(model, overlay, key);
    case 'prompt':
      return answering(model, overlay, key);
    case 'form':
      return pressedForm(model, overlay.form, key);
    default:
      return reading(model, overlay, key);
  }
}

/** Shown as it is typed. Enter keeps it, Escape takes back what was typed. */
function filtering(model: Model, overlay: Extract<Overlay, { kind: 'filter' }>, key: Key): Model {
  if (isNamed(key, 'enter')) return popped(model);
  if (isNamed(key, 'escape')) return withList(popped(model), { filter: overlay.before });
  const line = edited(overlay.line, key);
  if (line === undefined) return model;
  return withList(replaced(model, { ...overlay, line }), { filter: line.text });
}

/** Never by Enter, which may have been meant for what lies below. */
function confirmed(model: Model, overlay: Extract<Overlay, { kind: 'confirm' }>, key: Key): Step {
  if (isChar(key, 'y')) return step(popped(model), overlay.effect);
  if (isChar(key, 'c') && overlay.command !== undefined) {
    const notice = { text: `copied: ${overlay.command}`, look: 'accent' } as const;
    return step({ ...model, notice }, { do: 'copy', text: overlay.command });
  }
  return isChar(key, 'n') || isChar(key, 'q') || isNamed(key, 'escape') ? step(popped(model)) : step(model);
}

/** Escape leaves the question open for later; Ctrl-D declines it. */
function answering(model: Model, overlay: Extract<Overlay, { kind: 'prompt' }>, key: Key): Step {
  const { id, line } = overlay;
  if (isNamed(key, 'escape')) return step(popped(model));
  if (isNamed(key, 'enter')) return step(popped(model), { do: 'answer', id, answer: line.text });
  if (key.kind === 'char' && key.ctrl && key.char === 'd')
    return step(popped(model), { do: 'answer', id, answer: null });
  const changed = edited(line, key);
  return step(changed === undefined ? model : replaced(model, { ...overlay, line: changed }));
}

type Reader = Extract<Overlay, { readonly scroll: number }>;

function reading(model: Model, overlay: Reader, key: Key): Step {
  const isOver = isNamed(key, 'escape') || isChar(key, 'q') || (overlay.kind === 'help' && isChar(key, '?'));
  if (isOver) return step(popped(model), ...(isRunning(overlay) ? [{ do: 'abort-call' } as const] : []));
  if (isChar(key, 'c')) return copying(model);
  if (overlay.kind === 'details') {
    const action = actedBelow(model, key);
    if (action !== undefined) return action;
  }
  const last = Math.max(0, pageHeight(model, pageOf(model, overlay)) - pageRows(model));
  const scroll = Math.max(0, Math.min(last, scrolled(overlay.scroll, pageRows(model), key)));
  return step(scroll === overlay.scroll ? model : replaced(model, { ...overlay, scroll }));
}

function isRunning(overlay: Reader): boolean {
  return overlay.kind === 'answer' && overlay.outcome.kind === 'running';
}

/** Details of an item have the item's keys. */
function actedBelow(model: Model, key: Key): Step | undefined {
  if (key.kind !== 'char' || key.ctrl || key.char === 'e') return undefined;
  const result = acted(model, key.char);
  if (result === undefined) return undefined;
  return result.model.view === model.view ? result : { ...result, model: { ...result.model, overlays: [] } };
}

function copying(model: Model): Step {
  const text = equivalentCommand(model);
  if (text === undefined) return step(model);
  return step({ ...model, notice: { text: `copied: ${text}`, look: 'accent' } }, { do: 'copy', text });
}

function scrolled(scroll: number, page: number, key: Key): number {
  const word = key.kind === 'named' ? key.name : key.kind === 'char' ? key.char : '';
  const steps: Readonly<Record<string, number>> = {
    j: 1,
    down: 1,
    k: -1,
    up: -1,
    'page-down': page - 1,
    ' ': page - 1,
    'page-up': 1 - page,
    g: Number.NEGATIVE_INFINITY,
    home: Number.NEGATIVE_INFINITY,
    G: Number.POSITIVE_INFINITY,
    end: Number.POSITIVE_INFINITY,
  };
  return scroll + (steps[word] ?? 0);
}

function isNamed(key: Key, name: Extract<Key, { kind: 'named' }>['name']): boolean {
  return key.kind === 'named' && key.name === name;
}

function isChar(key: Key, char: string): boolean {
  return key.kind === 'char' && !key.ctrl && key.char === char;
}

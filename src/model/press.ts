/** What follows from a key or the mouse. */
import { FIXED_KEYS } from './actions.ts';
import { type Key, wordOf } from './key.ts';
import { type Model, type Step, step, topOverlay } from './model.ts';
import { actionOf, performed } from './perform.ts';
import { pointed } from './press-mouse.ts';
import { pressedOverlay } from './press-overlay.ts';

export function pressed(model: Model, key: Key): Step {
  if (key.kind === 'mouse') return pointed(model, key);
  const word = wordOf(key);
  if (isFixed(word)) return step(model, { do: FIXED_KEYS[word] });
  const overlay = topOverlay(model);
  if (overlay !== undefined) return pressedOverlay(model, overlay, key);
  const name = actionOf(model, word);
  return name === undefined ? step(model) : performed(model, name);
}

function isFixed(word: string): word is keyof typeof FIXED_KEYS {
  return Object.hasOwn(FIXED_KEYS, word);
}

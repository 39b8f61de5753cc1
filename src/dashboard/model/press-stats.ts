/** Keys of the statistics: over which time, and by what. */
import type { StatKey } from '../../daemon/control-schema.ts';
import { asksAnew, type Model, type Step, step } from './model.ts';

const KEYS: readonly StatKey[] = ['tool', 'server', 'host', 'client'];

export function pressedStats(model: Model, word: string): Step | undefined {
  const { window, by } = model.stats;
  if (word === 'w') return step(asked(model, { by, window: window === 'hour' ? 'day' : 'hour' }));
  if (word === 'b') return step(asked(model, { window, by: KEYS[(KEYS.indexOf(by) + 1) % KEYS.length] ?? by }));
  return undefined;
}

/** Rows of the other question would be wrong under this head. */
function asked(model: Model, stats: Model['stats']): Model {
  return asksAnew({ ...model, stats, world: { ...model.world, stats: undefined } }, 'stats');
}

/** The actions of the log and of the statistics. */
import type { StatKey } from '../api/control.ts';
import type { ActionName } from './actions.ts';
import { type LogLevel, type LogOptions, type Model, reloading, type Step, step } from './model.ts';

const STREAMS: readonly LogOptions['stream'][] = ['all', 'stderr', 'stdout-noise', 'protocol', 'bridge', 'ssh'];
const LEVELS: readonly LogLevel[] = ['all', 'warnings', 'errors'];

/** The actions of the log. */
export function inLogs(model: Model, name: ActionName): Step | undefined {
  const { logs, world } = model;
  const having = (change: Partial<LogOptions>): Step => step({ ...model, logs: { ...logs, ...change } });
  switch (name) {
    case 'follow':
      return having({ follow: !logs.follow });
    case 'wrap':
      return having({ wrap: !logs.wrap });
    case 'stream':
      return having({ stream: after(STREAMS, logs.stream) });
    case 'level':
      return having({ level: after(LEVELS, logs.level) });
    case 'all-logs': {
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
export function inStats(model: Model, name: ActionName): Step | undefined {
  const { window, by } = model.stats;
  if (name !== 'window' && name !== 'by') return undefined;
  const stats =
    name === 'window' ? { by, window: after(['hour', 'day'] as const, window) } : { window, by: after(STAT_KEYS, by) };
  return step(reloading({ ...model, stats, world: { ...model.world, stats: undefined } }, 'stats'));
}

function after<T>(values: readonly T[], value: T): T {
  return values[(values.indexOf(value) + 1) % values.length] ?? value;
}

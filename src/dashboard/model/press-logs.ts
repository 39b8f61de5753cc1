/** Keys of the log: follow, wrap, stream, level, and whose. */
import { asksAnew, type LogLevel, type LogOptions, type Model, type Step, step } from './model.ts';

const STREAMS: readonly LogOptions['stream'][] = ['all', 'stderr', 'stdout-noise', 'protocol', 'bridge', 'ssh'];
const LEVELS: readonly LogLevel[] = ['all', 'warnings', 'errors'];

export function pressedLogs(model: Model, word: string): Step | undefined {
  const { logs } = model;
  switch (word) {
    case 'f':
      return step({ ...model, logs: { ...logs, follow: !logs.follow } });
    case 'w':
      return step({ ...model, logs: { ...logs, wrap: !logs.wrap } });
    case 'v':
      return step({ ...model, logs: { ...logs, stream: after(STREAMS, logs.stream) } });
    case 'e':
      return step({ ...model, logs: { ...logs, level: after(LEVELS, logs.level) } });
    case 'l':
      return step(ofAll(model));
    default:
      return undefined;
  }
}

/** From one server's log back to everybody's. */
function ofAll(model: Model): Model {
  const { logs, world } = model;
  if (logs.host === undefined) return model;
  const options = { ...logs, host: undefined, server: undefined };
  return asksAnew({ ...model, logs: options, world: { ...world, logs: undefined } }, 'logs');
}

function after<T>(values: readonly T[], value: T): T {
  return values[(values.indexOf(value) + 1) % values.length] ?? value;
}

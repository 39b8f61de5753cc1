/**
 * The program's own log as newline-delimited JSON: `{"time":…,"level":"warn",…fields,"message":"…"}`.
 *
 * A file of its own instead of a logging library: it is loaded on the way to the first tools/list, and all
 * it must do is filter by level, write one line and never throw.
 */
import type { Clock } from '../base/clock.ts';
import type { Redact } from './redact.ts';

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** Fields first, then the sentence. Fields must never hold a secret. */
export interface Log {
  error(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  child(fields: object): Log;
}

const LEVELS = { silent: 0, error: 1, warn: 2, info: 3, debug: 4, trace: 5 } as const satisfies Record<
  LogLevel,
  number
>;

type WrittenLevel = 'error' | 'warn' | 'info' | 'debug';

export interface LogOptions {
  readonly level: LogLevel;
  /** stderr or a file, never stdout. Its errors are its owner's. */
  readonly destination: { write(text: string): unknown };
  readonly clock: Pick<Clock, 'now'>;
  /** Applied to the whole line. */
  readonly redact?: Redact;
}

export function createLog(options: LogOptions): Log {
  return withFields(options, {});
}

function withFields(options: LogOptions, own: object): Log {
  const write = (level: WrittenLevel, fields: object, message: string): void => {
    if (LEVELS[level] > LEVELS[options.level]) return;
    const line = lineOf({ time: options.clock.now(), level, ...own, ...fields, message });
    options.destination.write(`${options.redact?.(line) ?? line}\n`);
  };
  return {
    error: (fields, message) => {
      write('error', fields, message);
    },
    warn: (fields, message) => {
      write('warn', fields, message);
    },
    info: (fields, message) => {
      write('info', fields, message);
    },
    debug: (fields, message) => {
      write('debug', fields, message);
    },
    child: (fields) => withFields(options, { ...own, ...fields }),
  };
}

/** A log line that cannot be written as JSON (a cycle, a throwing getter) still says that it was one. */
function lineOf(entry: { readonly time: number; readonly level: string; readonly message: string }): string {
  try {
    return JSON.stringify(entry, plain);
  } catch (error) {
    const { time, level, message } = entry;
    return JSON.stringify({ time, level, message, unloggable: String(error) });
  }
}

/** Values that JSON would lose or refuse. `this` has an error as it is; `value` is what its own toJSON made of it. */
function plain(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const original = this[key];
  if (original instanceof Error) return describeError(original);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return value;
}

/** AnywhereError's own JSON has no stack, which is what whoever reads this log looks for. */
function describeError(error: Error): object {
  const own: object = Object.fromEntries(Object.entries(error));
  return { ...own, name: error.name, message: error.message, stack: error.stack, cause: error.cause };
}

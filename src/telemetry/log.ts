/**
 * The program's own log as newline-delimited JSON: `{"time":…,"level":"warn",…fields,"message":"…"}`.
 *
 * No logging library: this file is loaded before the first tools/list, and its only tasks are to filter by level, to write
 * one line and never to throw.
 */
import type { Clock } from '../base/clock.ts';
import { type Redact, redactAll } from './redact.ts';

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
  /** stderr or a file, never stdout. The owner handles its errors. */
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

/** An entry that cannot be written as JSON (a cycle, a throwing getter) still leaves a line. */
function lineOf(entry: { readonly time: number; readonly level: string; readonly message: string }): string {
  try {
    return JSON.stringify(entry, plain);
  } catch (error) {
    const { time, level, message } = entry;
    return JSON.stringify({ time, level, message, unloggable: String(error) });
  }
}

/** Values that JSON would lose or refuse. `this` holds the original error; `value` is the result of its toJSON. */
function plain(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const original = this[key];
  if (original instanceof Error) return describeError(original);
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return value;
}

/** The JSON of AnywhereError has no stack, which readers of this log need. */
function describeError(error: Error): object {
  const own: object = Object.fromEntries(Object.entries(error));
  return { ...own, name: error.name, message: error.message, stack: error.stack, cause: error.cause };
}

/** A log whose fields and sentences are redacted. */
export function redactingLog(log: Log, redact: Redact): Log {
  const at =
    (level: 'error' | 'warn' | 'info' | 'debug') =>
    (fields: object, message: string): void => {
      log[level](redactAll(fields, redact), redact(message));
    };
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: (fields) => redactingLog(log.child(redactAll(fields, redact)), redact),
  };
}

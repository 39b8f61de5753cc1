/** The reducer of the dashboard: a model and a message give the next model and its side effects. */

import type { CallOutcome, ControlMethods, LogEntry, StatRow, ToolEntry } from '../api/control.ts';
import type { ErrorReport } from '../base/errors.ts';
import { isErrorResult, resultText } from './call-result.ts';
import { settled } from './derive.ts';
import type { Key } from './key.ts';
import {
  type Connection,
  type Explained,
  type Loading,
  type LogOptions,
  type Model,
  reloading,
  type Step,
  step,
  type TestCall,
} from './model.ts';
import { pressed } from './press.ts';
import { plain, plainLines } from './text.ts';
import { type NumberedEvent, type Place, withEvents, withLogFile, withPlaceLog, withSnapshot } from './world.ts';

export type Message =
  | { readonly type: 'key'; readonly key: Key }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly type: 'tick'; readonly nowMs: number }
  | { readonly type: 'connection'; readonly connection: Connection }
  | { readonly type: 'events'; readonly events: readonly NumberedEvent[] }
  | { readonly type: 'snapshot'; readonly snapshot: ControlMethods['snapshot']['result'] }
  | { readonly type: 'tools'; readonly tools: readonly ToolEntry[] }
  | { readonly type: 'logs'; readonly entries: readonly LogEntry[]; readonly of: Pick<LogOptions, 'host' | 'server'> }
  | { readonly type: 'aside'; readonly entries: readonly LogEntry[]; readonly of: Place }
  | { readonly type: 'stats'; readonly rows: readonly StatRow[]; readonly of: Model['stats'] }
  /** A load failed. */
  | { readonly type: 'not-loaded'; readonly what: Loading; readonly report: ErrorReport }
  | { readonly type: 'explained'; readonly subject: string; readonly text: Explained }
  | { readonly type: 'call-progress'; readonly text: string }
  | { readonly type: 'called'; readonly outcome: CallOutcome }
  | { readonly type: 'call-failed'; readonly report: ErrorReport }
  | { readonly type: 'done'; readonly text: string }
  | { readonly type: 'failed'; readonly report: ErrorReport };

export function update(model: Model, message: Message): Step {
  const next = message.type === 'key' ? pressed({ ...model, notice: undefined }, message.key) : told(model, message);
  return settled(model, next);
}

function told(model: Model, message: Exclude<Message, { type: 'key' }>): Step {
  switch (message.type) {
    case 'resize':
      return step({ ...model, columns: message.columns, rows: message.rows });
    case 'tick':
      return step(model.paused ? model : { ...model, nowMs: message.nowMs });
    case 'connection':
      return step(connected(model, message.connection));
    case 'events':
      return step(
        model.paused
          ? model
          : {
              ...model,
              world: withEvents(
                model.world,
                message.events.map(({ event }) => event),
              ),
            },
      );
    case 'snapshot':
      return step(loaded({ ...model, world: withSnapshot(model.world, message.snapshot) }, 'snapshot'));
    case 'tools':
      return step(loaded({ ...model, world: { ...model.world, tools: message.tools, toolsChanged: false } }, 'tools'));
    case 'logs':
      return step(withLogs(loaded(model, 'logs'), message));
    case 'aside':
      return step(loaded({ ...model, world: withPlaceLog(model.world, message.of, message.entries) }, 'aside'));
    case 'stats':
      return step(withStats(loaded(model, 'stats'), message));
    case 'not-loaded':
      return step(failed(loaded(model, message.what), message.report));
    default:
      return step(answered(model, message));
  }
}

/** Drops lines that were loaded for another host or server. */
function withLogs(model: Model, { entries, of }: Extract<Message, { type: 'logs' }>): Model {
  if (of.host !== model.logs.host || of.server !== model.logs.server) return reloading(model, 'logs');
  return { ...model, world: withLogFile(model.world, entries) };
}

function withStats(model: Model, { rows, of }: Extract<Message, { type: 'stats' }>): Model {
  if (of.window !== model.stats.window || of.by !== model.stats.by) return reloading(model, 'stats');
  return { ...model, world: { ...model.world, stats: rows } };
}

type Answer = Extract<Message, { type: 'explained' | 'call-progress' | 'called' | 'call-failed' | 'done' | 'failed' }>;

function answered(model: Model, message: Answer): Model {
  switch (message.type) {
    case 'explained':
      return withExplanation(model, message.subject, message.text);
    case 'call-progress':
      return withTestCall(model, (call) =>
        call.kind === 'running' ? { ...call, progress: plain(message.text) } : call,
      );
    case 'called':
      return withTestCall(model, () => ({
        kind: 'answered',
        durationMs: message.outcome.durationMs,
        ...resultLines(message.outcome.result),
      }));
    case 'call-failed':
      return withTestCall(model, () => ({ kind: 'failed', report: message.report }));
    case 'done':
      return { ...model, notice: { text: plain(message.text), look: 'good' } };
    case 'failed':
      return failed(model, message.report);
  }
}

/** Loads everything again, because another daemon can know other things. */
function connected(model: Model, connection: Connection): Model {
  if (connection.kind !== 'attached') return { ...model, connection, loading: new Set() };
  const world = { ...model.world, aside: undefined, isStale: true, toolsChanged: model.world.tools !== undefined };
  return { ...model, connection, loading: new Set(), loadedMs: {}, world };
}

function loaded(model: Model, what: Loading): Model {
  return { ...model, loading: new Set([...model.loading].filter((other) => other !== what)) };
}

function failed(model: Model, { message, hint }: ErrorReport): Model {
  return { ...model, notice: { text: plain(`${message} → ${hint}`), look: 'bad' } };
}

function withExplanation(model: Model, subject: string, text: Explained): Model {
  const overlays = model.overlays.map((overlay) =>
    overlay.kind === 'explanation' && overlay.subject === subject ? { ...overlay, text } : overlay,
  );
  return { ...model, overlays };
}

function withTestCall(model: Model, change: (call: TestCall) => TestCall): Model {
  const overlays = model.overlays.map((overlay) =>
    overlay.kind === 'answer' ? { ...overlay, outcome: change(overlay.outcome) } : overlay,
  );
  return { ...model, overlays };
}

/** The dashboard shows no more of an answer; `mcp-anywhere call` prints all of it. */
const MAX_LINES = 2000;

function resultLines(result: unknown): { readonly isError: boolean; readonly text: readonly string[] } {
  const text = plainLines(resultText(result).trimEnd());
  const shown =
    text.length > MAX_LINES ? [...text.slice(0, MAX_LINES), `… ${text.length - MAX_LINES} more lines`] : text;
  return { isError: isErrorResult(result), text: shown };
}

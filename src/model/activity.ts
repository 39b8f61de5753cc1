/** Calls and their durations over the last minutes, for each host, server and tool: what sparklines show. */

/** One step of a sparkline, ms. */
export const STEP_MS = 5000;
/** The number of steps that are kept. */
export const STEPS = 60;
/** Of more tools, those without recent calls are forgotten. */
const MAX_KEYS = 500;

interface Step {
  readonly calls: number;
  readonly errors: number;
  readonly totalMs: number;
}

export interface Series {
  /** The number of the last step (time / STEP_MS). */
  readonly last: number;
  /** Oldest first, at most STEPS. */
  readonly steps: readonly Step[];
}

export type Activity = ReadonlyMap<string, Series>;

export interface Ended {
  readonly atMs: number;
  readonly keys: readonly string[];
  readonly durationMs: number;
  readonly isError: boolean;
}

export const noActivity: Activity = new Map();

const NOTHING: Step = { calls: 0, errors: 0, totalMs: 0 };

export function withCalls(activity: Activity, calls: readonly Ended[]): Activity {
  if (calls.length === 0) return activity;
  const all = new Map(activity);
  for (const call of calls) {
    for (const key of call.keys) {
      const series = withCall(all.get(key), call);
      all.delete(key);
      all.set(key, series);
    }
  }
  for (const key of [...all.keys()].slice(0, Math.max(0, all.size - MAX_KEYS))) all.delete(key);
  return all;
}

function withCall(series: Series | undefined, { atMs, durationMs, isError }: Ended): Series {
  const number = Math.floor(atMs / STEP_MS);
  const { last, steps } = movedTo(series ?? { last: number, steps: [] }, number);
  const step = steps.at(-1) ?? NOTHING;
  const grown = { calls: step.calls + 1, errors: step.errors + (isError ? 1 : 0), totalMs: step.totalMs + durationMs };
  return { last, steps: [...steps.slice(0, -1), grown] };
}

/** Adds empty steps for the time without calls. A clock that was set back adds nothing. */
function movedTo({ last, steps }: Series, number: number): Series {
  const gap = Math.min(STEPS, Math.max(0, number - last));
  const gone = Array.from({ length: gap }, () => NOTHING);
  return { last: Math.max(last, number), steps: [...(steps.length === 0 ? [NOTHING] : steps), ...gone].slice(-STEPS) };
}

/** The sum of several series. */
export function together(all: readonly (Series | undefined)[]): Series | undefined {
  const known = all.filter((series) => series !== undefined);
  if (known.length < 2) return known[0];
  const last = Math.max(...known.map((series) => series.last));
  const moved = known.map((series) => movedTo(series, last).steps);
  const length = Math.max(...moved.map((steps) => steps.length));
  const steps = Array.from({ length }, (_each, index) =>
    moved.map((each) => each.at(index - length) ?? NOTHING).reduce(sum, NOTHING),
  );
  return { last, steps };
}

function sum(left: Step, right: Step): Step {
  return {
    calls: left.calls + right.calls,
    errors: left.errors + right.errors,
    totalMs: left.totalMs + right.totalMs,
  };
}

/** Calls over the last `count` steps, and their mean duration; undefined where nothing was called. */
export function totals(
  series: Series | undefined,
  count: number,
  nowMs: number,
): { readonly calls: number; readonly meanMs: number | undefined } {
  const { calls, totalMs } = stepsUntil(series, count, nowMs).reduce(sum, NOTHING);
  return { calls, meanMs: calls === 0 ? undefined : totalMs / calls };
}

/** Calls of each of the last `count` steps, oldest first. */
export function callCounts(series: Series | undefined, count: number, nowMs: number): readonly number[] {
  return stepsUntil(series, count, nowMs).map(({ calls }) => calls);
}

/** Mean duration of each of the last `count` steps, ms; undefined where nothing was called. */
export function latencies(series: Series | undefined, count: number, nowMs: number): readonly (number | undefined)[] {
  return stepsUntil(series, count, nowMs).map(({ calls, totalMs }) => (calls === 0 ? undefined : totalMs / calls));
}

export function errorCount(series: Series | undefined, count: number, nowMs: number): number {
  return stepsUntil(series, count, nowMs).reduce((sum, { errors }) => sum + errors, 0);
}

function stepsUntil(series: Series | undefined, count: number, nowMs: number): readonly Step[] {
  if (series === undefined) return Array.from({ length: count }, () => NOTHING);
  const { steps } = movedTo(series, Math.floor(nowMs / STEP_MS));
  return [...Array.from({ length: Math.max(0, count - steps.length) }, () => NOTHING), ...steps.slice(-count)];
}

const BARS = ' ▁▂▃▄▅▆▇█';

/** One character for each value. The largest value is the highest bar, and every value above 0 is visible. */
export function sparkline(values: readonly (number | undefined)[]): string {
  const largest = Math.max(0, ...values.map((value) => value ?? 0));
  return values
    .map((value) => {
      if (value === undefined || value <= 0) return ' ';
      return BARS[Math.max(1, Math.round((value / largest) * (BARS.length - 1)))] ?? ' ';
    })
    .join('');
}

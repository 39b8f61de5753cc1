/** Time that passes when a test says so. */
import type { Clock } from '../../../src/base/clock.ts';

export interface ManualClock extends Clock {
  /** Lets so much time pass; timers run in order. */
  advance(byMs: number): void;
  /** The wall clock alone jumps, as over a sleep. */
  jump(byMs: number): void;
  readonly timers: number;
}

export function manualClock(): ManualClock {
  let nowMs = 0;
  let jumpedMs = 0;
  const timers = new Set<{ readonly atMs: number; readonly task: () => void }>();
  const next = (untilMs: number) =>
    [...timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];
  return {
    now: () => nowMs + jumpedMs,
    monotonic: () => nowMs,
    after: (delayMs, task) => {
      const timer = { atMs: nowMs + delayMs, task };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance: (byMs) => {
      const untilMs = nowMs + byMs;
      for (let timer = next(untilMs); timer !== undefined; timer = next(untilMs)) {
        timers.delete(timer);
        nowMs = timer.atMs;
        timer.task();
      }
      nowMs = untilMs;
    },
    jump: (byMs) => {
      jumpedMs += byMs;
    },
    get timers() {
      return timers.size;
    },
  };
}

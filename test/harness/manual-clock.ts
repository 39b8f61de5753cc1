/** Time that stands still until the test moves it. */
import type { CancelTimer, Clock } from '../../src/base/clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly task: () => void;
  readonly isBackground: boolean;
}

export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  readonly #epochMs: number;
  #elapsedMs = 0;
  #wallShiftMs = 0;
  #order = 0;

  /** @param epochMs what `now` says at first */
  constructor(epochMs = 1_700_000_000_000) {
    this.#epochMs = epochMs;
  }

  now(): number {
    return this.#epochMs + this.#elapsedMs + this.#wallShiftMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  after(delayMs: number, task: () => void, options?: { readonly background?: boolean }): CancelTimer {
    this.#order += 1;
    const dueMs = this.#elapsedMs + Math.max(0, delayMs);
    const timer: Timer = { dueMs, order: this.#order, task, isBackground: options?.background === true };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Timers that have not fired and were not cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Those of them that would keep a process alive. */
  get foreground(): number {
    return [...this.#timers].filter(({ isBackground }) => !isBackground).length;
  }

  /** Moves both clocks on, and runs what is due, each task at its own time. */
  advance(ms: number): void {
    const untilMs = this.#elapsedMs + ms;
    for (let next = this.#nextDue(untilMs); next !== undefined; next = this.#nextDue(untilMs)) {
      this.#timers.delete(next);
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
      next.task();
    }
    this.#elapsedMs = untilMs;
  }

  /** Somebody sets the wall clock; the monotonic one goes on as it was. */
  setWallBack(ms: number): void {
    this.#wallShiftMs -= ms;
  }

  #nextDue(untilMs: number): Timer | undefined {
    const due = [...this.#timers].filter(({ dueMs }) => dueMs <= untilMs);
    return due.toSorted((a, b) => a.dueMs - b.dueMs || a.order - b.order)[0];
  }
}

/** One timer for all requests of a peer: it wakes at the earliest deadline known, and stands still while a person is asked. */
import type { CancelTimer, Clock } from '../base/clock.ts';

/** The longest timer of Node, milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

export class DeadlineSweep {
  readonly #clock: Clock;
  /** Ends what is overdue and returns the next deadline. */
  readonly #sweep: (nowMs: number) => number;
  /** Moves every deadline. */
  readonly #postpone: (byMs: number) => void;
  #cancel: CancelTimer = () => undefined;
  #atMs = Number.POSITIVE_INFINITY;
  #holds = 0;
  #heldSinceMs = 0;

  constructor(clock: Clock, sweep: (nowMs: number) => number, postpone: (byMs: number) => void) {
    this.#clock = clock;
    this.#sweep = sweep;
    this.#postpone = postpone;
  }

  /** Something is due at this time, monotonic ms. */
  by(deadlineMs: number): void {
    if (deadlineMs >= this.#atMs || deadlineMs === Number.POSITIVE_INFINITY) return;
    this.#cancel();
    this.#atMs = deadlineMs;
    const delayMs = Math.max(0, deadlineMs - this.#clock.monotonic());
    this.#cancel = this.#clock.after(
      Math.min(delayMs, LONGEST_MS),
      () => {
        this.#run();
      },
      { background: true },
    );
  }

  /** Stops the time until the returned function is called; holds may overlap. */
  hold(): () => void {
    if (this.#holds === 0) this.#heldSinceMs = this.#clock.monotonic();
    this.#holds += 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#release();
    };
  }

  stop(): void {
    this.#cancel();
  }

  #release(): void {
    this.#holds -= 1;
    if (this.#holds > 0) return;
    this.#postpone(this.#clock.monotonic() - this.#heldSinceMs);
    this.#run();
  }

  #run(): void {
    this.#cancel();
    this.#atMs = Number.POSITIVE_INFINITY;
    if (this.#holds === 0) this.by(this.#sweep(this.#clock.monotonic()));
  }
}

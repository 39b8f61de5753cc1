/** A time limit that stands still while a person thinks. */
import type { Clock } from '../base/clock.ts';

export class Patience {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  #leftMs: number;
  #startedAt = 0;
  #cancel: (() => void) | undefined;
  #waiting = 0;
  #cleared = false;

  constructor(clock: Clock, limitMs: number, onEnd: () => void) {
    this.#clock = clock;
    this.#leftMs = limitMs;
    this.#onEnd = onEnd;
    this.#run();
  }

  /** Does not count the time of `work`. */
  async without<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    this.#halt();
    try {
      return await work();
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#run();
    }
  }

  /** Work is going on whose time does not count. */
  get isWaiting(): boolean {
    return this.#waiting > 0;
  }

  clear(): void {
    this.#cleared = true;
    this.#halt();
  }

  #run(): void {
    if (this.#cleared) return;
    this.#startedAt = this.#clock.monotonic();
    this.#cancel = this.#clock.after(this.#leftMs, this.#onEnd);
  }

  #halt(): void {
    if (this.#cancel === undefined) return;
    this.#cancel();
    this.#cancel = undefined;
    this.#leftMs = Math.max(0, this.#leftMs - (this.#clock.monotonic() - this.#startedAt));
  }
}

/** Frames no more often than a screen is looked at: however much is asked for, one is drawn, and the last one always. */
import type { CancelTimer, Clock } from '../base/clock.ts';

export class Pace {
  readonly #clock: Clock;
  readonly #apartMs: number;
  readonly #draw: () => void;
  #cancel: CancelTimer | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @param apartMs the least time between two frames */
  constructor(clock: Clock, apartMs: number, draw: () => void) {
    this.#clock = clock;
    this.#apartMs = apartMs;
    this.#draw = draw;
  }

  request(): void {
    const delayMs = Math.max(0, this.#lastMs + this.#apartMs - this.#clock.monotonic());
    this.#cancel ??= this.#clock.after(delayMs, () => {
      this.#cancel = undefined;
      this.#lastMs = this.#clock.monotonic();
      this.#draw();
    });
  }

  stop(): void {
    this.#cancel?.();
  }
}

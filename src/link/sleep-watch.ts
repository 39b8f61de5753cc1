/** Notices that this machine has slept: the wall clock moved on by much more than a timer's second. */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Emitter, type Unsubscribe } from '../base/emitter.ts';

const LOOK_EVERY_MS = 1_000;
/** More than the delay of a timer on a busy machine. */
const SLEPT_MS = 5_000;

/** Looks only while there are listeners. */
export class SleepWatch {
  readonly #clock: Clock;
  readonly #awake = new Emitter<number>();
  #cancel: CancelTimer | undefined;
  #lookedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param listener called with the duration of the sleep, milliseconds */
  onAwake(listener: (sleptMs: number) => void): Unsubscribe {
    const unsubscribe = this.#awake.on(listener);
    if (this.#cancel === undefined) this.#wait();
    return () => {
      unsubscribe();
      if (this.#awake.size > 0) return;
      this.#cancel?.();
      this.#cancel = undefined;
    };
  }

  #wait(): void {
    this.#lookedMs = this.#clock.now();
    this.#cancel = this.#clock.after(
      LOOK_EVERY_MS,
      () => {
        const passedMs = this.#clock.now() - this.#lookedMs;
        this.#wait();
        if (passedMs > LOOK_EVERY_MS + SLEPT_MS) this.#awake.emit(passedMs - LOOK_EVERY_MS);
      },
      { background: true },
    );
  }
}

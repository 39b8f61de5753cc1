/** Drives the lifecycle: idle time, drain limit, the watch over the socket's path. What follows is its owner's. */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Emitter } from '../base/emitter.ts';
import {
  INITIAL_LIFECYCLE,
  type LifecycleAction,
  type LifecycleChange,
  type LifecycleState,
  reduceLifecycle,
} from './lifecycle.ts';

export interface LifeTimes {
  /** Without clients for so long, it leaves. */
  readonly idleExitMs: number;
  /** Calls under way are waited for so long once it drains. */
  readonly drainMs: number;
}

export class DaemonLife {
  readonly changes = new Emitter<LifecycleChange>();
  readonly #clock: Clock;
  readonly #times: LifeTimes;
  #state = INITIAL_LIFECYCLE;
  #cancelTimer: CancelTimer | undefined;

  constructor(clock: Clock, times: LifeTimes) {
    this.#clock = clock;
    this.#times = times;
  }

  get state(): LifecycleState {
    return this.#state;
  }

  dispatch(action: LifecycleAction, reason: string): void {
    const from = this.#state;
    const to = reduceLifecycle(from, action);
    if (to === from) return;
    this.#state = to;
    if (from.kind !== to.kind || to.kind === 'serving') this.#wind(to);
    this.changes.emit({ from, to, reason });
  }

  #wind(state: LifecycleState): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { idleExitMs, drainMs } = this.#times;
    if (state.kind === 'serving' && state.clients === 0) this.#after(idleExitMs, { type: 'idle' }, 'nobody needs it');
    else if (state.kind === 'draining') this.#after(drainMs, { type: 'end' }, 'the time to drain is over');
  }

  #after(delayMs: number, action: LifecycleAction, reason: string): void {
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.dispatch(action, reason);
    });
  }
}

/** The life of a daemon from its start to its end: a pure reducer, so that a table can test every order of events, and its timers. */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Emitter } from '../base/emitter.ts';

export type LifecycleState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'serving'; readonly clients: number }
  /** Takes no new client; ends with its last client, or when the drain time is over. */
  | { readonly kind: 'draining'; readonly clients: number }
  | { readonly kind: 'ended' };

export type LifecycleAction =
  /** The socket is on its path. */
  | { readonly type: 'bound' }
  | { readonly type: 'joined' }
  | { readonly type: 'left' }
  /** The idle time is over, and no client came. */
  | { readonly type: 'idle' }
  /** A person stopped the daemon, or another socket stands on its path. */
  | { readonly type: 'drain' }
  /** Calls under way are no longer waited for. */
  | { readonly type: 'end' };

export interface LifecycleChange {
  readonly from: LifecycleState;
  readonly to: LifecycleState;
  readonly reason: string;
}

const INITIAL: LifecycleState = { kind: 'starting' };

const ENDED: LifecycleState = { kind: 'ended' };

/** The state after `action`; the same object where the action does not apply. */
export function reduceLifecycle(state: LifecycleState, action: LifecycleAction): LifecycleState {
  switch (state.kind) {
    case 'starting':
      return whileStarting(state, action);
    case 'serving':
      return whileServing(state, action);
    case 'draining':
      return whileDraining(state, action);
    case 'ended':
      return state;
  }
}

function whileStarting(state: LifecycleState, { type }: LifecycleAction): LifecycleState {
  if (type === 'bound') return { kind: 'serving', clients: 0 };
  return type === 'drain' || type === 'end' ? ENDED : state;
}

function whileServing(state: LifecycleState & { readonly kind: 'serving' }, { type }: LifecycleAction): LifecycleState {
  switch (type) {
    case 'joined':
      return { kind: 'serving', clients: state.clients + 1 };
    case 'left':
      return { kind: 'serving', clients: Math.max(0, state.clients - 1) };
    case 'idle':
      // A client may have come at the same moment.
      return state.clients === 0 ? ENDED : state;
    case 'drain':
      return state.clients === 0 ? ENDED : { kind: 'draining', clients: state.clients };
    case 'end':
      return ENDED;
    case 'bound':
      return state;
  }
}

function whileDraining(
  state: LifecycleState & { readonly kind: 'draining' },
  { type }: LifecycleAction,
): LifecycleState {
  if (type === 'end' || (type === 'left' && state.clients <= 1)) return ENDED;
  return type === 'left' ? { kind: 'draining', clients: state.clients - 1 } : state;
}

export interface LifecycleTimes {
  /** The daemon ends after this time without clients. */
  readonly idleExitMs: number;
  /** The longest wait for calls under way while the daemon drains. */
  readonly drainMs: number;
}

export class Lifecycle {
  readonly changes = new Emitter<LifecycleChange>();
  readonly #clock: Clock;
  readonly #times: LifecycleTimes;
  #state = INITIAL;
  #cancelTimer: CancelTimer | undefined;

  constructor(clock: Clock, times: LifecycleTimes) {
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
    if (from.kind !== to.kind || to.kind === 'serving') this.#setTimer(to);
    this.changes.emit({ from, to, reason });
  }

  #setTimer(state: LifecycleState): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { idleExitMs, drainMs } = this.#times;
    if (state.kind === 'serving' && state.clients === 0)
      this.#after(idleExitMs, { type: 'idle' }, 'no client needs the daemon');
    else if (state.kind === 'draining') this.#after(drainMs, { type: 'end' }, 'the time to drain is over');
  }

  #after(delayMs: number, action: LifecycleAction, reason: string): void {
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.dispatch(action, reason);
    });
  }
}

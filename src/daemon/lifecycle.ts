/** The life of a daemon, from its start to its end: pure, so that every order of events is a table. */

export type LifecycleState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'serving'; readonly clients: number }
  /** Takes nobody new; ends with the last client, or when the time for that is over. */
  | { readonly kind: 'draining'; readonly clients: number }
  | { readonly kind: 'gone' };

export type LifecycleAction =
  /** The socket is on its path. */
  | { readonly type: 'bound' }
  | { readonly type: 'joined' }
  | { readonly type: 'left' }
  /** Nobody was there for as long as it waits. */
  | { readonly type: 'idle' }
  /** A person asked, a signal came, or the path is another's. */
  | { readonly type: 'drain' }
  /** Whatever is under way is not waited for any more. */
  | { readonly type: 'end' };

export interface LifecycleChange {
  readonly from: LifecycleState;
  readonly to: LifecycleState;
  readonly reason: string;
}

export const INITIAL_LIFECYCLE: LifecycleState = { kind: 'starting' };

const GONE: LifecycleState = { kind: 'gone' };

/** The state after `action`; the same object where the action does not apply. */
export function reduceLifecycle(state: LifecycleState, action: LifecycleAction): LifecycleState {
  switch (state.kind) {
    case 'starting':
      return whileStarting(state, action);
    case 'serving':
      return whileServing(state, action);
    case 'draining':
      return whileDraining(state, action);
    case 'gone':
      return state;
  }
}

function whileStarting(state: LifecycleState, { type }: LifecycleAction): LifecycleState {
  if (type === 'bound') return { kind: 'serving', clients: 0 };
  return type === 'drain' || type === 'end' ? GONE : state;
}

function whileServing(state: LifecycleState & { readonly kind: 'serving' }, { type }: LifecycleAction): LifecycleState {
  switch (type) {
    case 'joined':
      return { kind: 'serving', clients: state.clients + 1 };
    case 'left':
      return { kind: 'serving', clients: Math.max(0, state.clients - 1) };
    case 'idle':
      // Somebody may have come at the very moment.
      return state.clients === 0 ? GONE : state;
    case 'drain':
      return state.clients === 0 ? GONE : { kind: 'draining', clients: state.clients };
    case 'end':
      return GONE;
    case 'bound':
      return state;
  }
}

function whileDraining(
  state: LifecycleState & { readonly kind: 'draining' },
  { type }: LifecycleAction,
): LifecycleState {
  if (type === 'end' || (type === 'left' && state.clients <= 1)) return GONE;
  return type === 'left' ? { kind: 'draining', clients: state.clients - 1 } : state;
}

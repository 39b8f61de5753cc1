/** What is known of one configured server, over all its instances. A pure reducer; the unit dispatches. */
import type { AnywhereError } from '../base/errors.ts';

export interface ServerState {
  readonly starting: number;
  readonly ready: number;
  /** Why the last one is not there any more; forgotten when one comes up. */
  readonly cause: AnywhereError | undefined;
}

export type ServerAction =
  | { readonly type: 'launched' }
  | { readonly type: 'initialized' }
  /** It did not come up. */
  | { readonly type: 'start-failed'; readonly cause: AnywhereError }
  /** It was up and is gone by itself. */
  | { readonly type: 'ended'; readonly cause: AnywhereError }
  /** We ended it: nothing is wrong. `wasReady` says which count it leaves. */
  | { readonly type: 'stopped'; readonly wasReady: boolean };

export type ServerStateKind = 'idle' | 'starting' | 'ready' | 'failed';

export const INITIAL_SERVER_STATE: ServerState = { starting: 0, ready: 0, cause: undefined };

export function reduceServer(state: ServerState, action: ServerAction): ServerState {
  switch (action.type) {
    case 'launched':
      return { ...state, starting: state.starting + 1 };
    case 'initialized':
      return { starting: state.starting - 1, ready: state.ready + 1, cause: undefined };
    case 'start-failed':
      return { ...state, starting: state.starting - 1, cause: action.cause };
    case 'ended':
      return { ...state, ready: state.ready - 1, cause: action.cause };
    case 'stopped':
      return action.wasReady ? { ...state, ready: state.ready - 1 } : { ...state, starting: state.starting - 1 };
  }
}

export function serverStateKind(state: ServerState): ServerStateKind {
  if (state.ready > 0) return 'ready';
  if (state.starting > 0) return 'starting';
  return state.cause === undefined ? 'idle' : 'failed';
}

/** What is known of one configured server, over all its instances. A pure reducer; the unit dispatches. */
import type { AnywhereError } from '../base/errors.ts';

export interface ServerState {
  readonly starting: number;
  readonly ready: number;
  /** Why the last one is not there any more; forgotten when one comes up. */
  readonly cause: AnywhereError | undefined;
  /** Instances in a row that were of no use: they did not come up, or ended early without having answered a client. */
  readonly failures: number;
}

export type ServerAction =
  | { readonly type: 'launched' }
  | { readonly type: 'initialized' }
  /** It did not come up. */
  | { readonly type: 'start-failed'; readonly cause: AnywhereError }
  /** It was up and is gone by itself. `worked`: it had answered a client, or been up for a good while. */
  | { readonly type: 'ended'; readonly cause: AnywhereError; readonly worked: boolean }
  /** We ended it: nothing is wrong. `wasReady` says which count it leaves. */
  | { readonly type: 'stopped'; readonly wasReady: boolean }
  /** One has been up for a good while. */
  | { readonly type: 'lasted' }
  /** The user wants it tried anew. */
  | { readonly type: 'forgiven' };

export type ServerStateKind = 'idle' | 'starting' | 'ready' | 'failed' | 'crash-loop';

export const INITIAL_SERVER_STATE: ServerState = { starting: 0, ready: 0, cause: undefined, failures: 0 };

/** With so many failures in a row, calls are not made to wait for the next one. */
const CRASH_LOOP = 3;

export function reduceServer(state: ServerState, action: ServerAction): ServerState {
  const { starting, ready, failures } = state;
  switch (action.type) {
    case 'launched':
      return { ...state, starting: starting + 1 };
    case 'initialized':
      return { ...state, starting: starting - 1, ready: ready + 1, cause: undefined };
    case 'start-failed':
      return { ...state, starting: starting - 1, cause: action.cause, failures: failures + 1 };
    case 'ended':
      return { ...state, ready: ready - 1, cause: action.cause, failures: action.worked ? 1 : failures + 1 };
    case 'stopped':
      return action.wasReady ? { ...state, ready: ready - 1 } : { ...state, starting: starting - 1 };
    case 'lasted':
      return { ...state, failures: 0 };
    case 'forgiven':
      return { ...state, cause: undefined, failures: 0 };
  }
}

/** True from the failure on that makes it one, until one comes up. */
export function isCrashLoop({ failures, cause }: ServerState): boolean {
  return failures >= CRASH_LOOP && cause !== undefined;
}

export function serverStateKind(state: ServerState): ServerStateKind {
  if (state.ready > 0) return 'ready';
  if (isCrashLoop(state)) return 'crash-loop';
  if (state.starting > 0) return 'starting';
  return state.cause === undefined ? 'idle' : 'failed';
}

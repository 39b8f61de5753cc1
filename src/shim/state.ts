/** The states of the shim and their transitions: a pure reducer, so that tests can play crashing daemons as events. */
import { AnywhereError } from '../base/errors.ts';

export type ShimState =
  /** `hasLeft`: the client has closed its end, and its requests still need answers. */
  | { readonly kind: 'connecting'; readonly failures: number; readonly isFirst: boolean; readonly hasLeft: boolean }
  | { readonly kind: 'relaying'; readonly failures: number; readonly sinceMs: number }
  /** Until the next attempt. */
  | { readonly kind: 'waiting'; readonly failures: number }
  /** Without a daemon until the next request. `cause`: the answer to requests before `retryAtMs`. */
  | {
      readonly kind: 'resting';
      readonly failures: number;
      readonly cause: AnywhereError | undefined;
      readonly retryAtMs: number;
    }
  /** No daemon ever answered. The client gets the cause before the end. */
  | { readonly kind: 'failing'; readonly cause: AnywhereError }
  /** The client is gone. The last output of the daemon still passes. */
  | { readonly kind: 'leaving' }
  | { readonly kind: 'ended'; readonly cause: AnywhereError | undefined };

export type ShimEvent =
  /** A daemon answers. Times are from the monotonic clock, ms. */
  | { readonly type: 'connected'; readonly atMs: number }
  /** No daemon could be reached or started. */
  | { readonly type: 'failed'; readonly cause: AnywhereError; readonly atMs: number }
  /** The connection ended. `isOrderly`: the daemon was stopped. `isIdle`: no request is pending. */
  | { readonly type: 'lost'; readonly isOrderly: boolean; readonly isIdle: boolean; readonly atMs: number }
  /** A delay is over. */
  | { readonly type: 'waited' }
  /** The client sent a request while there is no daemon. */
  | { readonly type: 'asked'; readonly atMs: number }
  /** The client closed its end. */
  | { readonly type: 'left' }
  /** A signal, or the parent's death. */
  | { readonly type: 'stopped' };

/** A daemon that served longer did not crash because of its start. */
const STABLE_MS = 30_000;
/** The number of daemons in a row that may end early. */
const MAX_FAILURES = 5;
/** The time without new attempts, in which every request gets the cause. */
const REST_MS = 10_000;

export const FIRST_STATE: ShimState = { kind: 'connecting', failures: 0, isFirst: true, hasLeft: false };

/** The state after `event`; the same object where the event does not apply. */
export function reduceShim(state: ShimState, event: ShimEvent): ShimState {
  if (state.kind === 'ended') return state;
  switch (event.type) {
    case 'connected':
      if (state.kind !== 'connecting') return state;
      return state.hasLeft ? { kind: 'leaving' } : { kind: 'relaying', failures: state.failures, sinceMs: event.atMs };
    case 'failed':
      return state.kind === 'connecting' ? unreachable(state, event.cause, event.atMs) : state;
    case 'lost':
      return afterLoss(state, event);
    case 'waited':
      return afterDelay(state);
    case 'asked':
      return state.kind === 'resting' && event.atMs >= state.retryAtMs ? connecting(state.failures) : state;
    case 'left':
      return afterLeaving(state);
    case 'stopped':
      return { kind: 'ended', cause: undefined };
  }
}

function connecting(failures: number): ShimState {
  return { kind: 'connecting', failures, isFirst: false, hasLeft: false };
}

function unreachable(
  { isFirst, failures, hasLeft }: Extract<ShimState, { kind: 'connecting' }>,
  cause: AnywhereError,
  atMs: number,
): ShimState {
  if (hasLeft) return { kind: 'ended', cause };
  if (isFirst) return { kind: 'failing', cause };
  return { kind: 'resting', failures, cause, retryAtMs: atMs + REST_MS };
}

function afterLoss(state: ShimState, event: Extract<ShimEvent, { type: 'lost' }>): ShimState {
  if (state.kind === 'leaving') return { kind: 'ended', cause: undefined };
  if (state.kind !== 'relaying' && state.kind !== 'connecting') return state;
  if (state.kind === 'connecting' && state.hasLeft) return { kind: 'ended', cause: undefined };
  if (event.isOrderly && event.isIdle) return { kind: 'resting', failures: 0, cause: undefined, retryAtMs: event.atMs };
  const wasStable = state.kind === 'relaying' && event.atMs - state.sinceMs >= STABLE_MS;
  const failures = event.isOrderly || wasStable ? 1 : state.failures + 1;
  if (failures <= MAX_FAILURES) return { kind: 'waiting', failures };
  return { kind: 'resting', failures: MAX_FAILURES, cause: keepsEnding(), retryAtMs: event.atMs + REST_MS };
}

function keepsEnding(): AnywhereError {
  return new AnywhereError(
    'NO_DAEMON',
    `The daemon ended ${MAX_FAILURES + 1} times in a row shortly after its start.`,
    {
      hint: 'mcp-anywhere tools, in a terminal, shows why',
    },
  );
}

function afterDelay(state: ShimState): ShimState {
  switch (state.kind) {
    case 'waiting':
      return connecting(state.failures);
    case 'failing':
      return { kind: 'ended', cause: state.cause };
    case 'leaving':
      return { kind: 'ended', cause: undefined };
    default:
      return state;
  }
}

function afterLeaving(state: ShimState): ShimState {
  switch (state.kind) {
    case 'connecting':
      if (!state.isFirst) return { kind: 'ended', cause: undefined };
      return state.hasLeft ? state : { ...state, hasLeft: true };
    case 'relaying':
      return { kind: 'leaving' };
    case 'failing':
      return { kind: 'ended', cause: state.cause };
    case 'leaving':
      return state;
    default:
      return { kind: 'ended', cause: undefined };
  }
}

/** The state machine of a link, as a pure reducer, and how waiting for a link ends. */

import { orAbort } from '../base/abort.ts';
import { type Unsubscribe } from '../base/emitter.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Link, LinkState } from './contract.ts';

export type LinkAction =
  | { readonly type: 'dial'; readonly atMs: number }
  | { readonly type: 'connected'; readonly atMs: number }
  | { readonly type: 'echo'; readonly rttMs: number }
  /** The next attempt comes at `retryAtMs` (wall clock). */
  | { readonly type: 'failed'; readonly cause: AnywhereError; readonly retryAtMs: number }
  /** The last connection ended. `attempt` counts on where the connection did not last. */
  | { readonly type: 'lost'; readonly cause: AnywhereError; readonly retryAtMs: number; readonly attempt: number }
  | { readonly type: 'refused'; readonly cause: AnywhereError }
  | { readonly type: 'closed' };

/** Returns the same object where the action does not apply. */
export function reduceLink(state: LinkState, action: LinkAction): LinkState {
  if (state.kind === 'closed') return state;
  switch (action.type) {
    case 'dial':
      return dialling(state, action.atMs);
    case 'connected':
      return state.kind === 'connecting' ? { kind: 'ready', sinceMs: action.atMs, rttMs: undefined } : state;
    case 'echo':
      return state.kind === 'ready' ? { ...state, rttMs: action.rttMs } : state;
    case 'failed':
      if (state.kind !== 'connecting') return state;
      return { kind: 'waiting', retryAtMs: action.retryAtMs, attempt: state.attempt, cause: action.cause };
    case 'lost':
      if (state.kind !== 'ready') return state;
      return { kind: 'waiting', retryAtMs: action.retryAtMs, attempt: action.attempt, cause: action.cause };
    case 'refused':
      return state.kind === 'connecting' || state.kind === 'ready' ? { kind: 'refused', cause: action.cause } : state;
    case 'closed':
      return { kind: 'closed' };
  }
}

function dialling(state: LinkState, atMs: number): LinkState {
  switch (state.kind) {
    case 'idle':
      return { kind: 'connecting', sinceMs: atMs, attempt: 1, lastCause: undefined };
    case 'waiting':
      return { kind: 'connecting', sinceMs: atMs, attempt: state.attempt + 1, lastCause: state.cause };
    case 'refused':
      return { kind: 'connecting', sinceMs: atMs, attempt: 1, lastCause: state.cause };
    default:
      return state;
  }
}

/** How waiting for `ready` ends in this state; undefined while undecided. */
export function outcome(state: LinkState, host: string): (() => Promise<void>) | undefined {
  switch (state.kind) {
    case 'ready':
      return () => Promise.resolve();
    case 'refused':
      return () => Promise.reject(state.cause);
    case 'closed':
      return () => Promise.reject(new AnywhereError('LINK_LOST', 'The link was closed', { host }));
    default:
      return undefined;
  }
}

/** Resolves once the link is ready; rejects where the attempt under way fails, or with the signal's reason. */
export function nextOutcome(link: Pick<Link, 'host' | 'onChange'>, signal: AbortSignal): Promise<void> {
  let unsubscribe: Unsubscribe = () => undefined;
  const next = new Promise<void>((resolve, reject) => {
    unsubscribe = link.onChange(({ to }) => {
      const settled = to.kind === 'waiting' ? () => Promise.reject(to.cause) : outcome(to, link.host);
      settled?.().then(resolve, reject);
    });
  });
  return orAbort(next, signal).finally(unsubscribe);
}

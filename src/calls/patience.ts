/** How long calls wait: for a host at most as long as a person or a model would. */
import type { Clock } from '../base/clock.ts';
import type { Emitter } from '../base/emitter.ts';
import type { LinkState } from '../link/contract.ts';

/** Enough for one attempt to connect. */
const WAITING_MS = 3_000;
const CONNECTING_MS = 30_000;

/** Milliseconds that a call may wait for its host. 0: the call fails at once with the cause. */
export function patienceMs(state: LinkState, timeoutMs: number): number {
  switch (state.kind) {
    case 'refused':
    case 'closed':
      return 0;
    case 'waiting':
      return Math.min(WAITING_MS, timeoutMs);
    case 'connecting':
      // After a failed attempt the host counts as down, also while the next attempt runs.
      return Math.min(state.lastCause === undefined ? CONNECTING_MS : WAITING_MS, timeoutMs);
    case 'idle':
    case 'ready':
      return Math.min(CONNECTING_MS, timeoutMs);
  }
}

/** Resolves when `isDone()`, checked now and at every event; after `withinMs`; or when `signal` aborts. Never rejects. */
export function waitUntil(
  events: Pick<Emitter<unknown>, 'on'>,
  isDone: () => boolean,
  clock: Clock,
  withinMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (withinMs <= 0 || signal.aborted || isDone()) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      unsubscribe();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(withinMs, finish);
    const unsubscribe = events.on(() => {
      if (isDone()) finish();
    });
    signal.addEventListener('abort', finish, { once: true });
  });
}

/** How long a call waits for its host (DESIGN.md, commands): never longer than a person or a model would. */
import type { Clock } from '../base/clock.ts';
import type { Emitter } from '../base/emitter.ts';
import type { LinkState } from '../link/contract.ts';

/** A host that is being retried gets one attempt now. */
const WAITING_MS = 3_000;
const CONNECTING_MS = 30_000;

/** Milliseconds that a call may wait for the link. 0: answer at once with the cause. */
export function patienceMs(state: LinkState, timeoutMs: number): number {
  switch (state.kind) {
    case 'refused':
    case 'closed':
      return 0;
    case 'waiting':
      return Math.min(WAITING_MS, timeoutMs);
    case 'connecting':
      // Between attempts of a host that is down it is the same host that is down.
      return Math.min(state.lastCause === undefined ? CONNECTING_MS : WAITING_MS, timeoutMs);
    case 'idle':
    case 'ready':
      return Math.min(CONNECTING_MS, timeoutMs);
  }
}

/** Resolves when `isOver()`, looked at now and at every `progress`; after `withinMs`; or when `signal` aborts. Never rejects. */
export function waitUntil(
  progress: Pick<Emitter<unknown>, 'on'>,
  isOver: () => boolean,
  clock: Clock,
  withinMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (withinMs <= 0 || signal.aborted || isOver()) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      unsubscribe();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(withinMs, finish);
    const unsubscribe = progress.on(() => {
      if (isOver()) finish();
    });
    signal.addEventListener('abort', finish, { once: true });
  });
}

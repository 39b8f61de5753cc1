/** Waits for servers, without ever waiting longer than it was told. */
import type { Clock } from '../base/clock.ts';
import type { Emitter } from '../base/emitter.ts';

/** Resolves when `isOver()`, looked at now and at every `progress`; after `withinMs`; or when `signal` aborts. Never rejects. */
export function untilOver(
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

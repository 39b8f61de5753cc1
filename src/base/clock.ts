/** Time is injected, so that tests of state machines need not wait. */

/** Stops a timer; calling it again does nothing. */
export type CancelTimer = () => void;

export interface Clock {
  /** Wall clock, milliseconds since the epoch: for people and files. */
  now(): number;
  /** Monotonic milliseconds: for durations and deadlines. */
  monotonic(): number;
  /** Runs `task` once after `delayMs`. `background` timers do not keep the process alive. */
  after(delayMs: number, task: () => void, options?: { readonly background?: boolean }): CancelTimer;
}

/** Node's own time. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after(delayMs, task, options) {
      const timer = setTimeout(task, delayMs);
      if (options?.background === true) timer.unref();
      return () => {
        clearTimeout(timer);
      };
    },
  };
}

/** Resolves after `delayMs`, or rejects with the signal's reason. */
export function sleep(
  clock: Clock,
  delayMs: number,
  signal?: AbortSignal,
  options?: { readonly background?: boolean },
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const done = (): void => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    };
    const cancel = clock.after(delayMs, done, options);
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Deadlines and cancellation. */
import { once } from 'node:events';
import type { Clock } from './clock.ts';

export interface Deadline {
  readonly signal: AbortSignal;
  /** Stops the timer and detaches from the parent. Call it in `finally`. */
  readonly clear: () => void;
}

/** A signal that aborts with `reason()` after `delayMs`, or when `parent` does. */
export function deadline(clock: Clock, delayMs: number, reason: () => Error, parent?: AbortSignal): Deadline {
  const controller = new AbortController();
  const cancel = clock.after(delayMs, () => {
    controller.abort(reason());
  });
  const onParent = (): void => {
    controller.abort(parent?.reason);
  };
  if (parent?.aborted === true) onParent();
  else parent?.addEventListener('abort', onParent, { once: true });
  return {
    signal: controller.signal,
    clear: () => {
      cancel();
      parent?.removeEventListener('abort', onParent);
    },
  };
}

/** Resolves when the signal aborts. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/**
 * `work`, unless the signal aborts first. The abort does not cancel `work`: pass the signal into `work` for that.
 * @param discard gets a result that arrives after the abort
 */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal, discard?: (late: T) => void): Promise<T> {
  if (signal.aborted) {
    discardLate(work, discard);
    throw signal.reason;
  }
  let detach: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    const onAbort = (): void => {
      discardLate(work, discard);
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    detach = () => {
      signal.removeEventListener('abort', onAbort);
    };
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    detach();
  }
}

function discardLate<T>(work: Promise<T>, discard: (late: T) => void = () => undefined): void {
  work.then(discard, () => undefined);
}

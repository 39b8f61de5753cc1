/** Deadlines and cancellation. */
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

/** `work`, unless the signal aborts first. The loser is not cancelled: pass the signal into it for that. */
export async function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => undefined);
    throw signal.reason;
  }
  let detach: () => void = () => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    const onAbort = (): void => {
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

/** A limit for one step of the doctor: whatever hangs is given up, and a person who is asked takes their time. */
import { orAbort } from '../base/abort.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { AnywhereError } from '../base/errors.ts';

export interface StepLimit {
  readonly clock: Clock;
  readonly limitMs: number;
  /** A person is being asked: the time counts from the end of that. */
  readonly isHeld: () => boolean;
  readonly tooLate: () => AnywhereError;
}

/** @param work is given a signal that aborts at the limit, and a function that begins the time anew: it got on */
export async function within<T>(
  limit: StepLimit,
  signal: AbortSignal,
  work: (signal: AbortSignal, gotOn: () => void) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  let cancel: CancelTimer = () => undefined;
  const begin = (): void => {
    cancel();
    cancel = limit.clock.after(limit.limitMs, () => {
      if (limit.isHeld()) begin();
      else late.abort(limit.tooLate());
    });
  };
  const either = AbortSignal.any([signal, late.signal]);
  begin();
  try {
    return await orAbort(work(either, begin), either);
  } finally {
    cancel();
  }
}

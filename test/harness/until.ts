/** Waiting for a condition instead of for a time. */
import { setTimeout as sleep } from 'node:timers/promises';

interface UntilOptions {
  readonly withinMs?: number;
  readonly everyMs?: number;
  /** What was waited for, for the failure's text; a function is asked at the end. */
  readonly what?: string | (() => string);
}

/** Resolves with the first value that is neither undefined, null nor false. Rejects after `withinMs` (10 s). */
export async function until<T>(
  probe: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  const { withinMs = 10_000, everyMs = 20, what = 'the condition' } = options;
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined && value !== null && value !== false) return value as Exclude<T, undefined | null | false>;
    if (performance.now() > deadline)
      throw new Error(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`);
    await sleep(everyMs);
  }
}

/** Waiting for a condition instead of for a time. A test that waits for a value says so with `expect.poll`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

interface UntilOptions {
  readonly withinMs?: number;
  readonly everyMs?: number;
  /** What was waited for; a function is asked at the end. Left out: the condition's own source. */
  readonly what?: string | (() => string);
}

/**
 * Resolves with the first value that is neither undefined, null nor false. Rejects after `withinMs` (10 s) with what was
 * waited for and the last value seen, and at once with an error that `look` throws.
 */
export async function until<T>(
  look: () => T | Promise<T>,
  options: UntilOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  const { withinMs = 10_000, everyMs = 20, what = sourceOf(look) } = options;
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== null && value !== false) return value as Exclude<T, undefined | null | false>;
    if (performance.now() > deadline) {
      const wanted = typeof what === 'string' ? what : what();
      throw new Error(`not within ${withinMs} ms: ${wanted} (last seen: ${inspect(value)})`);
    }
    await sleep(everyMs);
  }
}

function sourceOf(look: () => unknown): string {
  return String(look).replaceAll(/\s+/gu, ' ').slice(0, 300);
}

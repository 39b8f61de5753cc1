/**
 * How long calls take lately: a mean that forgets with time, rises at once, and falls slowly.
 *
 * It sinks while nothing is measured, so that whoever was slow once is tried again and not judged for ever.
 */

/** What was measured so long ago counts for 1/e. */
const MEMORY_MS = 10_000;

/** What a failure counts for where no call was ever answered: who fails quickly must not look quick. */
const FAILED_MS = 1_000;

export class MovingLatency {
  #latencyMs: number | undefined;
  #atMs = 0;

  /** Undefined before the first measurement. */
  at(nowMs: number): number | undefined {
    return this.#latencyMs === undefined ? undefined : this.#latencyMs * forgotten(nowMs - this.#atMs);
  }

  answered(latencyMs: number, nowMs: number): void {
    const before = this.#latencyMs;
    const weight = forgotten(nowMs - this.#atMs);
    // Not `at`: what was not asked meanwhile has not become quicker.
    this.#latencyMs =
      before === undefined || latencyMs > before ? latencyMs : before * weight + latencyMs * (1 - weight);
    this.#atMs = nowMs;
  }

  /** Never makes it look quicker. */
  failed(latencyMs: number, nowMs: number): void {
    this.#latencyMs = Math.max(latencyMs, this.#latencyMs ?? FAILED_MS);
    this.#atMs = nowMs;
  }
}

function forgotten(elapsedMs: number): number {
  return Math.exp(-Math.max(0, elapsedMs) / MEMORY_MS);
}

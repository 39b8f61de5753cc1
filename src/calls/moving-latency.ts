/**
 * How long calls take lately: a mean that rises at once and falls slowly while calls go on.
 *
 * The mean sinks while nothing is measured: where calls are rare, a member that was slow is still tried again.
 */

/** After so long a measurement counts for 1/e. */
const MEMORY_MS = 10_000;

/** After so long without a call the next answer says more than all earlier ones. */
const PAUSE_MS = 2_000;

/** What a failure counts for where no call was ever answered: who fails quickly must not look quick. */
const FAILED_MS = 1_000;

export class MovingLatency {
  #latencyMs: number | undefined;
  #atMs = 0;

  /** Undefined before the first measurement. */
  at(nowMs: number): number | undefined {
    return this.#latencyMs === undefined ? undefined : this.#latencyMs * forgotten(nowMs - this.#atMs);
  }

  /** Since the last measurement. */
  ageMs(nowMs: number): number | undefined {
    return this.#latencyMs === undefined ? undefined : Math.max(0, nowMs - this.#atMs);
  }

  answered(latencyMs: number, nowMs: number): void {
    const before = this.#latencyMs;
    const elapsedMs = nowMs - this.#atMs;
    const weight = forgotten(elapsedMs);
    // Not `at`: a member that was not called meanwhile has not become quicker.
    this.#latencyMs =
      before === undefined || latencyMs > before || elapsedMs > PAUSE_MS
        ? latencyMs
        : before * weight + latencyMs * (1 - weight);
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

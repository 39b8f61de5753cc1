/** A token bucket for the log lines of one server. */

export interface LineRate {
  /** Lines allowed at once. */
  readonly burst: number;
  /** Lines a second in the long run. */
  readonly perSecond: number;
}

export class LineBudget {
  readonly #rate: () => LineRate;
  #tokens: number;
  #atMs: number;

  /** @param rate asked again for every line */
  constructor(rate: () => LineRate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate().burst;
    this.#atMs = nowMs;
  }

  /** Whether one more line fits, at monotonic `nowMs`. */
  take(nowMs: number): boolean {
    const { burst, perSecond } = this.#rate();
    const earned = ((nowMs - this.#atMs) / 1000) * perSecond;
    this.#tokens = Math.min(burst, this.#tokens + Math.max(0, earned));
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

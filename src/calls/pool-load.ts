/** What a pool knows of its members: their load, how quick they are, and since when they are there. */
import { MovingLatency } from './moving-latency.ts';
import type { Contender } from './pool-choice.ts';

/** So long after it came back a member takes its whole share again. */
const SLOW_START_MS = 30_000;
/** With so much of it it begins. */
const FIRST_SHARE = 0.1;

export class MemberLoad {
  readonly id: string;
  readonly #latency = new MovingLatency();
  #inFlight = 0;
  #upSinceMs: number | undefined;
  #returnedAtMs: number | undefined;

  /** @param id `host/server` */
  constructor(id: string) {
    this.id = id;
  }

  /** Its host has been connected since then, wall clock. Another time than before: it was away meanwhile. */
  upSince(sinceMs: number): void {
    if (this.#upSinceMs !== undefined && this.#upSinceMs !== sinceMs) this.#returnedAtMs = sinceMs;
    this.#upSinceMs = sinceMs;
  }

  began(): void {
    this.#inFlight += 1;
  }

  /** @param nowMs monotonic. `latencyMs` undefined: it says nothing about how quick the member is */
  ended(isOk: boolean, latencyMs: number | undefined, nowMs: number): void {
    this.#inFlight -= 1;
    if (!isOk) this.#latency.failed(latencyMs ?? 0, nowMs);
    else if (latencyMs !== undefined) this.#latency.answered(latencyMs, nowMs);
  }

  /** @param wallMs wall clock; `nowMs` monotonic */
  contender(nowMs: number, wallMs: number): Contender {
    return {
      id: this.id,
      inFlight: this.#inFlight,
      latencyMs: this.#latency.at(nowMs),
      measuredMsAgo: this.#latency.ageMs(nowMs),
      share: this.#share(wallMs),
    };
  }

  #share(wallMs: number): number {
    if (this.#returnedAtMs === undefined) return 1;
    const part = Math.max(0, wallMs - this.#returnedAtMs) / SLOW_START_MS;
    return Math.min(1, FIRST_SHARE + (1 - FIRST_SHARE) * part);
  }
}

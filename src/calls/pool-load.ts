/** What a pool knows of its members: their load, how quick they are, and since when they are there. */
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

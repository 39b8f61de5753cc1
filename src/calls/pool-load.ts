/** The load of a pool's member: pending calls, latency, and slow start after its host came back. */
import type { Contender } from './pool-choice.ts';

/** A member whose host came back takes its full share after this time. */
const SLOW_START_MS = 30_000;
/** The share at the begin of the slow start. */
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

  /** @param sinceMs when the host connected, wall clock. A changed time means that the host was away. */
  upSince(sinceMs: number): void {
    if (this.#upSinceMs !== undefined && this.#upSinceMs !== sinceMs) this.#returnedAtMs = sinceMs;
    this.#upSinceMs = sinceMs;
  }

  began(): void {
    this.#inFlight += 1;
  }

  /** @param nowMs monotonic; `latencyMs` undefined: the call is no measurement */
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

/** After this time a measurement has a weight of 1/e. */
const MEMORY_MS = 10_000;

/** After this time without a call the next answer replaces all earlier measurements. */
const PAUSE_MS = 2_000;

/** The latency of a member that failed and never answered: a quick failure must not look like a fast member. */
const FAILED_MS = 1_000;

/**
 * A moving mean of call latency that rises at once and falls slowly. The mean also decays while nothing is measured, so
 * that a slow member is tried again even where calls are rare.
 */
export class MovingLatency {
  #latencyMs: number | undefined;
  #atMs = 0;

  /** Undefined before the first measurement. */
  at(nowMs: number): number | undefined {
    return this.#latencyMs === undefined ? undefined : this.#latencyMs * forgotten(nowMs - this.#atMs);
  }

  /** Time since the last measurement. */
  ageMs(nowMs: number): number | undefined {
    return this.#latencyMs === undefined ? undefined : Math.max(0, nowMs - this.#atMs);
  }

  answered(latencyMs: number, nowMs: number): void {
    const before = this.#latencyMs;
    const elapsedMs = nowMs - this.#atMs;
    const weight = forgotten(elapsedMs);
    // Not `at`: a member does not become faster while it gets no calls.
    this.#latencyMs =
      before === undefined || latencyMs > before || elapsedMs > PAUSE_MS
        ? latencyMs
        : before * weight + latencyMs * (1 - weight);
    this.#atMs = nowMs;
  }

  /** Never lowers the mean. */
  failed(latencyMs: number, nowMs: number): void {
    this.#latencyMs = Math.max(latencyMs, this.#latencyMs ?? FAILED_MS);
    this.#atMs = nowMs;
  }
}

function forgotten(elapsedMs: number): number {
  return Math.exp(-Math.max(0, elapsedMs) / MEMORY_MS);
}

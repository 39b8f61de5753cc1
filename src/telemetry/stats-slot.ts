/** What is counted of calls, in one stretch of time. */
import { type Counts, classOf, DURATION_CLASSES, packed, sumOf } from './histogram.ts';

export interface Totals {
  readonly calls: number;
  readonly errors: number;
  /** Of requests, as the client wrote them. */
  readonly bytesIn: number;
  /** Of answers, as the server wrote them. */
  readonly bytesOut: number;
  readonly durations: Counts;
}

export interface Slot extends Totals {
  /** Wall clock, ms: a multiple of `spanMs`. */
  readonly startMs: number;
  readonly spanMs: number;
}

export function together(a: Totals, b: Totals): Totals {
  return {
    calls: a.calls + b.calls,
    errors: a.errors + b.errors,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    durations: sumOf(a.durations, b.durations),
  };
}

/** Adds up many. */
export class Sum {
  readonly #durations = new Uint32Array(DURATION_CLASSES);
  #calls = 0;
  #errors = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  add({ calls, errors, bytesIn, bytesOut, durations }: Totals): void {
    this.#calls += calls;
    this.#errors += errors;
    this.#bytesIn += bytesIn;
    this.#bytesOut += bytesOut;
    for (let at = 0; at < durations.length; at += 2) {
      const durationClass = durations[at] ?? 0;
      this.#durations[durationClass] = (this.#durations[durationClass] ?? 0) + (durations[at + 1] ?? 0);
    }
  }

  get totals(): Totals {
    return {
      calls: this.#calls,
      errors: this.#errors,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      durations: packed(this.#durations),
    };
  }
}

/** What is being counted now: every call of every client comes through here. */
export class Tally {
  /** It was taken over: who has it must ask for another. */
  isOver = false;
  readonly #durations = new Uint32Array(DURATION_CLASSES);
  #calls = 0;
  #errors = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  add(durationMs: number, isError: boolean, bytesIn: number, bytesOut: number): void {
    const durationClass = classOf(durationMs);
    this.#durations[durationClass] = (this.#durations[durationClass] ?? 0) + 1;
    this.#calls += 1;
    if (isError) this.#errors += 1;
    this.#bytesIn += bytesIn;
    this.#bytesOut += bytesOut;
  }

  get totals(): Totals {
    return {
      calls: this.#calls,
      errors: this.#errors,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      durations: packed(this.#durations),
    };
  }
}

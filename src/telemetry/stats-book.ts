/**
 * Counts by subject (a tool, a client) over a day: the last hour in slots of five minutes, what is before it in
 * slots of half an hour. Only used subjects have slots, and the least recently used ones make room.
 */
import type { StatWindow } from '../api/control.ts';
import { type Counts, classOf, DURATION_CLASSES, packed, sumOf } from './histogram.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const FINE_MS = 5 * MINUTE_MS;
const COARSE_MS = 30 * MINUTE_MS;

const WINDOWS: Readonly<Record<StatWindow, number>> = { hour: HOUR_MS, day: 24 * HOUR_MS };

/** All tools of the largest supported hosts file, and some clients. */
const MAX_SUBJECTS = 12_000;

/** The five-minute slot of a moment. */
export function slotAt(nowMs: number): { readonly startMs: number; readonly endMs: number } {
  const startMs = nowMs - (nowMs % FINE_MS);
  return { startMs, endMs: startMs + FINE_MS };
}

export class StatsBook {
  readonly #subjects = new Map<string, readonly Slot[]>();

  /** @param startMs of `slotAt` */
  add(subject: string, startMs: number, totals: Totals): void {
    this.addSlots(subject, [{ ...totals, startMs, spanMs: FINE_MS }]);
  }

  /** @param slots no two of the same time */
  addSlots(subject: string, slots: readonly Slot[]): void {
    const known = this.#subjects.get(subject);
    this.#subjects.set(subject, known === undefined ? slots : slots.reduce(withSlot, known));
  }

  addAll(other: StatsBook): void {
    for (const [subject, slots] of other.#subjects) this.addSlots(subject, slots);
  }

  get isEmpty(): boolean {
    return this.#subjects.size === 0;
  }

  get subjects(): ReadonlyMap<string, readonly Slot[]> {
    return this.#subjects;
  }

  /** Sums for each subject in the window that ends now. A slot counts as a whole. */
  totals(window: StatWindow, nowMs: number): ReadonlyMap<string, Totals> {
    const sinceMs = nowMs - WINDOWS[window];
    const sums = new Map<string, Totals>();
    for (const [subject, slots] of this.#subjects) {
      const within = slots.filter(({ startMs, spanMs }) => startMs + spanMs > sinceMs);
      if (within.length === 0) continue;
      const sum = new Sum();
      for (const slot of within) sum.add(slot);
      sums.set(subject, sum.totals);
    }
    return sums;
  }

  /** Joins slots older than an hour, drops slots older than a day or in the future, and drops the least recent subjects beyond the limit. */
  tidy(nowMs: number): void {
    for (const [subject, slots] of this.#subjects) {
      const kept = slots.filter((slot) => isOfToday(slot, nowMs)).map((slot) => aged(slot, nowMs));
      if (kept.length === 0) this.#subjects.delete(subject);
      else this.#subjects.set(subject, kept.reduce<readonly Slot[]>(withSlot, []));
    }
    const surplus = this.#subjects.size - MAX_SUBJECTS;
    if (surplus > 0) for (const subject of this.#leastRecent(surplus)) this.#subjects.delete(subject);
  }

  #leastRecent(count: number): readonly string[] {
    const lastMs = (slots: readonly Slot[]): number => Math.max(...slots.map(({ startMs }) => startMs));
    return [...this.#subjects]
      .map(([subject, slots]) => ({ subject, lastMs: lastMs(slots) }))
      .sort((a, b) => a.lastMs - b.lastMs)
      .slice(0, count)
      .map(({ subject }) => subject);
  }
}

function withSlot(slots: readonly Slot[], slot: Slot): readonly Slot[] {
  const isSame = ({ startMs, spanMs }: Slot): boolean => startMs === slot.startMs && spanMs === slot.spanMs;
  if (!slots.some(isSame)) return [...slots, slot];
  return slots.map((known) => (isSame(known) ? { ...slot, ...together(known, slot) } : known));
}

function isOfToday({ startMs, spanMs }: Slot, nowMs: number): boolean {
  // A clock that was set back leaves slots that would be recent for ever.
  return startMs + spanMs > nowMs - WINDOWS.day && startMs <= nowMs + FINE_MS;
}

function aged(slot: Slot, nowMs: number): Slot {
  if (slot.spanMs === COARSE_MS || slot.startMs + slot.spanMs > nowMs - WINDOWS.hour) return slot;
  return { ...slot, startMs: slot.startMs - (slot.startMs % COARSE_MS), spanMs: COARSE_MS };
}

/** Counts of calls in one period. */
export interface Totals {
  readonly calls: number;
  readonly errors: number;
  /** Bytes of requests as the client wrote them. */
  readonly bytesIn: number;
  /** Bytes of answers as the server wrote them. */
  readonly bytesOut: number;
  readonly durations: Counts;
}

export interface Slot extends Totals {
  /** Wall clock, ms: a multiple of `spanMs`. */
  readonly startMs: number;
  readonly spanMs: number;
}

function together(a: Totals, b: Totals): Totals {
  return {
    calls: a.calls + b.calls,
    errors: a.errors + b.errors,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    durations: sumOf(a.durations, b.durations),
  };
}

/** Counts of many periods, or of many calls, added up. */
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
    for (let at = 0; at < durations.length; at += 2) this.#count(durations[at] ?? 0, durations[at + 1] ?? 0);
  }

  addCall(durationMs: number, isError: boolean, bytesIn: number, bytesOut: number): void {
    this.#calls += 1;
    if (isError) this.#errors += 1;
    this.#bytesIn += bytesIn;
    this.#bytesOut += bytesOut;
    this.#count(classOf(durationMs), 1);
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

  #count(durationClass: number, calls: number): void {
    this.#durations[durationClass] = (this.#durations[durationClass] ?? 0) + calls;
  }
}

/** The current counts: every call of every client is added here. */
export class Tally {
  /** The counts were taken over: ask for another tally. */
  isOver = false;
  readonly #sum = new Sum();

  add(durationMs: number, isError: boolean, bytesIn: number, bytesOut: number): void {
    this.#sum.addCall(durationMs, isError, bytesIn, bytesOut);
  }

  get totals(): Totals {
    return this.#sum.totals;
  }
}

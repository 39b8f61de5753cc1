/**
 * Counts calls by subject, and keeps the counts of a day on disk across restarts.
 *
 * What is counted now stands in tallies; once a minute at most they are added to the file. Several processes may
 * work for one hosts file, so the file is read again before it is written, and only what is ours is added to it.
 */
import type { StatWindow } from '../api/control.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Scope } from '../base/scope.ts';
import { StatsBook, slotAt, Tally, type Totals } from './stats-book.ts';
import { readStats, writeStats } from './stats-file.ts';

/** The most that is lost when this process is killed. */
const SAVE_MS = 60_000;

/** Saving takes at most a hundredth of the time, however large the file is. */
const REST_FACTOR = 100;

export interface CallStatsDeps {
  readonly file: string;
  readonly clock: Clock;
  /** Owns the saving. */
  readonly scope: Pick<Scope, 'run'>;
  /** The file was unreadable and was moved to this path. */
  readonly onBroken: (file: string) => void;
  /** Reading or writing failed. The counts are kept, and the write is repeated. */
  readonly onError: (error: unknown) => void;
}

export class CallStats {
  readonly #deps: CallStatsDeps;
  readonly #tallies = new Map<string, Tally>();
  /** Counts that are not in the file yet. */
  #unsaved = new StatsBook();
  /** The file, as last read or written; `atMs` is monotonic. */
  #lastRead: { readonly book: StatsBook; readonly atMs: number } | undefined;
  /** When the first tally was created, wall clock. */
  #sinceMs = 0;
  #isFailing = false;
  #cancelSave: CancelTimer | undefined;
  #working: Promise<void> = Promise.resolve();
  #lastSaveMs = 0;

  constructor(deps: CallStatsDeps) {
    this.#deps = deps;
  }

  /** The tally of this subject, until its `isOver` is true. */
  tally(subject: string): Tally {
    const known = this.#tallies.get(subject);
    if (known !== undefined) return known;
    const tally = new Tally();
    if (this.#tallies.size === 0) this.#sinceMs = this.#deps.clock.now();
    this.#tallies.set(subject, tally);
    this.#saveLater();
    return tally;
  }

  /** Sums of the window that ends now, by subject. Never rejects: an unreadable file is reported and left out. */
  async totals(window: StatWindow): Promise<ReadonlyMap<string, Totals>> {
    const book = new StatsBook();
    await this.#alone(async () => {
      this.#takeTallies();
      book.addAll(this.#unsaved);
      book.addAll(await this.#saved());
    });
    return book.totals(window, this.#deps.clock.now());
  }

  /** Adds the counts to the file. Never rejects. */
  save(): Promise<void> {
    this.#cancelSave?.();
    this.#cancelSave = undefined;
    return this.#alone(() => this.#save());
  }

  /** Saves for the last time. Never rejects. */
  async close(): Promise<void> {
    await this.save();
    this.#cancelSave?.();
  }

  async #save(): Promise<void> {
    this.#takeTallies();
    if (this.#unsaved.isEmpty) return;
    const { clock, file } = this.#deps;
    const startedMs = clock.monotonic();
    const book = await this.#read();
    book.addAll(this.#unsaved);
    book.tidy(clock.now());
    await writeStats(file, book);
    this.#unsaved = new StatsBook();
    this.#lastRead = { book, atMs: clock.monotonic() };
    this.#lastSaveMs = clock.monotonic() - startedMs;
  }

  async #saved(): Promise<StatsBook> {
    const { clock } = this.#deps;
    const known = this.#lastRead;
    if (known !== undefined && clock.monotonic() - known.atMs < SAVE_MS) return known.book;
    const book = await this.#read();
    this.#lastRead = { book, atMs: clock.monotonic() };
    return book;
  }

  #read(): Promise<StatsBook> {
    return readStats(this.#deps.file, this.#deps.onBroken);
  }

  /** One read or write after the other. A failure is reported once, and the counts are written again later. */
  #alone(work: () => Promise<void>): Promise<void> {
    this.#working = this.#working.then(work).then(
      () => {
        this.#isFailing = false;
      },
      (error: unknown) => {
        if (!this.#isFailing) this.#deps.onError(error);
        this.#isFailing = true;
        if (!this.#unsaved.isEmpty) this.#saveLater();
      },
    );
    return this.#working;
  }

  #takeTallies(): void {
    const { startMs } = slotAt(this.#sinceMs);
    for (const [subject, tally] of this.#tallies) {
      tally.isOver = true;
      const { totals } = tally;
      if (totals.calls > 0) this.#unsaved.add(subject, startMs, totals);
    }
    this.#tallies.clear();
    this.#unsaved.tidy(this.#deps.clock.now());
  }

  #saveLater(): void {
    const nowMs = this.#deps.clock.now();
    const delayMs = Math.max(Math.min(SAVE_MS, slotAt(nowMs).endMs - nowMs), this.#lastSaveMs * REST_FACTOR);
    this.#cancelSave ??= this.#deps.clock.after(
      delayMs,
      () => {
        this.#deps.scope.run(this.save());
      },
      { background: true },
    );
  }
}

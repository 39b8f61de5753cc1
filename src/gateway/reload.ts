/**
 * Reads the hosts file again, on demand or after an edit. A hosts file with a mistake or without trust changes nothing: the
 * last good version stays in force, and the problem is reported until the file is corrected.
 */
import { type AnywhereError, asAnywhereError, type ErrorReport, reportOf } from '../base/errors.ts';
import { Turns } from '../base/turns.ts';
import type { Plan } from '../config/plan.ts';

/** The source of the Plan. */
export interface HostsFileSource {
  /** Throws AnywhereError CONFIG_*. */
  load(): Promise<Plan>;
  /** Calls `onChange` when the watch begins and after every change, until `signal` aborts. */
  watch(onChange: () => void, signal: AbortSignal): Promise<void>;
}

/** The outcome of reading the hosts file again. Not inferred from the schema: users of the library have no zod. */
export interface ReloadReport {
  /** The changes, a line each, like `gpu1/files: restarts`. Empty: nothing differs, or the file has a problem. */
  readonly changed: readonly string[];
  /** Why nothing changed: CONFIG_*, with file, line and column as evidence. */
  readonly problem?: ErrorReport;
}

export interface ReloaderDeps {
  readonly load: () => Promise<Plan>;
  /** @returns the changes, a line each */
  readonly apply: (plan: Plan) => readonly string[];
  /** Called after a change, a new problem, or a corrected problem. */
  readonly tell: (report: ReloadReport, problem: AnywhereError | undefined) => void;
}

export class Reloader {
  readonly #deps: ReloaderDeps;
  readonly #turns = new Turns(1);
  #problem: ErrorReport | undefined;

  constructor(deps: ReloaderDeps) {
    this.#deps = deps;
  }

  /** Why the current hosts file is not in force. */
  get problem(): ErrorReport | undefined {
    return this.#problem;
  }

  /** One reload at a time: the last one sees the latest file. */
  reload(): Promise<ReloadReport> {
    return this.#turns.run(() => this.#reload());
  }

  async #reload(): Promise<ReloadReport> {
    try {
      const changed = this.#deps.apply(await this.#deps.load());
      const wasBroken = this.#problem !== undefined;
      this.#problem = undefined;
      if (wasBroken || changed.length > 0) this.#deps.tell({ changed }, undefined);
      return { changed };
    } catch (thrown) {
      return this.#refused(asAnywhereError(thrown));
    }
  }

  #refused(error: AnywhereError): ReloadReport {
    const problem = reportOf(error);
    const isKnown = JSON.stringify(problem) === JSON.stringify(this.#problem);
    this.#problem = problem;
    const report = { changed: [], problem };
    if (!isKnown) this.#deps.tell(report, error);
    return report;
  }
}

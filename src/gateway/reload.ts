/**
 * Reads the hosts file again, on demand or when it was edited. One that has a mistake, or is not trusted as it is
 * now, changes nothing: the last good one stays in force, and the problem stands there until it is put right.
 */
import { type AnywhereError, asAnywhereError, type ErrorReport, reportOf } from '../base/errors.ts';
import { Turns } from '../base/turns.ts';
import type { Plan } from '../config/plan.ts';

/** Where the Plan comes from. */
export interface HostsFileSource {
  /** Throws AnywhereError CONFIG_*. */
  load(): Promise<Plan>;
  /** Calls `onChange` once it watches, and whenever `load` may say something else; until `signal` aborts. */
  watch(onChange: () => void, signal: AbortSignal): Promise<void>;
}

/** What came of reading the hosts file again. */
export interface ReloadReport {
  /** A line each, like `gpu1/files: restarts`. Empty: nothing differs, or there is a problem. */
  readonly changed: readonly string[];
  /** Why nothing was changed: CONFIG_*, with file, line and column as evidence. */
  readonly problem?: ErrorReport;
}

export interface ReloaderDeps {
  readonly load: () => Promise<Plan>;
  /** @returns what was changed, a line each */
  readonly apply: (plan: Plan) => readonly string[];
  /** Told when something was changed, a problem came up, or one is gone. */
  readonly tell: (report: ReloadReport, problem: AnywhereError | undefined) => void;
}

export class Reloader {
  readonly #deps: ReloaderDeps;
  readonly #turns = new Turns(1);
  #problem: ErrorReport | undefined;

  constructor(deps: ReloaderDeps) {
    this.#deps = deps;
  }

  /** Why the hosts file as it stands now is not in force. */
  get problem(): ErrorReport | undefined {
    return this.#problem;
  }

  /** One at a time: the last one always sees the latest file. */
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

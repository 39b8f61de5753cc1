/** What became of a server's instances so far: for people, nothing decides on it. */
import type { AnywhereError } from '../base/errors.ts';
import type { InstanceOwner } from './instance.ts';

export interface LastFailure {
  readonly cause: AnywhereError;
  /** Wall clock, ms since the epoch. */
  readonly atMs: number;
}

export class UnitRecord {
  readonly #fallen = new WeakSet<InstanceOwner>();
  /** A person restarted the server: whoever needs it first starts it anew. */
  #isRestarting = false;
  #restarts = 0;
  #lastFailure: LastFailure | undefined;

  /** How many instances took the place of one that was lost or failed, or came with a restart; not of one that was idle. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Why an instance failed last, whatever came since. */
  get lastFailure(): LastFailure | undefined {
    return this.#lastFailure;
  }

  launched(owner: InstanceOwner): void {
    if (this.#fallen.delete(owner) || this.#isRestarting) this.#restarts += 1;
    this.#isRestarting = false;
  }

  restarted(): void {
    this.#isRestarting = true;
  }

  /** The owner's instance is gone, and was wanted. */
  fell(owner: InstanceOwner): void {
    this.#fallen.add(owner);
  }

  failed(owner: InstanceOwner, failure: LastFailure): void {
    this.fell(owner);
    this.#lastFailure = failure;
  }
}

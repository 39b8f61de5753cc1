/** The requests that one side has under way with the other, so that a cancellation finds its own. */
import type { Cancellation } from '../base/cancellation.ts';
import { IdTable } from '../base/id-table.ts';

export class RunningRequests<C extends Cancellation = Cancellation> {
  readonly #running = new IdTable<C>();

  get size(): number {
    return this.#running.size;
  }

  /** @param key `Message.idKey` of the request */
  add(key: number | string, cancellation: C): C {
    this.#running.set(key, cancellation);
    return cancellation;
  }

  end(key: number | string): void {
    this.#running.delete(key);
  }

  /** Unknown ids are ignored: the answer may have crossed the cancellation. */
  cancel(key: number | string, reason: Error): void {
    this.#running.get(key)?.cancel(reason);
  }

  cancelAll(reason: Error): void {
    for (const cancellation of this.all()) cancellation.cancel(reason);
  }

  /** A copy: requests may come and go while it is walked. */
  all(): readonly C[] {
    return this.#running.entries().map(([, cancellation]) => cancellation);
  }
}

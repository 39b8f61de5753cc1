/** The requests that one side has under way with the other, so that a cancellation finds its own. */
import type { Cancellation } from '../base/cancellation.ts';
import { IdTable } from '../base/id-table.ts';

export class RunningRequests<C extends Cancellation = Cancellation> {
  readonly #running = new IdTable<C>();

  get size(): number {
    return this.#running.size;
  }

  /** @param idText the request's id as its JSON text */
  add(idText: string, cancellation: C): C {
    this.#running.set(keyOf(idText), cancellation);
    return cancellation;
  }

  end(idText: string): void {
    this.#running.delete(keyOf(idText));
  }

  /** Unknown ids are ignored: the answer may have crossed the cancellation. */
  cancel(idText: string, reason: Error): void {
    this.#running.get(keyOf(idText))?.cancel(reason);
  }

  cancelAll(reason: Error): void {
    for (const cancellation of this.all()) cancellation.cancel(reason);
  }

  /** A copy: requests may come and go while it is walked. */
  all(): readonly C[] {
    return this.#running.entries().map(([, cancellation]) => cancellation);
  }
}

/** Ids written as plain whole numbers, which nearly all are, count as numbers; `1.0` and `"1"` are other ids than `1`. */
function keyOf(idText: string): number | string {
  return PLAIN_NUMBER.test(idText) ? Number(idText) : idText;
}

const PLAIN_NUMBER = /^(?:0|[1-9]\d{0,14})$/u;

/** The requests that one side has under way with the other, so that a cancellation finds its own. */
import { Cancellation } from '../base/cancellation.ts';
import { IdTable } from '../base/id-table.ts';

export class RunningRequests {
  readonly #running = new IdTable<Cancellation>();

  /** @param idText the request's id as its JSON text */
  begin(idText: string): Cancellation {
    const cancellation = new Cancellation();
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
    for (const [, cancellation] of this.#running.entries()) cancellation.cancel(reason);
  }
}

/** Ids written as plain whole numbers, which nearly all are, count as numbers; `1.0` and `"1"` are other ids than `1`. */
function keyOf(idText: string): number | string {
  return PLAIN_NUMBER.test(idText) ? Number(idText) : idText;
}

const PLAIN_NUMBER = /^(?:0|[1-9]\d{0,14})$/u;

/** The requests that one side has under way with the other, so that a cancellation finds its own. */
import type { AnywhereError } from '../base/errors.ts';

interface Cancellable {
  readonly cancel: (reason: AnywhereError) => void;
}

export class RunningRequests<R extends Cancellable = Running> {
  /** By `Message.idKey`. */
  readonly #running = new Map<number | string, R>();

  get size(): number {
    return this.#running.size;
  }

  /** @param key `Message.idKey` of the request */
  add(key: number | string, request: R): R {
    this.#running.set(key, request);
    return request;
  }

  end(key: number | string): void {
    this.#running.delete(key);
  }

  /** Unknown ids are ignored: the answer may have crossed the cancellation. */
  cancel(key: number | string, reason: AnywhereError): void {
    this.#running.get(key)?.cancel(reason);
  }

  cancelAll(reason: AnywhereError): void {
    for (const request of this.all()) request.cancel(reason);
  }

  /** A copy: requests may come and go while it is walked. */
  all(): readonly R[] {
    return [...this.#running.values()];
  }
}

/** A request of which nothing is known but that it can be cancelled. */
export class Running implements Cancellable {
  readonly #abort = new AbortController();

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  cancel(reason: AnywhereError): void {
    this.#abort.abort(reason);
  }
}

/**
 * Cancellation of one request, made for the hot path: nearly no request is ever cancelled, and an
 * AbortController for each costs more than all else a call does here. It becomes a real AbortSignal
 * where somebody needs one.
 */

/** An object, since a closure for each request would cost more than the rest of its cancellation. */
export interface CancelListener {
  handleEvent(): void;
}

/** What waiting code needs of a signal; every AbortSignal has it. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: CancelListener, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: CancelListener): void;
}

export class Cancellation implements CancelSignal {
  #reason: Error | undefined;
  /** Nearly always there is just one. */
  #listener: CancelListener | undefined;
  #others: CancelListener[] | undefined;
  #controller: AbortController | undefined;

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  get reason(): Error | undefined {
    return this.#reason;
  }

  /** Only the first reason counts. */
  cancel(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    const listeners = [this.#listener, ...(this.#others ?? [])];
    this.#listener = undefined;
    this.#others = undefined;
    for (const listener of listeners) listener?.handleEvent();
    this.#controller?.abort(reason);
  }

  /** Every listener is called once at the most. */
  addEventListener(_type: 'abort', listener: CancelListener): void {
    if (this.#listener === undefined) this.#listener = listener;
    else if (this.#others === undefined) this.#others = [listener];
    else this.#others.push(listener);
  }

  removeEventListener(_type: 'abort', listener: CancelListener): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#others = this.#others?.filter((other) => other !== listener);
  }

  /** For what only knows AbortSignal: fetch, timers, streams. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }
}

/** The requests that one side has under way with the other, so that a cancellation finds its own. */

export class RunningRequests {
  readonly #running = new Map<string, AbortController>();

  get size(): number {
    return this.#running.size;
  }

  /** @param idText the request's id as its JSON text */
  begin(idText: string): AbortSignal {
    const controller = new AbortController();
    this.#running.set(idText, controller);
    return controller.signal;
  }

  end(idText: string): void {
    this.#running.delete(idText);
  }

  isRunning(idText: string): boolean {
    return this.#running.has(idText);
  }

  /** Unknown ids are ignored: the answer may have crossed the cancellation. */
  cancel(idText: string, reason: Error): void {
    this.#running.get(idText)?.abort(reason);
  }

  cancelAll(reason: Error): void {
    for (const controller of this.#running.values()) controller.abort(reason);
  }
}

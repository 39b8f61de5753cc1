/**
 * A scope owns background work: promises that nobody awaits, and things to close.
 *
 * A promise handed to `run` can never become an unhandled rejection; closing the scope aborts its
 * signal, closes the owned things in reverse order and waits for everything.
 */
type Closer = () => void | Promise<void>;

export class Scope {
  readonly #abort = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #closers = new Set<{ readonly close: Closer }>();
  readonly #onError: (error: unknown) => void;
  #closing: Promise<void> | undefined;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Aborted as soon as `close` begins. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get closed(): boolean {
    return this.#closing !== undefined;
  }

  /** Owns a promise; its failure goes to the scope's error handler, unless the scope is closing. */
  run(work: Promise<unknown>): void {
    const owned: Promise<void> = work.then(
      () => {
        this.#running.delete(owned);
      },
      (error: unknown) => {
        this.#running.delete(owned);
        if (!this.closed) this.#onError(error);
      },
    );
    this.#running.add(owned);
  }

  /**
   * Called on close, last added first; at once when the scope is already closing.
   * @returns removes the closer, for things that end before the scope
   */
  onClose(close: Closer): () => void {
    const closer = { close };
    if (this.closed) this.run(Promise.resolve().then(close));
    else this.#closers.add(closer);
    return () => {
      this.#closers.delete(closer);
    };
  }

  /** Resolves when everything owned has ended; further calls return the same promise. */
  close(reason?: Error): Promise<void> {
    this.#closing ??= this.#closeAll(reason);
    return this.#closing;
  }

  async #closeAll(reason: Error | undefined): Promise<void> {
    this.#abort.abort(reason);
    for (const { close } of [...this.#closers].reverse()) {
      try {
        await close();
      } catch (error) {
        this.#onError(error);
      }
    }
    await Promise.all(this.#running);
  }
}

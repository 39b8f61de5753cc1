/** When a server that ended by itself is started again, and for whom; ever more slowly while it keeps failing. */
import { backoffMs } from '../base/backoff.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { InstanceOwner } from './instance.ts';

const BACKOFF = { initialMs: 1_000, maxMs: 60_000 };

export interface RestartsDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly start: (owner: InstanceOwner) => void;
  readonly isHostUp: () => boolean;
}

export class Restarts {
  readonly #deps: RestartsDeps;
  readonly #waiting = new Set<InstanceOwner>();
  /** Theirs went with the line: they get another as soon as it is back. */
  readonly #lost = new Set<InstanceOwner>();
  #cancel: CancelTimer | undefined;
  #dueMs = 0;

  constructor(deps: RestartsDeps) {
    this.#deps = deps;
  }

  /** How long until the next start, milliseconds; 0 or less where none is planned. */
  get dueInMs(): number {
    return this.#dueMs - this.#deps.clock.monotonic();
  }

  /** It failed for so many times in a row. `owner` undefined: nobody needs it before the next call. */
  failed(owner: InstanceOwner | undefined, failures: number): void {
    const delayMs = backoffMs(BACKOFF, failures, this.#deps.random);
    this.#dueMs = this.#deps.clock.monotonic() + delayMs;
    if (owner !== undefined) this.#waiting.add(owner);
    if (this.#waiting.size > 0) this.#schedule(delayMs);
  }

  /** As soon as the time has come. */
  want(owner: InstanceOwner): void {
    this.#waiting.add(owner);
    if (this.dueInMs <= 0) this.#startFirst();
    else if (this.#cancel === undefined) this.#schedule(this.dueInMs);
  }

  /** The line went, and its instance with it. */
  lost(owner: InstanceOwner): void {
    this.#lost.add(owner);
  }

  /** It is being started, or its client has left. */
  forget(owner: InstanceOwner): void {
    this.#waiting.delete(owner);
    this.#lost.delete(owner);
    if (this.#waiting.size === 0) this.#stopTimer();
  }

  hostIsUp(): void {
    const lost = [...this.#lost];
    this.#lost.clear();
    for (const owner of lost) this.#deps.start(owner);
    if (this.dueInMs <= 0) this.#startFirst();
  }

  /** One has come up: the others can have theirs. */
  cameUp(): void {
    this.#stopTimer();
    this.#dueMs = 0;
    for (const owner of [...this.#waiting]) this.#start(owner);
  }

  clear(): void {
    this.#stopTimer();
    this.#dueMs = 0;
    this.#waiting.clear();
    this.#lost.clear();
  }

  #schedule(delayMs: number): void {
    this.#stopTimer();
    this.#cancel = this.#deps.clock.after(
      delayMs,
      () => {
        this.#cancel = undefined;
        this.#startFirst();
      },
      { background: true },
    );
  }

  /** One shows whether it works now. */
  #startFirst(): void {
    const [owner] = this.#waiting;
    // A host that is down is its link's business: the link's next `ready` starts the server.
    if (owner !== undefined && this.#deps.isHostUp()) this.#start(owner);
  }

  #start(owner: InstanceOwner): void {
    this.#waiting.delete(owner);
    this.#deps.start(owner);
  }

  #stopTimer(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

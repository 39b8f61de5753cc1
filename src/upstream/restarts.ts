/** When a server that exited is restarted, and for which client: with backoff while the server keeps failing. */
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
  /** Clients whose instance was lost with the connection: restarted once the connection is back. */
  readonly #lost = new Set<InstanceOwner>();
  #cancel: CancelTimer | undefined;
  #dueMs = 0;

  constructor(deps: RestartsDeps) {
    this.#deps = deps;
  }

  /** Milliseconds until the next start; 0 or less where none is planned. */
  get dueInMs(): number {
    return this.#dueMs - this.#deps.clock.monotonic();
  }

  /** @param owner undefined: no client needs the server before the next call; `failures`: in a row */
  failed(owner: InstanceOwner | undefined, failures: number): void {
    const delayMs = backoffMs(BACKOFF, failures, this.#deps.random);
    this.#dueMs = this.#deps.clock.monotonic() + delayMs;
    if (owner !== undefined) this.#waiting.add(owner);
    if (this.#waiting.size > 0) this.#schedule(delayMs);
  }

  /** Starts the server for `owner` after the backoff. */
  want(owner: InstanceOwner): void {
    this.#waiting.add(owner);
    if (this.dueInMs <= 0) this.#startFirst();
    else if (this.#cancel === undefined) this.#schedule(this.dueInMs);
  }

  /** The connection was lost, and the owner's instance with it. */
  lost(owner: InstanceOwner): void {
    this.#lost.add(owner);
  }

  /** The owner's instance is starting, or the owner left. */
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

  /** An instance came up: the server works, so all waiting clients get theirs. */
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

  /** Starts one instance only, to see whether the server works again. */
  #startFirst(): void {
    const [owner] = this.#waiting;
    // While the host is down, the link retries; the link's next `ready` starts the server.
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

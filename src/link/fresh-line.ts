/**
 * Tells a dead line from a slow host: where echoes are late, another connection is made. Is it up before an echo came,
 * the line before it is dead; a host that is only slow answers the echo first.
 */
import type { Clock } from '../base/clock.ts';
import type { Scope } from '../base/scope.ts';
import type { Transport } from '../launch/contract.ts';

/** A host that is slow all the time is not logged in to all the time. */
const NOT_BEFORE_MS = 10_000;

export interface FreshLineDeps {
  readonly clock: Clock;
  readonly scope: Scope;
  readonly dial: () => Promise<Transport>;
  readonly isDoubtful: () => boolean;
  /** The line is dead; `take` has another. */
  readonly onDead: () => void;
}

export class FreshLine {
  readonly #deps: FreshLineDeps;
  #askedMs = Number.NEGATIVE_INFINITY;
  #isAsking = false;
  #fresh: Transport | undefined;

  constructor(deps: FreshLineDeps) {
    this.#deps = deps;
  }

  get isThere(): boolean {
    return this.#fresh !== undefined;
  }

  take(): Transport | undefined {
    const fresh = this.#fresh;
    this.#fresh = undefined;
    return fresh;
  }

  ask(): void {
    const nowMs = this.#deps.clock.monotonic();
    if (this.#isAsking || nowMs - this.#askedMs < NOT_BEFORE_MS) return;
    this.#askedMs = nowMs;
    this.#isAsking = true;
    this.#deps.scope.run(
      this.#ask().then(
        () => {
          this.#isAsking = false;
        },
        // No other connection either: the heartbeat decides, and the next who needs the line asks again.
        () => {
          this.#isAsking = false;
          this.#askedMs = Number.NEGATIVE_INFINITY;
        },
      ),
    );
  }

  async #ask(): Promise<void> {
    const transport = await this.#deps.dial();
    if (!this.#deps.isDoubtful()) {
      await transport.close();
      return;
    }
    this.#fresh = transport;
    this.#deps.onDead();
  }
}

/**
 * Servers and hosts that the hosts file does not name any more, or names otherwise: each answers the calls it has,
 * for a while, and ends.
 */
import type { Clock } from '../base/clock.ts';
import { sleep } from '../base/clock.ts';
import type { Scope } from '../base/scope.ts';
import type { Link } from '../link/contract.ts';
import type { InstanceOwner } from '../upstream/instance.ts';
import type { ServerUnit } from '../upstream/unit.ts';

/** What ends together: units, and the link under them where that ends too. */
export interface Leaving {
  readonly units: readonly ServerUnit[];
  readonly link: Link | undefined;
}

export interface FarewellDeps {
  readonly clock: Clock;
  readonly scope: Scope;
  /** Calls may take so long to end; then nobody can say what became of them. */
  readonly drainMs: number;
}

const LOOK_EVERY_MS = 50;
const WHY = 'the hosts file was changed';

export class Farewell {
  readonly #deps: FarewellDeps;
  readonly #leaving = new Set<Leaving>();

  constructor(deps: FarewellDeps) {
    this.#deps = deps;
  }

  /** Nothing is started by these units any more. */
  begin(leaving: Leaving): void {
    for (const unit of leaving.units) unit.retire(WHY);
    this.#leaving.add(leaving);
    this.#deps.scope.run(this.#end(leaving));
  }

  /** The client left: what it called is not waited for. */
  release(owner: InstanceOwner): void {
    for (const { units } of this.#leaving) for (const unit of units) unit.release(owner);
  }

  async #end(leaving: Leaving): Promise<void> {
    const { clock, scope, drainMs } = this.#deps;
    const untilMs = clock.monotonic() + drainMs;
    while (!scope.closed && clock.monotonic() < untilMs && leaving.units.some((unit) => unit.isBusy)) {
      // The end of everything is a reason to look again, not an error.
      await sleep(clock, LOOK_EVERY_MS, scope.signal).catch(() => undefined);
      for (const unit of leaving.units) unit.stopIdle(WHY);
    }
    for (const unit of leaving.units) unit.stop(WHY);
    await leaving.link?.close();
    this.#leaving.delete(leaving);
  }
}

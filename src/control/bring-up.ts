/** Starts servers for a client that waits for them, and their hosts, and no others. */

import type { ListingKeeper } from '../gateway/listing-keeper.ts';
import type { InstanceOwner } from '../upstream/instance.ts';
import type { ServerUnit } from '../upstream/unit.ts';

/** @param reason is told with the change of the hosts' state */
export function bringUp(
  keeper: ListingKeeper,
  units: readonly ServerUnit[],
  owner: InstanceOwner,
  reason: string,
): void {
  for (const unit of units) {
    if (!unit.plan.enabled) continue;
    keeper.wantUnit(unit, owner);
    unit.link.wake(reason);
    unit.hurry();
  }
}

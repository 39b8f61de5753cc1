/** Puts another hosts file in force while clients stay: the smallest change that leads there. */

import type { Router } from '../calls/router.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { serverId } from '../catalog/snapshot.ts';
import type { Plan, ServerPlan } from '../config/plan.ts';
import { isUnchanged, type PlanDiff, planDiff } from '../config/plan-diff.ts';
import type { ClientSession } from '../downstream/session.ts';
import type { ServerUnit } from '../upstream/unit.ts';
import type { Fleet, Rearranged } from './fleet.ts';
import type { ListingKeeper } from './listing-keeper.ts';

export interface ReplanParts {
  readonly fleet: Fleet;
  readonly catalog: Catalog;
  readonly router: Router;
  readonly keeper: ListingKeeper;
  readonly sessions: () => Iterable<ClientSession>;
  /** A server is there now, or another one in its place. */
  readonly onArrived: (server: ServerPlan) => void;
}

/** @returns what was changed, a line each; empty where both say the same */
export function replan(plan: Plan, parts: ReplanParts): readonly string[] {
  const { fleet, catalog, router } = parts;
  if (fleet.isClosed) return [];
  const diff = planDiff(fleet.plan, plan);
  if (isUnchanged(fleet.plan, diff)) return [];
  const rearranged = fleet.rearrange(diff);
  router.use(fleet.byId);
  sayGoodbye(rearranged, parts);
  welcome(rearranged, parts);
  // Last: clients that ask at once what is offered now find everything in its place.
  catalog.replan(diff.plan);
  for (const unit of rearranged.arrived) start(unit, parts);
  return linesOf(diff);
}

function sayGoodbye({ leaving }: Rearranged, { keeper, fleet }: ReplanParts): void {
  for (const group of leaving) {
    fleet.dismiss(group);
    for (const unit of group.units) keeper.remove(unit);
  }
}

function welcome({ arrived, before }: Rearranged, { keeper, onArrived }: ReplanParts): void {
  for (const unit of arrived) {
    keeper.add(unit);
    onArrived(unit.plan);
    const predecessor = before.get(serverId(unit.plan));
    if (predecessor !== undefined) unit.succeed(predecessor);
  }
}

/** What was never listed as it stands now is listed for the clients that are there. */
function start(unit: ServerUnit, { catalog, keeper, sessions }: ReplanParts): void {
  if (!unit.plan.enabled) return;
  unit.link.wake('the hosts file names it', { isAwaited: false });
  for (const session of sessions())
    if (session.hello !== undefined && catalog.isStale(unit.plan, session.profile))
      keeper.wantUnit(unit, session, session.profile);
}

function linesOf(diff: PlanDiff): readonly string[] {
  const hosts = new Set([...diff.addedHosts, ...diff.removedHosts].map(({ name }) => name));
  const moved = new Set(diff.reconnectedHosts.map(({ after }) => after.name));
  const lines = [
    ...diff.addedHosts.map(({ name }) => `${name}: added`),
    ...diff.removedHosts.map(({ name }) => `${name}: removed`),
    ...[...moved].map((name) => `${name}: reconnects`),
    ...diff.addedServers.filter(({ host }) => !hosts.has(host)).map((server) => `${serverId(server)}: added`),
    ...diff.removedServers.filter(({ host }) => !hosts.has(host)).map((server) => `${serverId(server)}: removed`),
    ...diff.restartedServers
      .filter(({ after }) => !moved.has(after.host))
      .map(({ after }) => `${serverId(after)}: restarts`),
    ...diff.adjustedServers.map(({ after }) => `${serverId(after)}: adjusted`),
    ...diff.settings.map((key) => `${key}: changed`),
  ];
  return lines.length > 0 ? lines : ['hosts: order or tags changed'];
}

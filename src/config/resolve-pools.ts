/** From a checked hosts file to the pools of the Plan. */
import type { HostPlan, PoolPlan } from './plan.ts';
import { type Candidate, poolMembers } from './pool-members.ts';
import type { PoolEntry } from './schema.ts';

export function poolPlans(pools: Readonly<Record<string, PoolEntry>>, hosts: readonly HostPlan[]): readonly PoolPlan[] {
  const candidates = hosts.flatMap(({ name: host, tags, servers }): Candidate[] =>
    servers.map(({ name: server }) => ({ host, server, tags })),
  );
  return Object.entries(pools).map(([name, { members, strategy, pin }]) => ({
    name,
    members: poolMembers(members, candidates),
    strategy: strategy ?? 'least-busy',
    pin: pin ?? false,
  }));
}

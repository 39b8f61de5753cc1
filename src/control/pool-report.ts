/** How pools fare: which of their members take calls now, and what is known of each. */

import { RANK, rankOf } from '../calls/pool-choice.ts';
import { serverId } from '../catalog/snapshot.ts';
import type { PoolPlan, PoolStrategy } from '../config/plan.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { serverStateKind } from '../upstream/server-state.ts';
import type { ServerUnit } from '../upstream/unit.ts';

/** up: calls go there first. untried: not connected yet. retrying: its host or it itself has failed, and is tried again. */
export type PoolMemberState = 'up' | 'untried' | 'retrying' | 'refused' | 'disabled';

export interface PoolMemberReport {
  readonly host: string;
  readonly server: string;
  readonly state: PoolMemberState;
  /** How many of the pool's tools it answers: those that it defines as most members do. */
  readonly tools: number;
  /** Calls of the pool under way there. */
  readonly inFlight: number;
  /** How long they take lately, as far as is known. */
  readonly latencyMs?: number;
  /** Less than 1 for a while after it came back: the part of its share that it takes already. */
  readonly share: number;
}

export interface PoolReport {
  readonly name: string;
  readonly strategy: PoolStrategy;
  readonly pin: boolean;
  readonly tools: number;
  /** In the order of the pool. */
  readonly members: readonly PoolMemberReport[];
}

export function reportPools(gateway: Gateway): PoolReport[] {
  return gateway.plan.pools.map((pool) => reportPool(gateway, pool));
}

function reportPool(gateway: Gateway, pool: PoolPlan): PoolReport {
  const { name, strategy, pin } = pool;
  const offered = [...gateway.catalog.snapshot().routes.tools.values()].flatMap((route) =>
    route.pool?.plan.name === name ? [route.pool] : [],
  );
  const members = gateway.units.filter(({ plan }) => pool.members.includes(serverId(plan)));
  const toolsOf = (id: string): number =>
    offered.filter((tool) => tool.members.some(({ server }) => serverId(server) === id)).length;
  const inOrder = pool.members.flatMap((id) => members.filter(({ plan }) => serverId(plan) === id));
  return {
    ...{ name, strategy, pin },
    tools: offered.length,
    members: inOrder.map((unit) => reportMember(gateway, unit, toolsOf(serverId(unit.plan)))),
  };
}

function reportMember({ pools }: Gateway, unit: ServerUnit, tools: number): PoolMemberReport {
  const { host, name: server } = unit.plan;
  const { inFlight = 0, latencyMs, share = 1 } = pools.known(serverId(unit.plan)) ?? {};
  const known = latencyMs === undefined ? {} : { latencyMs };
  return { host, server, state: stateOf(unit), tools, inFlight, ...known, share };
}

function stateOf(unit: ServerUnit): PoolMemberState {
  if (!unit.plan.enabled) return 'disabled';
  switch (rankOf(unit)) {
    case RANK.up:
      return serverStateKind(unit.state) === 'failed' ? 'retrying' : 'up';
    case RANK.untried:
      return 'untried';
    case RANK.retrying:
      return 'retrying';
    case RANK.refused:
      return 'refused';
  }
}

/** Chooses members for the calls of pools, and keeps the members' load. */
import type { Clock } from '../base/clock.ts';
import { type PooledTool, type Route, serverId } from '../catalog/route.ts';
import type { InstanceOwner } from '../upstream/instance.ts';
import type { ServerUnit } from '../upstream/unit.ts';
import { type Contender, chosen, Exploration, RANK, type Rank, rankOf } from './pool-choice.ts';
import { MemberLoad } from './pool-load.ts';

export interface PoolsDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly unit: (server: Route['server']) => ServerUnit;
}

export interface Wanted {
  readonly owner: InstanceOwner;
  /** Only members on this host. */
  readonly host?: string | undefined;
  /** Members at which the call failed. After a failure only members that are up or untried are chosen. */
  readonly failed: ReadonlySet<Route>;
}

interface PoolState {
  last: string | undefined;
  /** By client. */
  readonly held: WeakMap<InstanceOwner, string>;
  readonly exploration: Exploration;
}

export class Pools {
  readonly #deps: PoolsDeps;
  readonly #loads = new Map<string, MemberLoad>();
  /** The same loads, for a fast lookup with every call. */
  readonly #byRoute = new WeakMap<Route, MemberLoad>();
  /** By the pool's name: the state survives a change of the hosts file. */
  readonly #states = new Map<string, PoolState>();

  constructor(deps: PoolsDeps) {
    this.#deps = deps;
  }

  /** The member for a call. Undefined: no member is left. */
  choose({ plan, members }: PooledTool, { owner, host, failed }: Wanted): Route | undefined {
    const willing = members.filter((route) => !failed.has(route) && (host === undefined || route.server.host === host));
    const routes = this.#ofLowestRank(willing, failed.size > 0 ? RANK.untried : RANK.refused);
    const { clock, random } = this.#deps;
    const [nowMs, wallMs] = [clock.monotonic(), clock.now()];
    const contenders = routes.map((route) => this.load(route).contender(nowMs, wallMs));
    const state = this.#stateOf(plan.name);
    const held = state.held.get(owner);
    const found =
      state.exploration.member(plan.strategy, contenders) ??
      chosen(plan.strategy, contenders, { random, order: plan.members, last: state.last, held });
    if (found === undefined) return undefined;
    state.last = found.id;
    state.held.set(owner, found.id);
    return routes[contenders.indexOf(found)];
  }

  /** The load of a member that was a candidate before. @param id `host/server` */
  known(id: string): Contender | undefined {
    const { clock } = this.#deps;
    return this.#loads.get(id)?.contender(clock.monotonic(), clock.now());
  }

  /** The load of the member that takes a call. */
  load(route: Route): MemberLoad {
    const known = this.#byRoute.get(route);
    if (known !== undefined) return known;
    const id = serverId(route.server);
    const load = this.#loads.get(id) ?? new MemberLoad(id);
    this.#loads.set(id, load);
    this.#byRoute.set(route, load);
    return load;
  }

  #ofLowestRank(routes: readonly Route[], highest: Rank): readonly Route[] {
    let lowest: Rank = highest;
    let found: Route[] = [];
    for (const route of routes) {
      const rank = this.#rankOf(route);
      if (rank > lowest) continue;
      if (rank < lowest) found = [];
      lowest = rank;
      found.push(route);
    }
    return found;
  }

  #rankOf(route: Route): Rank {
    const unit = this.#deps.unit(route.server);
    const { state } = unit.link;
    if (state.kind === 'ready') this.load(route).upSince(state.sinceMs);
    return rankOf(unit);
  }

  #stateOf(pool: string): PoolState {
    const known = this.#states.get(pool);
    if (known !== undefined) return known;
    const state: PoolState = { last: undefined, held: new WeakMap(), exploration: new Exploration() };
    this.#states.set(pool, state);
    return state;
  }
}

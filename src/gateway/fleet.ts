/**
 * The hosts and servers of the hosts file in force: one link a host, one unit a server.
 *
 * Both come and go with the hosts file. A server or host that goes still answers the calls under way.
 */
import { setImmediate } from 'node:timers/promises';
import { type Clock, sleep } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import { serverId } from '../catalog/snapshot.ts';
import type { HostPlan, Plan, ServerPlan } from '../config/plan.ts';
import type { PlanDiff } from '../config/plan-diff.ts';
import type { Link } from '../link/contract.ts';
import type { LinkSettings } from '../link/link.ts';
import type { InstanceOwner } from '../upstream/instance.ts';
import type { ServerUnit } from '../upstream/unit.ts';

export interface FleetParts {
  readonly clock: Clock;
  readonly scope: Scope;
  /** How long calls of a removed server may take. */
  readonly drainMs: number;
  /** @param settings of the plan in force, whenever they are read */
  readonly createLink: (host: HostPlan, settings: LinkSettings) => Link;
  readonly createUnit: (server: ServerPlan, link: Link) => ServerUnit;
}

/** A removed group that ends together: units, and their link where the link ends too. */
export interface Removed {
  readonly units: readonly ServerUnit[];
  readonly link: Link | undefined;
}

/** The outcome of one change of the hosts file. */
export interface Rearranged {
  readonly removed: readonly Removed[];
  readonly arrived: readonly ServerUnit[];
  /** All units before the change, by `host/server`. */
  readonly before: ReadonlyMap<string, ServerUnit>;
}

export class Fleet {
  readonly #parts: FleetParts;
  readonly #drains: Drains;
  readonly #links = new Map<string, Link>();
  #byId: ReadonlyMap<string, ServerUnit> = new Map();
  #units: readonly ServerUnit[] = [];
  #plan: Plan;
  #isClosed = false;

  constructor(plan: Plan, parts: FleetParts) {
    this.#parts = parts;
    this.#drains = new Drains(parts);
    this.#plan = plan;
    this.#arrange(plan);
  }

  /** No link or unit is created any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  get plan(): Plan {
    return this.#plan;
  }

  /** In the order of the hosts file. */
  get units(): readonly ServerUnit[] {
    return this.#units;
  }

  /** By `host/server`. */
  get byId(): ReadonlyMap<string, ServerUnit> {
    return this.#byId;
  }

  get links(): ReadonlyMap<string, Link> {
    return this.#links;
  }

  link(host: string): Link {
    const link = this.#links.get(host);
    if (link === undefined)
      throw new AnywhereError('USAGE', `the hosts file has no host ${host}`, { host, hint: 'mcp-anywhere status' });
    return link;
  }

  /** True for this machine itself. */
  isLocal(host: string): boolean {
    return this.#plan.hosts.some(({ name, ssh }) => name === host && ssh === undefined);
  }

  /** False for a replaced link. */
  speaksFor(host: string, link: Link): boolean {
    return (this.#links.get(host) ?? link) === link;
  }

  /** @param id `host/server` */
  unit(id: string): ServerUnit {
    const unit = this.#byId.get(id);
    if (unit === undefined)
      throw new AnywhereError('USAGE', `the hosts file has no server ${id}`, { hint: 'mcp-anywhere status' });
    return unit;
  }

  /** Wakes one host at a time: a connected client must not wait for a hundred hosts. */
  async wakeAll(reason: string, signal: AbortSignal): Promise<void> {
    for (const [name, link] of [...this.#links]) {
      await setImmediate();
      if (signal.aborted) return;
      const isLookedAt = this.#plan.hosts.some((host) => host.name === name && host.discover !== undefined);
      if (isLookedAt || this.#units.some(({ plan }) => plan.host === name && plan.enabled))
        link.wake(reason, { isAwaited: false });
    }
  }

  /** The client left: its own instances end. */
  release(owner: InstanceOwner): void {
    for (const unit of this.#units) unit.release(owner);
    this.#drains.release(owner);
  }

  /** Creates the new units, adjusts the kept units, and returns the removed ones, which the fleet forgets. */
  rearrange(diff: PlanDiff): Rearranged {
    const before = this.#byId;
    const links = [...diff.removedHosts, ...diff.reconnectedHosts.map(({ after }) => after)].flatMap(({ name }) =>
      this.#takeLink(name),
    );
    const ending = [...diff.removedServers, ...diff.restartedServers.map(({ after }) => after)].map((server) =>
      this.unit(serverId(server)),
    );
    for (const { after } of diff.adjustedServers) this.unit(serverId(after)).replan(after);
    this.#byId = new Map([...before].filter(([, unit]) => !ending.includes(unit)));
    this.#arrange(diff.plan);
    return { removed: grouped(ending, links), arrived: this.#units.filter((unit) => !sameUnit(before, unit)), before };
  }

  /** The group answers the calls under way, and ends. */
  drain(removed: Removed): void {
    this.#drains.begin(removed);
  }

  #takeLink(host: string): readonly Link[] {
    const link = this.#links.get(host);
    this.#links.delete(host);
    return link === undefined ? [] : [link];
  }

  async close(why: string): Promise<void> {
    this.#isClosed = true;
    for (const unit of this.#units) unit.stop(why);
    await Promise.all([...this.#links.values()].map((link) => link.close()));
  }

  /** Creates the missing links and units, in the order of the plan. */
  #arrange(plan: Plan): void {
    const units = plan.hosts.flatMap((host) => {
      const link = this.#links.get(host.name) ?? this.#parts.createLink(host, this.#settings());
      this.#links.set(host.name, link);
      return host.servers.map((server) => this.#byId.get(serverId(server)) ?? this.#parts.createUnit(server, link));
    });
    this.#plan = plan;
    this.#units = units;
    this.#byId = new Map(units.map((unit) => [serverId(unit.plan), unit]));
  }

  #settings(): LinkSettings {
    const plan = (): Plan => this.#plan;
    return {
      get reconnect() {
        return plan().reconnect;
      },
      get heartbeat() {
        return plan().heartbeat;
      },
    };
  }
}

/** The units of a removed link end with it; every other unit ends alone. */
function grouped(units: readonly ServerUnit[], links: readonly Link[]): readonly Removed[] {
  const alone = units.filter(({ link }) => !links.includes(link));
  return [
    ...links.map((link) => ({ link, units: units.filter((unit) => unit.link === link) })),
    ...alone.map((unit) => ({ link: undefined, units: [unit] })),
  ];
}

function sameUnit(before: ReadonlyMap<string, ServerUnit>, unit: ServerUnit): boolean {
  return before.get(serverId(unit.plan)) === unit;
}

const LOOK_EVERY_MS = 50;
const WHY = 'the hosts file was changed';

/** Removed servers and hosts while they answer their last calls. */
class Drains {
  readonly #deps: Pick<FleetParts, 'clock' | 'scope' | 'drainMs'>;
  readonly #draining = new Set<Removed>();

  constructor(deps: Pick<FleetParts, 'clock' | 'scope' | 'drainMs'>) {
    this.#deps = deps;
  }

  /** These units start no server any more. */
  begin(removed: Removed): void {
    for (const unit of removed.units) unit.retire(WHY);
    this.#draining.add(removed);
    this.#deps.scope.run(this.#end(removed));
  }

  /** The client left: its calls are not waited for. */
  release(owner: InstanceOwner): void {
    for (const { units } of this.#draining) for (const unit of units) unit.release(owner);
  }

  async #end(removed: Removed): Promise<void> {
    const { clock, scope, drainMs } = this.#deps;
    const untilMs = clock.monotonic() + drainMs;
    while (!scope.closed && clock.monotonic() < untilMs && removed.units.some((unit) => unit.isBusy)) {
      // The end of the gateway wakes this loop and is not an error.
      await sleep(clock, LOOK_EVERY_MS, scope.signal).catch(() => undefined);
      for (const unit of removed.units) unit.stopIdle(WHY);
    }
    for (const unit of removed.units) unit.stop(WHY);
    await removed.link?.close();
    this.#draining.delete(removed);
  }
}

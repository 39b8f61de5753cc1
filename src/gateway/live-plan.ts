/** The plan in force: the hosts file plus the servers switched by hand. The plan changes while clients stay connected. */

import type { CancelTimer, Clock } from '../base/clock.ts';
import type { AnywhereError, ErrorReport } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { Router } from '../calls/router.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { serverId } from '../catalog/snapshot.ts';
import type { HostPlan, Plan, ServerPlan } from '../config/plan.ts';
import { isUnchanged, type PlanDiff, planDiff } from '../config/plan-diff.ts';
import type { ClientSession } from '../downstream/session.ts';
import type { ServerUnit } from '../upstream/unit.ts';

import type { Discoveries } from './discoveries.ts';
import type { Fleet, Rearranged } from './fleet.ts';
import type { ListingKeeper } from './listing-keeper.ts';
import { type HostsFileSource, Reloader, type ReloadReport } from './reload.ts';
import type { Reporter } from './reporter.ts';

interface ReplanParts {
  readonly fleet: Fleet;
  readonly discoveries: Discoveries;
  readonly catalog: Catalog;
  readonly router: Router;
  readonly keeper: ListingKeeper;
  readonly sessions: () => Iterable<ClientSession>;
  /** A server was added, or replaced another one. */
  readonly onArrived: (server: ServerPlan) => void;
}

export interface LivePlanDeps {
  readonly clock: Clock;
  readonly scope: Scope;
  readonly reporter: Reporter;
  /** Undefined for a plan without a file. */
  readonly source: HostsFileSource | undefined;
  readonly parts: ReplanParts;
}

/** The file watcher loads slowly, so that the first list of a client goes first. */
const WATCH_AFTER_MS = 2_000;

/** So long after an edit, a person who asks for a reload means that edit, ms. */
const JUST_NOW_MS = 10_000;
const NOTHING_APPLIED = { changed: [], atMs: Number.NEGATIVE_INFINITY } as const;

export class LivePlan {
  readonly #deps: LivePlanDeps;
  readonly #switches = new Switches();
  readonly #reloader: Reloader;
  /** What the watcher applied last, and when (monotonic, ms). */
  #appliedByItself: { readonly changed: readonly string[]; readonly atMs: number } = NOTHING_APPLIED;
  /** The plan of the hosts file, without switches and without what is found. */
  #written: Plan;

  constructor(plan: Plan, deps: LivePlanDeps) {
    this.#written = plan;
    this.#deps = deps;
    this.#reloader = new Reloader({
      load: () => deps.source?.load() ?? Promise.resolve(this.#written),
      apply: (next) => this.#apply(next),
      tell: (report, problem) => {
        this.#tell(report, problem);
      },
    });
  }

  /** Why the current hosts file is not in force. */
  get problem(): ErrorReport | undefined {
    return this.#reloader.problem;
  }

  /** Reads the hosts file again, and the AI clients' files on the hosts that are connected. */
  async reload(): Promise<ReloadReport> {
    const report = await this.#reloader.reload();
    const byItself = this.#takeAppliedByItself();
    const { parts, scope } = this.#deps;
    const found: string[] = [];
    const stop = parts.discoveries.changes.on((changed) => {
      found.push(...changed);
    });
    await parts.discoveries.lookAll(parts.fleet.links, scope.signal);
    stop();
    return { ...report, changed: [...byItself, ...report.changed, ...found] };
  }

  /** The watcher may have been quicker than the person who has just edited the file and asks what changed. */
  #takeAppliedByItself(): readonly string[] {
    const { changed, atMs } = this.#appliedByItself;
    this.#appliedByItself = NOTHING_APPLIED;
    return this.#deps.clock.monotonic() - atMs <= JUST_NOW_MS ? changed : [];
  }

  /** @param id `host/server` */
  setEnabled(id: string, enabled: boolean): readonly string[] {
    this.#switches.set(id, enabled);
    return this.#arrange();
  }

  /** By hand, in this run. @param id `host/server` */
  isSwitchedOff(id: string): boolean {
    return this.#switches.get(id) === false;
  }

  /** Hosts whose servers are found are looked at from now on. */
  discover(): void {
    const { discoveries, fleet, keeper } = this.#deps.parts;
    discoveries.onChange = () => {
      const changed = this.#arrange();
      discoveries.changes.emit(changed);
      if (changed.length > 0) this.#deps.reporter.serversFound(this.#written.file, changed);
      keeper.progress.emit(undefined);
    };
    discoveries.follow(fleet.links);
  }

  /** Follows the hosts file, from a little later on. */
  follow(): void {
    const { clock, scope, source } = this.#deps;
    if (source === undefined) return;
    const reload = (): void => {
      scope.run(
        this.#reloader.reload().then(({ changed }) => {
          if (changed.length > 0) this.#appliedByItself = { changed, atMs: clock.monotonic() };
        }),
      );
    };
    const cancel: CancelTimer = clock.after(
      WATCH_AFTER_MS,
      () => {
        scope.run(source.watch(reload, scope.signal));
      },
      { background: true },
    );
    scope.onClose(cancel);
  }

  #apply(plan: Plan): readonly string[] {
    this.#written = plan;
    this.#deps.reporter.limit(plan.limits);
    return this.#arrange();
  }

  /** Puts in force what was written, found and switched. */
  #arrange(): readonly string[] {
    const { parts } = this.#deps;
    const { fleet, discoveries } = parts;
    if (fleet.isClosed) return [];
    const changed = replan(this.#switches.appliedTo(discoveries.appliedTo(this.#written)), parts);
    discoveries.follow(fleet.links);
    for (const host of discoveries.hosts)
      if (fleet.link(host).state.kind === 'idle')
        fleet.link(host).wake('its AI clients are looked at', { isAwaited: false });
    return changed;
  }

  #tell(report: ReloadReport, problem: AnywhereError | undefined): void {
    this.#deps.reporter.hostsFile(this.#written.file, report.changed, problem);
  }
}

/** Servers switched on or off by hand while this program runs. A change of the hosts file keeps the switches. */
class Switches {
  readonly #enabled = new Map<string, boolean>();

  /** @param id `host/server` */
  set(id: string, enabled: boolean): void {
    this.#enabled.set(id, enabled);
  }

  get(id: string): boolean | undefined {
    return this.#enabled.get(id);
  }

  /** The plan with all switches applied. */
  appliedTo(plan: Plan): Plan {
    return this.#enabled.size === 0 ? plan : { ...plan, hosts: plan.hosts.map((host) => this.#host(host)) };
  }

  #host(host: HostPlan): HostPlan {
    return { ...host, servers: host.servers.map((server) => this.#server(server)) };
  }

  #server(server: ServerPlan): ServerPlan {
    const enabled = this.#enabled.get(serverId(server)) ?? server.enabled;
    return enabled === server.enabled ? server : { ...server, enabled };
  }
}

/** Puts a plan in force with the smallest change. @returns the changes, a line each; empty where both plans are the same */
function replan(plan: Plan, parts: ReplanParts): readonly string[] {
  const { fleet, catalog, router } = parts;
  if (fleet.isClosed) return [];
  const diff = planDiff(fleet.plan, plan);
  if (isUnchanged(fleet.plan, diff)) return [];
  const rearranged = fleet.rearrange(diff);
  router.use(fleet.byId);
  removeUnits(rearranged, parts);
  addUnits(rearranged, parts);
  // Last: a client that lists at once finds every unit in its place.
  catalog.replan(diff.plan);
  for (const unit of rearranged.arrived) start(unit, parts);
  return linesOf(diff);
}

function removeUnits({ removed }: Rearranged, { keeper, fleet }: ReplanParts): void {
  for (const group of removed) {
    fleet.drain(group);
    for (const unit of group.units) keeper.remove(unit);
  }
}

function addUnits({ arrived, before }: Rearranged, { keeper, onArrived }: ReplanParts): void {
  for (const unit of arrived) {
    keeper.add(unit);
    onArrived(unit.plan);
    const predecessor = before.get(serverId(unit.plan));
    if (predecessor !== undefined) unit.succeed(predecessor);
  }
}

/** A server without a current listing is started for the connected clients. */
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

/** The composition root: creates links, servers, catalog, router and sessions from a Plan, and closes them. */
import { join } from 'node:path';
import type { StatKey, StatRow, StatWindow } from '../api/control.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError, asAnywhereError, type ErrorReport } from '../base/errors.ts';
import { Scope } from '../base/scope.ts';
import { Turns } from '../base/turns.ts';
import type { Contender } from '../calls/pool-choice.ts';
import { Pools } from '../calls/pools.ts';
import { Router } from '../calls/router.ts';
import { Waits } from '../calls/waits.ts';
import { ListingCache } from '../catalog/cache.ts';
import { Catalog } from '../catalog/catalog.ts';
import { serverId } from '../catalog/snapshot.ts';
import type { Paths } from '../config/paths.ts';
import type { Plan, ServerPlan } from '../config/plan.ts';
import type { Secrets } from '../config/secrets.ts';
import { ClientSession, type SessionDeps } from '../downstream/session.ts';
import { TransparentSession } from '../downstream/transparent-session.ts';
import type { Link, LinkDeps } from '../link/contract.ts';
import { SleepWatch } from '../link/sleep-watch.ts';
import type { Middleware } from '../policy/middleware.ts';
import type { MessageWriter } from '../protocol/writer.ts';
import type { EventBus } from '../telemetry/event-bus.ts';
import type { ServerLogs } from '../telemetry/server-logs.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';
import type { ServerUnit } from '../upstream/unit.ts';
import type { ClientEnvironment, ClientEnvironments } from './client-environments.ts';
import { createUnit } from './create-unit.ts';
import { createDiscoveries, type Discoveries } from './discoveries.ts';
import { Fleet } from './fleet.ts';
import { HostAccess } from './host-access.ts';
import { ListingKeeper } from './listing-keeper.ts';
import { LivePlan } from './live-plan.ts';
import type { HostsFileSource, ReloadReport } from './reload.ts';
import { Reporter } from './reporter.ts';
import { createSessionDeps, type SessionParts } from './session-deps.ts';
import { SharedClient } from './shared-client.ts';
import { createStatistics, type Statistics } from './statistics.ts';

export interface GatewayDeps extends Omit<LinkDeps, 'cacheDir' | 'runtimeDir'> {
  readonly paths: Paths;
  readonly secrets: Secrets;
  readonly version: string;
  /** For clients with environments of their own; undefined: all clients have the user's environment. */
  readonly environments?: ClientEnvironments | undefined;
  /** The source of the plan, which the gateway follows and can read again. */
  readonly hostsFile?: HostsFileSource | undefined;
  /** How long a removed server or host may take for its last calls. Default 30 s. */
  readonly drainMs?: number;
  /** The user's middleware around every tool call, outermost first. */
  readonly middleware?: readonly Middleware[];
}

type SessionOptions = Pick<SessionDeps, 'isCommand' | 'observer'> & {
  readonly environment?: ClientEnvironment | undefined;
};

const DRAIN_MS = 30_000;

export class Gateway {
  readonly clock: Clock;
  /** @internal The types are zod's, which users of the library may not have. */
  readonly bus: EventBus;
  /** @internal As `bus`. */
  readonly logs: ServerLogs;
  /** @internal The types are ssh2's, which users of the library may not have. */
  readonly hosts: HostAccess;
  readonly catalog: Catalog;
  readonly router: Router;
  readonly keeper: ListingKeeper;
  /** What AI clients' files on hosts name. @internal */
  readonly discoveries: Discoveries;
  readonly #pools: Pools;
  readonly #statistics: Statistics;
  readonly #deps: GatewayDeps;
  readonly #launches = new Turns(() => this.plan.limits.launches);
  readonly #scope: Scope;
  readonly #reporter: Reporter;
  readonly #fleet: Fleet;
  readonly #livePlan: LivePlan;
  readonly #waits: Waits;
  readonly #sessions = new Map<ClientSession, number>();
  readonly #sessionDeps: SessionDeps;
  #lastSession = 0;

  constructor(plan: Plan, given: GatewayDeps) {
    this.#reporter = new Reporter(given, plan.limits);
    const deps = { ...given, log: this.#reporter.log };
    this.#deps = deps;
    this.clock = deps.clock;
    const { cacheDir, runtimeDir } = deps.paths;
    const sleeps = new SleepWatch(deps.clock);
    const dials = new Turns(() => this.plan.limits.dials);
    this.hosts = new HostAccess({ ...deps, cacheDir, runtimeDir, sleeps, dials }, deps.environments);
    this.#scope = new Scope((error) => {
      deps.log.error({ error: asAnywhereError(error) }, 'work in the background failed');
    });
    this.bus = this.#reporter.bus;
    this.logs = this.#reporter.logs;
    this.#statistics = createStatistics(deps, { plan, scope: this.#scope, sessions: this.#sessions });
    this.discoveries = createDiscoveries(deps, this.#scope, this.#reporter);
    this.#fleet = this.#createFleet(this.discoveries.appliedTo(plan));
    this.catalog = this.#createCatalog();
    const askedFor = (host: string, owner: InstanceOwner): void => {
      this.askedFor(host, owner);
    };
    this.router = new Router(this.catalog, this.#fleet.byId, deps.clock, {
      waitsFor: (host) => this.hosts.waitsFor(host),
      askedFor,
      isSwitchedOff: (server) => this.#livePlan.isSwitchedOff(serverId(server)),
      listingFailure: (unit) => this.keeper.failure(unit),
    });
    this.#pools = new Pools({ ...deps, unit: (server) => this.router.unit(server) });
    this.keeper = new ListingKeeper({
      ...deps,
      scope: this.#scope,
      catalog: this.catalog,
      units: () => this.units,
      askedFor,
      onProblem: (unit, error) => {
        this.#reporter.problem(unit.plan, error);
      },
    });
    const isPending = (): boolean => this.discoveries.isPending;
    this.#waits = new Waits({ ...this.#parts(), isPending, signal: this.#scope.signal });
    this.#sessionDeps = this.#createSessionDeps();
    this.#livePlan = this.#createLivePlan(plan);
    this.#livePlan.discover();
  }

  /** The hosts file in force, resolved. */
  get plan(): Plan {
    return this.#fleet.plan;
  }

  /** The servers of the hosts file, in its order. */
  get units(): readonly ServerUnit[] {
    return this.#fleet.units;
  }

  get sessions(): ReadonlyMap<ClientSession, number> {
    return this.#sessions;
  }

  /** The text without the secrets that servers have got so far. */
  readonly redact = (text: string): string => this.#reporter.redactor.redact(text);

  /** Dials every host with an enabled server, and follows the hosts file. */
  start(): void {
    this.#scope.run(this.#fleet.wakeAll('start', this.#scope.signal));
    this.#livePlan.follow();
  }

  /** Reads the hosts file again, and puts it in force with the smallest change. */
  reload(): Promise<ReloadReport> {
    return this.#livePlan.reload();
  }

  /** Why the current hosts file is not in force: the last good version is. */
  get hostsFileProblem(): ErrorReport | undefined {
    return this.#livePlan.problem;
  }

  /**
   * Switches a server on or off, whatever the hosts file says, until the program ends.
   * @param id `host/server`
   * @throws AnywhereError USAGE where the hosts file has no such server
   */
  setEnabled(id: string, enabled: boolean): void {
    this.#livePlan.setEnabled(serverId(this.server(id)), enabled);
  }

  /**
   * A client wants a connection to this host, so that the client's agent is used for the login.
   * @param who the owner of an instance, or the client's environment
   */
  askedFor(host: string, who: object): void {
    this.hosts.askedFor(this.link(host), who);
  }

  link(host: string): Link {
    return this.#fleet.link(host);
  }

  /** @param id `host/server` */
  server(id: string): ServerPlan {
    return this.#fleet.unit(id).plan;
  }

  /** A client has connected: its messages go to the session's `receive`. */
  openSession(writer: MessageWriter, { environment, ...more }: SessionOptions = {}): ClientSession {
    this.#lastSession += 1;
    const session = new ClientSession(`c${this.#lastSession}`, writer, { ...this.#sessionDeps, ...more });
    if (environment !== undefined) this.#deps.environments?.bind(session, environment);
    this.#sessions.set(session, this.#deps.clock.now());
    return session;
  }

  /** The session gets the values and the agent of this client for what it starts from now on. */
  actFor(session: ClientSession, environment: ClientEnvironment): void {
    this.#deps.environments?.bind(session, environment);
  }

  /** The client left: its requests are cancelled and its instances end. */
  closeSession(session: ClientSession, cause: AnywhereError): void {
    if (!this.#sessions.delete(session)) return;
    session.close(cause);
    this.keeper.forget(session);
    this.#statistics.forget(session.id);
    this.#fleet.release(session);
    if (session.hello !== undefined) this.bus.emit({ type: 'client-left', client: session.id });
  }

  /** A client of one server, with the server's own names. */
  openTransparentSession(
    writer: MessageWriter,
    server: ServerPlan,
    environment?: ClientEnvironment,
  ): TransparentSession {
    const instance = (owner: InstanceOwner, signal: AbortSignal): Promise<Instance> =>
      Promise.resolve(this.router.instance(server, owner, { signal }));
    const session = new TransparentSession(writer, { ...this.#sessionDeps, instance });
    if (environment !== undefined) this.#deps.environments?.bind(session, environment);
    return session;
  }

  closeTransparentSession(session: TransparentSession, cause: AnywhereError): void {
    session.close(cause);
    this.#fleet.release(session);
  }

  /** The instances that work for this client. */
  instancesOf(session: ClientSession): readonly Instance[] {
    return this.units.flatMap((unit) => {
      const instance = unit.current(session);
      return instance?.hello === undefined ? [] : [instance];
    });
  }

  /** Dials the hosts that are to be looked at, and resolves when each was looked at in this run or cannot be, or after `withinMs`. */
  discovered(withinMs: number, hosts: readonly string[]): Promise<void> {
    const sights = hosts.flatMap((host) => this.discoveries.of(host) ?? []);
    for (const { host, isUnseen } of sights) if (isUnseen) this.link(host).wake('its AI clients are looked at');
    return this.#waits.until(() => !sights.some(({ isUnseen }) => isUnseen), withinMs);
  }

  /** Resolves when each of these servers has listed in this run or cannot list, or after `withinMs`. */
  spoken(withinMs: number, units: readonly ServerUnit[]): Promise<void> {
    return this.#waits.spoken(withinMs, units);
  }

  /**
   * Resolves when a tool of this public name is offered, when no server can offer the tool any more, or after `withinMs`.
   * @param profile of the client; undefined: any client
   */
  toolAppears(name: string, withinMs: number, profile?: string): Promise<void> {
    return this.#waits.toolAppears(name, withinMs, profile);
  }

  /** Most calls first. @internal As `bus`. */
  stats(window: StatWindow, by: StatKey): Promise<readonly StatRow[]> {
    return this.#statistics.rows(window, by);
  }

  /** Load and latency of a pool's member; undefined before its first call. @param id `host/server` */
  poolMember(id: string): Contender | undefined {
    return this.#pools.known(id);
  }

  /** Ends the sessions, the servers and the connections. */
  async close(): Promise<void> {
    const cause = new AnywhereError('INTERRUPTED', 'MCP-Anywhere ends');
    for (const session of [...this.#sessions.keys()]) this.closeSession(session, cause);
    await this.#fleet.close(cause.message);
    await this.#scope.close(cause);
    await this.logs.close();
    await this.#statistics.close();
  }

  #createFleet(plan: Plan): Fleet {
    const { clock, drainMs = DRAIN_MS } = this.#deps;
    return new Fleet(plan, {
      ...{ clock, drainMs, scope: this.#scope },
      createLink: (host, settings) => {
        const link = this.hosts.createLink(host, settings);
        link.onChange((change) => {
          if (this.#fleet.speaksFor(host.name, link)) this.#reporter.linkChanged(host.name, change);
        });
        return link;
      },
      createUnit: (server, link) => this.#createUnit(server, link),
    });
  }

  #createUnit(server: ServerPlan, link: Link): ServerUnit {
    const shared = new SharedClient(this.#deps.version, {
      sessions: () => [...this.#sessions.keys()],
      onListChanged: (instance) => {
        this.keeper.relist(instance);
      },
    });
    return createUnit(server, link, shared, {
      ...this.#deps,
      scope: this.#scope,
      reporter: this.#reporter,
      limits: () => this.plan.limits,
      isLocal: (host) => this.#fleet.isLocal(host),
      launches: this.#launches,
      discoveries: this.discoveries,
    });
  }

  #createLivePlan(plan: Plan): LivePlan {
    const { catalog, router, keeper } = this;
    return new LivePlan(plan, {
      clock: this.#deps.clock,
      scope: this.#scope,
      reporter: this.#reporter,
      source: this.#deps.hostsFile,
      parts: {
        fleet: this.#fleet,
        discoveries: this.discoveries,
        catalog,
        router,
        keeper,
        sessions: () => this.#sessions.keys(),
        onArrived: (server) => {
          this.#reporter.serverArrived(server);
        },
      },
    });
  }

  #createCatalog(): Catalog {
    const cache = new ListingCache(
      join(this.#deps.paths.cacheDir, 'catalog'),
      (error) => {
        this.#deps.log.warn({ error }, 'a listing could not be cached');
      },
      this.#reporter.redactor,
    );
    const catalog = new Catalog(this.plan, cache, this.#deps.clock);
    catalog.changes.on(({ server, collections }) => {
      if (!collections.has('tools')) return;
      const tools = catalog.listing(server)?.items.tools.length ?? 0;
      this.bus.emit({ type: 'tools-changed', host: server.host, server: server.name, tools });
    });
    return catalog;
  }

  #createSessionDeps(): SessionDeps {
    return createSessionDeps({
      ...this.#parts(),
      version: this.#deps.version,
      pools: this.#pools,
      middleware: this.#deps.middleware ?? [],
      scope: this.#scope,
      bus: this.bus,
      catalog: this.catalog,
      waits: this.#waits,
      statistics: this.#statistics,
      instancesOf: (session) => this.instancesOf(session),
      sinceMs: (session) => this.#sessions.get(session) ?? 0,
      maxRequests: () => this.plan.limits.requestsPerClient,
    });
  }

  /** What several parts share. */
  #parts(): Pick<SessionParts, 'clock' | 'router' | 'keeper' | 'units'> {
    return { clock: this.#deps.clock, router: this.router, keeper: this.keeper, units: () => this.units };
  }
}

/** The composition root: builds links, servers, catalog, router and sessions from a Plan, and ends them. */
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { AnywhereError, asAnywhereError, reportOf } from '../base/errors.ts';
import { Scope } from '../base/scope.ts';
import { ListingCache } from '../catalog/cache.ts';
import { Catalog } from '../catalog/catalog.ts';
import { serverId } from '../catalog/snapshot.ts';
import type { Paths } from '../config/paths.ts';
import type { Plan, ServerPlan } from '../config/plan.ts';
import type { Secrets } from '../config/secrets.ts';
import { ClientSession, type SessionDeps } from '../downstream/session.ts';
import { TransparentSession } from '../downstream/transparent-session.ts';
import type { Link, LinkChange, LinkDeps } from '../link/contract.ts';
import { createHostLink } from '../link/create.ts';
import { SshConfigCache } from '../link/ssh-config-cache.ts';
import { Keyring } from '../link/ssh2/keyring.ts';
import { settingsResolver } from '../link/ssh2/route.ts';
import { callEvents } from '../policy/call-events.ts';
import { chain, type Interceptor } from '../policy/interceptor.ts';
import type { MessageWriter } from '../protocol/writer.ts';
import { patienceMs } from '../routing/patience.ts';
import { Router } from '../routing/router.ts';
import { EventBus } from '../telemetry/event-bus.ts';
import type { GatewayEventBody, LogStream } from '../telemetry/events.ts';
import { Redactor } from '../telemetry/redact.ts';
import { ServerLogs } from '../telemetry/server-logs.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';
import { serverStateKind } from '../upstream/server-state.ts';
import { ServerUnit } from '../upstream/unit.ts';
import { ServerSender } from './call.ts';
import { launchResolver } from './launches.ts';
import { ListingKeeper } from './listing-keeper.ts';
import { offerOf } from './offer.ts';
import { untilOver } from './settle.ts';
import { SharedClient } from './shared-client.ts';

export interface GatewayDeps extends Omit<LinkDeps, 'cacheDir' | 'runtimeDir'> {
  readonly paths: Paths;
  readonly secrets: Secrets;
  readonly version: string;
  /** Users' own middleware around every tool call, outermost first. */
  readonly interceptors?: readonly Interceptor[];
}

/** Servers never seen before may hold the very first list for so long in all (DESIGN.md, promise 1). */
const FIRST_LIST_MS = 8_000;

export class Gateway {
  readonly plan: Plan;
  readonly bus: EventBus;
  readonly catalog: Catalog;
  readonly router: Router;
  readonly units: readonly ServerUnit[];
  readonly keeper: ListingKeeper;
  readonly logs: ServerLogs;
  readonly startedMs: number;
  /** What links are made with: doctor and trust look through the same eyes. */
  readonly linkDeps: LinkDeps;
  /** One passphrase serves all hosts. */
  readonly keyring = new Keyring();
  readonly #deps: GatewayDeps;
  readonly #scope: Scope;
  readonly #links: ReadonlyMap<string, Link>;
  readonly #sessions = new Map<ClientSession, number>();
  readonly #sessionDeps: SessionDeps;
  readonly #redactor = new Redactor();
  #lastSession = 0;
  #lastCall = 0;

  constructor(plan: Plan, deps: GatewayDeps) {
    this.plan = plan;
    this.#deps = deps;
    this.startedMs = deps.clock.now();
    this.linkDeps = { ...deps, cacheDir: deps.paths.cacheDir, runtimeDir: deps.paths.runtimeDir };
    this.#scope = new Scope((error) => {
      deps.log.error({ error: asAnywhereError(error) }, 'work in the background failed');
    });
    this.bus = new EventBus({
      clock: deps.clock,
      onListenerError: (error) => {
        deps.log.error({ error }, 'an event listener failed');
      },
    });
    this.logs = this.#createLogs();
    this.#links = this.#createLinks();
    this.units = plan.hosts.flatMap((host) => host.servers.map((server) => this.#createUnit(server)));
    this.catalog = this.#createCatalog();
    const unitsById = new Map(this.units.map((unit) => [serverId(unit.plan), unit]));
    this.router = new Router(this.catalog, unitsById, deps.clock);
    this.keeper = new ListingKeeper({
      ...deps,
      scope: this.#scope,
      catalog: this.catalog,
      units: this.units,
      onProblem: (unit, error) => {
        this.#emit({ type: 'problem', host: unit.plan.host, server: unit.plan.name, problem: reportOf(error) });
      },
    });
    this.#sessionDeps = this.#createSessionDeps();
  }

  /** Begins to connect to every host that has something to offer. */
  start(): void {
    this.#scope.run(this.#wakeAll());
  }

  get sessions(): ReadonlyMap<ClientSession, number> {
    return this.#sessions;
  }

  link(host: string): Link {
    const link = this.#links.get(host);
    if (link === undefined)
      throw new AnywhereError('USAGE', `the hosts file has no host ${host}`, { host, hint: 'mcp-anywhere status' });
    return link;
  }

  /** A client has connected; what it says goes to the session's `receive`. */
  openSession(writer: MessageWriter, more: Pick<SessionDeps, 'isCommand'> = {}): ClientSession {
    this.#lastSession += 1;
    const session = new ClientSession(`c${this.#lastSession}`, writer, { ...this.#sessionDeps, ...more });
    this.#sessions.set(session, this.#deps.clock.now());
    return session;
  }

  /** The client left: its requests are cancelled and its instances end. */
  closeSession(session: ClientSession, cause: AnywhereError): void {
    if (!this.#sessions.delete(session)) return;
    session.close(cause);
    this.keeper.forget(session);
    for (const unit of this.units) unit.release(session);
    if (session.hello !== undefined) this.#emit({ type: 'client-left', client: session.id });
  }

  /** @param id `host/server` */
  server(id: string): ServerPlan {
    const unit = this.units.find(({ plan }) => serverId(plan) === id);
    if (unit === undefined)
      throw new AnywhereError('USAGE', `the hosts file has no server ${id}`, { hint: 'mcp-anywhere status' });
    return unit.plan;
  }

  /** One client for one server, with nothing renamed. */
  openTransparentSession(writer: MessageWriter, server: ServerPlan): TransparentSession {
    const instance = (owner: InstanceOwner, signal: AbortSignal): Promise<Instance> =>
      Promise.resolve(this.router.instance(server, owner, { signal }));
    return new TransparentSession(writer, { clock: this.#deps.clock, scope: this.#scope, instance });
  }

  closeTransparentSession(session: TransparentSession, cause: AnywhereError): void {
    session.close(cause);
    for (const unit of this.units) unit.release(session);
  }

  /** What works for this client now. */
  instancesOf(session: ClientSession): readonly Instance[] {
    return this.units.flatMap((unit) => {
      const instance = unit.current(session);
      return instance?.hello === undefined ? [] : [instance];
    });
  }

  /** Resolves when each of these servers has listed in this run or cannot, or after `withinMs`. */
  spoken(withinMs: number, units: readonly ServerUnit[]): Promise<void> {
    return this.#until(() => units.every((unit) => this.keeper.hasSpoken(unit)), withinMs);
  }

  /**
   * Resolves when a tool of this public name is offered, when no server can offer it any more, or after `withinMs`.
   * @param profile of the client it is to be offered to; undefined: to anyone
   */
  toolAppears(name: string, withinMs: number, profile?: string): Promise<void> {
    const named = this.router.unlisted(name);
    const units = named.length === 0 ? this.units : named;
    const isOver = (): boolean =>
      this.router.named('tools', name, profile) !== undefined || units.every((unit) => this.keeper.hasSpoken(unit));
    return this.#until(isOver, withinMs);
  }

  async close(): Promise<void> {
    const cause = new AnywhereError('INTERRUPTED', 'MCP-Anywhere ends');
    for (const session of [...this.#sessions.keys()]) this.closeSession(session, cause);
    for (const unit of this.units) unit.stop('MCP-Anywhere ends');
    await Promise.all([...this.#links.values()].map((link) => link.close()));
    await this.#scope.close(cause);
    await this.logs.close();
  }

  #createLogs(): ServerLogs {
    const { clock, log, paths } = this.#deps;
    return new ServerLogs({ folder: join(paths.stateDir, 'logs'), clock, log, redact: this.#redactor.redact });
  }

  #createLinks(): ReadonlyMap<string, Link> {
    const resolve = settingsResolver(this.linkDeps, new SshConfigCache(this.linkDeps));
    return new Map(
      this.plan.hosts.map((host) => {
        const link = createHostLink(host, this.plan, this.linkDeps, { keyring: this.keyring, resolve });
        link.onChange((change) => {
          this.#linkChanged(host.name, change);
        });
        return [host.name, link];
      }),
    );
  }

  #createUnit(server: ServerPlan): ServerUnit {
    const shared = new SharedClient(this.#deps.version, {
      sessions: () => [...this.#sessions.keys()],
      onListChanged: (instance) => {
        this.keeper.relist(instance);
      },
    });
    const unit = new ServerUnit(server, this.link(server.host), shared, {
      clock: this.#deps.clock,
      scope: this.#scope,
      maxMessageBytes: this.plan.limits.maxMessageBytes,
      resolveLaunch: launchResolver(this.#deps.secrets, (value) => {
        this.#redactor.learn(value);
      }),
      redact: this.#redactor.redact,
      onLine: (stream, line) => {
        this.#logLine(server, stream, line);
      },
    });
    unit.changes.on(({ to, reason }) => {
      const cause = to.cause === undefined ? {} : { cause: reportOf(to.cause) };
      this.#emit({
        type: 'server-state',
        host: server.host,
        server: server.name,
        state: serverStateKind(to),
        reason,
        ...cause,
      });
    });
    return unit;
  }

  #createCatalog(): Catalog {
    const cache = new ListingCache(join(this.#deps.paths.cacheDir, 'catalog'), (error) => {
      this.#deps.log.warn({ error }, 'a listing could not be cached');
    });
    const catalog = new Catalog(this.plan, cache, this.#deps.clock);
    catalog.changes.on(({ server, collections }) => {
      if (!collections.has('tools')) return;
      const tools = catalog.listing(server)?.items.tools.length ?? 0;
      this.#emit({ type: 'tools-changed', host: server.host, server: server.name, tools });
    });
    return catalog;
  }

  #createSessionDeps(): SessionDeps {
    const { clock, version, interceptors = [] } = this.#deps;
    const sender = new ServerSender(this.router, clock);
    const events = callEvents(
      (event) => {
        this.#emit(event);
      },
      clock,
      () => this.bus.hasListeners,
    );
    return {
      clock,
      version,
      scope: this.#scope,
      catalog: this.catalog,
      router: this.router,
      callTool: chain([events, ...interceptors], (call) => sender.call(call)),
      forward: (outgoing, destination) => sender.forward(outgoing, destination),
      readyFor: (server, owner) =>
        interceptors.length > 0 || this.bus.hasListeners ? undefined : this.router.ready(server, owner),
      startCall: (instance, call, waiter) => {
        sender.start(instance, call, waiter);
      },
      nextCallId: () => {
        this.#lastCall += 1;
        return this.#lastCall;
      },
      awaitTool: (name, client) => this.#awaitTool(name, client.owner, client.profile()),
      offer: (profile) =>
        offerOf(
          this.catalog,
          this.units.map(({ plan }) => plan),
          profile,
        ),
      onHello: (session) => {
        this.#emit({ type: 'client-joined', client: session.id, name: session.hello?.name ?? '' });
        this.keeper.want(session, session.profile);
      },
      firstListReady: (session) => this.#firstListReady(session),
      instancesOf: (session) => this.instancesOf(session),
      onListChanged: (instance) => {
        this.keeper.relist(instance);
      },
    };
  }

  /** One host at a time, so that a client that is there already is not kept waiting by the last of a hundred. */
  async #wakeAll(): Promise<void> {
    for (const [name, link] of this.#links) {
      await setImmediate();
      if (this.#scope.closed) return;
      if (this.units.some(({ plan }) => plan.host === name && plan.enabled)) link.wake('start');
    }
  }

  /** A call that comes before its server was ever listed waits as a call to its host does. */
  async #awaitTool(name: string, owner: InstanceOwner, profile: string | undefined): Promise<void> {
    const units = this.router.unlisted(name);
    for (const unit of units) {
      unit.link.wake(`a call to ${serverId(unit.plan)}`);
      this.keeper.wantUnit(unit, owner, profile);
    }
    const waits = units.map(({ link, plan }) => patienceMs(link.state, plan.timeoutMs));
    await this.toolAppears(name, Math.max(0, ...waits), profile);
  }

  #firstListReady(session: ClientSession): Promise<void> {
    const sinceMs = this.#sessions.get(session) ?? 0;
    // Never longer, whatever becomes of the wall clock.
    const withinMs = Math.min(FIRST_LIST_MS, sinceMs + FIRST_LIST_MS - this.#deps.clock.now());
    return this.#until(() => this.units.every((unit) => this.keeper.isSettled(unit)), withinMs);
  }

  #until(isOver: () => boolean, withinMs: number): Promise<void> {
    return untilOver(this.keeper.progress, isOver, this.#deps.clock, withinMs, this.#scope.signal);
  }

  #linkChanged(host: string, { to, reason }: LinkChange): void {
    const cause = to.kind === 'waiting' || to.kind === 'refused' ? { cause: reportOf(to.cause) } : {};
    this.#emit({ type: 'host-state', host, state: to.kind, reason, ...cause });
    this.logs.append({ atMs: this.#deps.clock.now(), host, stream: 'ssh', line: `${to.kind}: ${reason}` });
    this.#deps.log.info({ host, state: to.kind, reason }, 'host state');
  }

  #logLine({ host, name }: ServerPlan, stream: LogStream, line: string): void {
    this.logs.append({ atMs: this.#deps.clock.now(), host, server: name, stream, line });
    if (this.bus.hasListeners)
      this.#emit({ type: 'log', host, server: name, stream, line: this.#redactor.redact(line) });
  }

  #emit(event: GatewayEventBody): void {
    this.bus.emit(event);
  }
}

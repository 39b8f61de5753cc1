/** The servers that AI clients' files on hosts name, as part of the plan. */
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { Emitter } from '../base/emitter.ts';
import { AnywhereError } from '../base/errors.ts';
import { Memory } from '../base/memory.ts';
import type { Scope } from '../base/scope.ts';
import { DEFAULTS } from '../config/defaults.ts';
import { environmentForServers } from '../config/environment.ts';
import type { Environment } from '../config/paths.ts';
import type { HostPlan, Plan, PoolPlan, ServerPlan, Template } from '../config/plan.ts';
import { type Candidate, poolMembers } from '../config/pool-rules.ts';
import { LOOK_VARIABLES } from '../discovery/look.ts';
import type { FileProblem } from '../discovery/sighting.ts';
import type { Start } from '../discovery/start.ts';
import type { Launch } from '../launch/contract.ts';
import type { Link } from '../link/contract.ts';
import type { Log } from '../telemetry/log.ts';
import { HostSight, type KnownServer, REMEMBERED, type SightDeps } from './host-sight.ts';
import type { Reporter } from './reporter.ts';

export interface DiscoveriesDeps {
  readonly clock: Clock;
  readonly scope: Scope;
  readonly cacheDir: string;
  readonly learn: (value: string) => void;
  /** The variables that programs on this machine get. */
  readonly localVariables: () => NonNullable<Launch['inherited']>;
  readonly onMemoryError: (error: unknown) => void;
  readonly onProblem: (host: string, problem: FileProblem) => void;
  readonly onFailure: (host: string, error: AnywhereError) => void;
}

interface Surroundings {
  readonly clock: Clock;
  readonly env: Environment;
  readonly paths: { readonly cacheDir: string };
  readonly log: Log;
}

export function createDiscoveries(
  { clock, paths, env, log }: Surroundings,
  scope: Scope,
  reporter: Reporter,
): Discoveries {
  return new Discoveries({
    ...{ clock, scope, cacheDir: paths.cacheDir },
    learn: (value) => {
      reporter.redactor.learn(value);
    },
    localVariables: () => new Map(Object.entries(environmentForLooks(env))),
    onMemoryError: (error) => {
      log.warn({ error }, 'what AI clients name could not be kept');
    },
    onProblem: (host, problem) => {
      reporter.unreadable(host, problem);
    },
    onFailure: (host, error) => {
      reporter.notLooked(host, error);
    },
  });
}

/** Of this machine: what a server gets, and what moves the files of AI clients. */
function environmentForLooks(env: Environment): Record<string, string> {
  const moves = LOOK_VARIABLES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return { ...environmentForServers(env), ...Object.fromEntries(moves) };
}

export class Discoveries {
  readonly #deps: DiscoveriesDeps;
  readonly #memory: SightDeps['memory'];
  readonly #sights = new Map<string, HostSight>();
  #ttlMs: number = DEFAULTS.catalog.ttlMs;
  /** What a look has changed in the plan, a line each. */
  readonly changes = new Emitter<readonly string[]>();
  /** Set by the live plan. */
  onChange: () => void = () => undefined;

  constructor(deps: DiscoveriesDeps) {
    this.#deps = deps;
    this.#memory = new Memory(join(deps.cacheDir, 'found'), REMEMBERED, deps.onMemoryError);
    deps.scope.onClose(() => {
      for (const sight of this.#sights.values()) sight.close();
    });
  }

  /** The plan of the hosts file with the servers that were found. Hosts that are looked at are those of this plan from now on. */
  appliedTo(plan: Plan): Plan {
    this.#ttlMs = plan.catalog.ttlMs;
    const wanted = new Set(plan.hosts.filter(({ discover }) => discover !== undefined).map(({ name }) => name));
    for (const [name, sight] of this.#sights) if (!wanted.has(name)) this.#drop(name, sight);
    if (wanted.size === 0) return plan;
    const hosts = plan.hosts.map((host) => this.#withFound(host));
    return { ...plan, hosts, pools: withMembers(plan.pools, hosts) };
  }

  /** The links of the plan in force: each host is looked at when it connects. */
  follow(links: ReadonlyMap<string, Link>): void {
    for (const [name, sight] of this.#sights) {
      const link = links.get(name);
      if (link !== undefined) sight.follow(link);
    }
  }

  of(host: string): HostSight | undefined {
    return this.#sights.get(host);
  }

  /** Hosts that are looked at. */
  get hosts(): readonly string[] {
    return [...this.#sights.keys()];
  }

  /** True while a host was never looked at, and a look may still tell what is there. */
  get isPending(): boolean {
    return [...this.#sights.values()].some(({ isPending }) => isPending);
  }

  /** Reads the files on all connected hosts. A failure is told, and changes nothing. */
  async lookAll(links: ReadonlyMap<string, Link>, signal: AbortSignal): Promise<void> {
    const up = [...this.#sights].filter(([name]) => links.get(name)?.state.kind === 'ready');
    await Promise.allSettled(up.map(([, sight]) => sight.look(signal)));
  }

  /** @throws AnywhereError where the server cannot be started */
  startOf({ host, name }: ServerPlan, signal: AbortSignal): Promise<Start> {
    const sight = this.#sights.get(host);
    if (sight !== undefined) return sight.startOf(name, signal);
    return Promise.reject(
      new AnywhereError('SERVER_STOPPED', `${host} is not looked at any longer`, { host, server: name }),
    );
  }

  /** The server turned out to be MCP-Anywhere itself. */
  refuse({ host, name }: ServerPlan): void {
    this.#sights.get(host)?.refuse(name);
  }

  #drop(name: string, sight: HostSight): void {
    sight.close();
    this.#sights.delete(name);
  }

  #withFound(host: HostPlan): HostPlan {
    const { discover } = host;
    if (discover === undefined) return host;
    const found = this.#sightOf(host, discover).known.flatMap((known) => serverPlan(host, discover.as, known) ?? []);
    return { ...host, servers: [...host.servers, ...found] };
  }

  #sightOf(host: HostPlan, settings: NonNullable<HostPlan['discover']>): HostSight {
    const subject = subjectOf(host, settings);
    const before = this.#sights.get(host.name);
    if (before !== undefined && JSON.stringify(subjectOf(host, before.settings)) === JSON.stringify(subject))
      return before;
    before?.close();
    const { clock, scope, learn, localVariables, onProblem, onFailure } = this.#deps;
    const sight = new HostSight(host.name, settings, {
      ...{ clock, scope, learn, subject, memory: this.#memory },
      inherited: () => (host.ssh === undefined ? localVariables() : undefined),
      ttlMs: () => this.#ttlMs,
      onChange: () => {
        this.onChange();
      },
      onProblem: (problem) => {
        onProblem(host.name, problem);
      },
      onFailure: (error) => {
        onFailure(host.name, error);
      },
    });
    this.#sights.set(host.name, sight);
    return sight;
  }
}

/** Another login sees other files. */
function subjectOf(
  { name, ssh }: HostPlan,
  { clients, projects }: NonNullable<HostPlan['discover']>,
): readonly string[] {
  const machine = ssh === undefined ? ['local'] : [ssh.alias, ssh.host ?? '', ssh.user ?? '', String(ssh.port ?? '')];
  return [name, ...machine, ...clients.map((id) => `client ${id}`), ...projects];
}

/** Undefined where the hosts file names the server: by its name, or by what it starts. */
function serverPlan(host: HostPlan, hostAs: string, known: KnownServer): ServerPlan | undefined {
  const { from, file, isOurselves, isEnabled, shape, revision } = known;
  if (host.servers.some((server) => server.name === known.name || isSameShape(server, known))) return undefined;
  const [command = '', ...args] = shape;
  const whyNot = isOurselves ? 'is MCP-Anywhere itself' : known.whyNot;
  const taken = host.servers.some(({ namedAs }) => namedAs[1] === known.name);
  return {
    name: known.name,
    host: host.name,
    namedAs: [hostAs, taken ? `${known.name}-found` : known.name],
    command,
    args: args.map(templateOf),
    env: new Map(known.env.map((name) => [name, { pieces: [] }])),
    inheritEnv: [],
    cwd: known.cwd,
    sharing: 'session',
    tools: { allow: [], deny: [], rename: new Map() },
    ...DEFAULTS.server,
    enabled: isEnabled && whyNot === undefined,
    found: { from, file, notStarted: whyNot ?? (isEnabled ? undefined : 'switched off in its client') },
    revision,
  };
}

function templateOf(text: string): Template {
  return { pieces: [text] };
}

/** Only a shape that shows everything can be compared. */
function isSameShape({ command, args }: ServerPlan, { shape }: KnownServer): boolean {
  if (shape.includes('…')) return false;
  const words = args.map(({ pieces }) =>
    pieces.every((piece) => typeof piece === 'string') ? pieces.join('') : undefined,
  );
  return JSON.stringify([command, ...words]) === JSON.stringify(shape);
}

/** A server that was found joins the first pool whose patterns match it. */
function withMembers(pools: readonly PoolPlan[], hosts: readonly HostPlan[]): readonly PoolPlan[] {
  const found = hosts.flatMap(({ name: host, tags, servers }): Candidate[] =>
    servers.flatMap((server) =>
      server.found === undefined || !server.enabled ? [] : [{ host, server: server.name, tags }],
    ),
  );
  const taken = new Set<string>();
  return pools.map((pool) => {
    const more = poolMembers(pool.patterns ?? [], found).filter((member) => !taken.has(member));
    for (const member of more) taken.add(member);
    return more.length === 0 ? pool : { ...pool, members: [...pool.members, ...more] };
  });
}

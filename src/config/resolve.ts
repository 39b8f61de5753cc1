/** From a checked hosts file to the Plan: defaults filled in, paths absolute, texts parsed into templates. */
import { dirname, isAbsolute, resolve } from 'node:path';
import { DEFAULTS } from './defaults.ts';
import { expandHome } from './paths.ts';
import type { DiscoverPlan, HostPlan, Plan, PoolPlan, ServerPlan, SshPlan, Template, ToolsPlan } from './plan.ts';
import { type Candidate, poolMembers } from './pool-rules.ts';
import type { HostEntry, HostsFile, PoolEntry, ServerEntry, SshEntry } from './schema.ts';
import { parseTemplate } from './template.ts';

export interface ResolvePlace {
  /** Absolute path of the hosts file, as found. */
  readonly file: string;
  /** The path with links followed; relative paths of the file start in its folder. Left out: `file`. */
  readonly realPath?: string;
  readonly homeDir: string;
}

export function resolvePlan(hostsFile: HostsFile, place: ResolvePlace): Plan {
  const { attempts, ...reconnect } = hostsFile.reconnect ?? {};
  const hosts = Object.entries(hostsFile.hosts ?? {}).map(([name, host]) =>
    hostPlan(name, host ?? {}, hostsFile.defaults ?? {}, place),
  );
  return {
    file: place.file,
    hosts,
    pools: poolPlans(hostsFile.pools ?? {}, hosts),
    naming: {
      maxLength: hostsFile.naming?.maxLength ?? DEFAULTS.naming.maxLength,
      titles: hostsFile.naming?.titles ?? DEFAULTS.naming.titles,
    },
    catalog: filled(DEFAULTS.catalog, hostsFile.catalog),
    reconnect: {
      ...filled(DEFAULTS.reconnect, reconnect),
      attempts: typeof attempts === 'number' ? attempts : Infinity,
    },
    heartbeat: filled(DEFAULTS.heartbeat, hostsFile.heartbeat),
    limits: filled(DEFAULTS.limits, hostsFile.limits),
  };
}

type Defaults = Pick<HostEntry, 'tags' | 'ssh' | 'servers'>;

function hostPlan(name: string, host: HostEntry, defaults: Defaults, place: ResolvePlace): HostPlan {
  const ssh = host.local === true ? undefined : sshPlan(name, { ...defaults.ssh, ...host.ssh }, place);
  // Nothing can be launched on a host with a subsystem, so servers of `defaults` do not run there.
  const inherited = ssh?.subsystem === undefined ? defaults.servers : undefined;
  const names = new Set([...Object.keys(inherited ?? {}), ...Object.keys(host.servers ?? {})]);
  return {
    name,
    tags: host.tags ?? defaults.tags ?? [],
    ssh,
    ...(host.discover === undefined || host.discover === false
      ? {}
      : { discover: discoverPlan(host.discover, host.as ?? name) }),
    servers: [...names].map((server) =>
      serverPlan([name, host.as ?? name], server, { ...own(inherited, server), ...own(host.servers, server) }, place),
    ),
  };
}

function discoverPlan(discover: Exclude<HostEntry['discover'], false | undefined>, as: string): DiscoverPlan {
  const { clients = [], projects = [] } = discover === true ? {} : discover;
  return { clients, projects, as };
}

function sshPlan(name: string, ssh: SshEntry, place: ResolvePlace): SshPlan {
  return {
    alias: ssh.alias ?? name,
    host: ssh.host,
    user: ssh.user,
    port: ssh.port,
    identityFiles: paths(ssh.identityFile, place),
    proxyJump: ssh.proxyJump,
    configFile:
      ssh.configFile === undefined || ssh.configFile === 'none' ? ssh.configFile : absolute(ssh.configFile, place),
    knownHostsFiles: paths(ssh.knownHostsFile, place),
    backend: ssh.backend ?? 'auto',
    subsystem: ssh.subsystem,
    reuseControlMaster: ssh.reuseControlMaster ?? false,
    forwardAgent: ssh.forwardAgent ?? false,
    connectTimeoutMs: ssh.connectTimeoutMs ?? DEFAULTS.ssh.connectTimeoutMs,
  };
}

function serverPlan(
  [host, hostAs]: readonly [name: string, as: string],
  name: string,
  entry: ServerEntry,
  place: ResolvePlace,
): ServerPlan {
  return {
    name,
    host,
    namedAs: [hostAs, entry.as ?? name],
    // Empty only on a host with `ssh.subsystem`, where nothing is launched.
    command: entry.command ?? '',
    args: (entry.args ?? []).map((value) => templateOf(value, place)),
    env: new Map(Object.entries(entry.env ?? {}).map(([variable, value]) => [variable, templateOf(value, place)])),
    inheritEnv: entry.inheritEnv ?? [],
    cwd: entry.cwd,
    sharing: entry.sharing ?? 'session',
    tools: toolsPlan(entry.tools),
    timeoutMs: entry.timeoutMs ?? DEFAULTS.server.timeoutMs,
    totalTimeoutMs: entry.totalTimeoutMs ?? DEFAULTS.server.totalTimeoutMs,
    pingMs: entry.pingMs ?? DEFAULTS.server.pingMs,
    startTimeoutMs: entry.startTimeoutMs ?? DEFAULTS.server.startTimeoutMs,
    idleMs: entry.idleMs ?? DEFAULTS.server.idleMs,
    enabled: entry.enabled ?? true,
  };
}

function toolsPlan(tools: ServerEntry['tools']): ToolsPlan {
  return { allow: tools?.allow ?? [], deny: tools?.deny ?? [], rename: new Map(Object.entries(tools?.rename ?? {})) };
}

/** A relative `${file:…}` starts, and a `${cmd:…}` runs, in the folder of the hosts file itself: a link to the file changes nothing. */
function templateOf(value: string | number | boolean, place: ResolvePlace): Template {
  const parsed = parseTemplate(String(value));
  if ('fault' in parsed) throw new TypeError('the schema lets no faulty template pass');
  const pieces = parsed.template.pieces.map((piece) => {
    if (typeof piece === 'string' || piece.kind === 'env' || piece.kind === 'keychain') return piece;
    if (piece.kind === 'cmd') return { ...piece, cwd: folderOf(place) };
    if (piece.path.startsWith('~')) return piece;
    return { ...piece, path: absolute(piece.path, place) };
  });
  return { pieces };
}

function paths(written: string | string[] | undefined, place: ResolvePlace): string[] {
  if (written === undefined) return [];
  return (Array.isArray(written) ? written : [written]).map((path) => absolute(path, place));
}

function absolute(path: string, place: ResolvePlace): string {
  const expanded = expandHome(path, place.homeDir);
  return isAbsolute(expanded) ? expanded : resolve(folderOf(place), expanded);
}

function folderOf({ realPath, file }: ResolvePlace): string {
  return dirname(realPath ?? file);
}

/** `values` over `defaults`; undefined counts as absent. */
function filled<Group extends Readonly<Record<string, number>>>(
  defaults: Group,
  values: { readonly [Key in keyof Group]?: number | undefined } | undefined,
): { readonly [Key in keyof Group]: number } {
  const given = Object.entries(values ?? {}).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}

function own<Value>(record: Record<string, Value | null> | null | undefined, key: string): Value | undefined {
  return record !== undefined && record !== null && Object.hasOwn(record, key) ? (record[key] ?? undefined) : undefined;
}

function poolPlans(pools: Readonly<Record<string, PoolEntry>>, hosts: readonly HostPlan[]): readonly PoolPlan[] {
  const candidates = hosts.flatMap(({ name: host, tags, servers }): Candidate[] =>
    servers.map(({ name: server }) => ({ host, server, tags })),
  );
  return Object.entries(pools).map(([name, { members, strategy, pin }]) => ({
    name,
    members: poolMembers(members, candidates),
    patterns: members,
    strategy: strategy ?? 'least-busy',
    pin: pin ?? false,
  }));
}

/** The state of everything at one moment: hosts, servers with their processes, pools, clients and calls. */
import type {
  HostStatus,
  HostsFileProblem,
  LiveCall,
  PoolMemberStatus,
  PoolStatus,
  ServerStatus,
  StatusSnapshot,
} from '../api/status.ts';
import { reportOf } from '../base/errors.ts';
import type { Call } from '../calls/call.ts';
import { RANK, rankOf } from '../calls/pool-choice.ts';
import { serverId } from '../catalog/snapshot.ts';
import type { PoolPlan, ServerPlan, Template } from '../config/plan.ts';
import { ClientSession } from '../downstream/session.ts';
import { progressReport } from '../gateway/call-events.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { HostSight } from '../gateway/host-sight.ts';
import type { Link } from '../link/contract.ts';
import type { Instance } from '../upstream/instance.ts';
import { serverStateKind } from '../upstream/server-state.ts';
import type { ServerUnit } from '../upstream/unit.ts';

export interface StatusDeps {
  readonly gateway: Gateway;
  readonly version: string;
  /** The process of the daemon; undefined where the gateway ends with its command. */
  readonly daemon: { readonly pid: number; readonly startedMs: number } | undefined;
}

/** What is known of a session that is kept for a shell; undefined for any other. */
type StateOfKept = (session: ClientSession) => StatusSnapshot['clients'][number]['shell'];

/** @param own the session of the face that asks: it is not one of the clients */
export function statusOf(deps: StatusDeps, own: ClientSession | undefined, keptState: StateOfKept): StatusSnapshot {
  const { gateway } = deps;
  const clients = [...gateway.sessions].flatMap(([session, sinceMs]) => {
    if (session.hello === undefined || session === own) return [];
    const { name, version } = session.hello;
    const shell = keptState(session);
    return [{ id: session.id, name, version, sinceMs, ...(shell === undefined ? {} : { shell }) }];
  });
  return {
    schemaVersion: 1,
    daemon: daemonStatus(deps),
    ...hostsFileProblem(gateway),
    hosts: reportHosts(gateway).map((host) => withQuestion(gateway, host)),
    ...(gateway.plan.pools.length === 0 ? {} : { pools: gateway.plan.pools.map((pool) => reportPool(gateway, pool)) }),
    clients,
    calls: liveCalls(gateway),
  };
}

function daemonStatus({ gateway, version, daemon }: StatusDeps): StatusSnapshot['daemon'] {
  if (daemon === undefined) return null;
  const { pid, startedMs } = daemon;
  return { pid, version, uptimeMs: gateway.clock.now() - startedMs, hostsFile: gateway.plan.file };
}

export function hostsFileProblem({ hostsFileProblem: problem }: Pick<Gateway, 'hostsFileProblem'>): HostsFileProblem {
  return problem === undefined ? {} : { problem };
}

/** The status of a host that waits for a person names the question. */
function withQuestion(gateway: Gateway, host: HostStatus): HostStatus {
  const cause = host.state === 'connecting' ? gateway.hosts.waitsFor(host.name) : undefined;
  return cause === undefined ? host : { ...host, cause: reportOf(cause) };
}

export function reportHosts(gateway: Gateway): HostStatus[] {
  const toolCounts = countTools(gateway);
  return gateway.plan.hosts.map((host) => {
    const units = gateway.units.filter((unit) => unit.plan.host === host.name);
    const servers = units.map((unit) => reportServer(gateway, unit, toolCounts.get(serverId(unit.plan)) ?? 0));
    const discover = reportDiscover(gateway.discoveries.of(host.name));
    return { name: host.name, ...linkReport(gateway.link(host.name)), tags: host.tags, servers, ...discover };
  });
}

function linkReport({
  state,
  connections,
  backend,
  failingSinceMs,
}: Link): Omit<HostStatus, 'name' | 'tags' | 'servers'> {
  const cause =
    state.kind === 'waiting' || state.kind === 'refused'
      ? state.cause
      : state.kind === 'connecting'
        ? state.lastCause
        : undefined;
  return {
    state: state.kind,
    connections,
    backend,
    ...(cause === undefined ? {} : { cause: reportOf(cause) }),
    ...(failingSinceMs === undefined ? {} : { failingSinceMs }),
    ...(state.kind === 'ready' && state.rttMs !== undefined ? { rttMs: state.rttMs } : {}),
    ...(state.kind === 'waiting' ? { retryAtMs: state.retryAtMs } : {}),
  };
}

function reportServer(gateway: Gateway, unit: ServerUnit, tools: number): ServerStatus {
  const { catalog, keeper } = gateway;
  const problems = [...(catalog.snapshot().problems.get(serverId(unit.plan)) ?? []), ...keeper.failures(unit)];
  const kind = serverStateKind(unit.state);
  const { cause } = unit.state;
  const isFailing = cause !== undefined && (kind === 'failed' || kind === 'crash-loop');
  const { failingSinceMs } = unit.record;
  return {
    name: unit.plan.name,
    state: unit.plan.enabled ? kind : 'disabled',
    ...(isFailing ? { cause: reportOf(cause) } : {}),
    ...(isFailing && failingSinceMs !== undefined ? { failingSinceMs } : {}),
    tools,
    ...(unit.plan.enabled && !catalog.isListed(unit.plan, 'tools') ? { neverListed: true as const } : {}),
    problems: problems.map(reportOf),
    cached: catalog.listing(unit.plan) !== undefined && !catalog.isFresh(unit.plan),
    ...reportProcesses(gateway, unit),
    ...reportFound(unit.plan),
  };
}

/** Where a server comes from that the hosts file does not name. */
function reportFound({ found, enabled }: ServerPlan): Pick<ServerStatus, 'from' | 'alsoIn' | 'file' | 'notStarted'> {
  if (found === undefined) return {};
  const [from, ...alsoIn] = found.from;
  return {
    from,
    ...(alsoIn.length === 0 ? {} : { alsoIn }),
    file: found.file,
    ...(enabled || found.notStarted === undefined ? {} : { notStarted: found.notStarted }),
  };
}

function reportDiscover(sight: HostSight | undefined): Pick<HostStatus, 'discover'> {
  if (sight === undefined) return {};
  const cause = sight.failure === undefined ? {} : { cause: reportOf(sight.failure) };
  const pending = sight.isPending ? { pending: true as const } : {};
  return { discover: { ...pending, unread: sight.problems, ...cause } };
}

function countTools(gateway: Gateway): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { server, pool } of gateway.catalog.snapshot().routes.tools.values())
    for (const { host, name } of pool?.members.map((member) => member.server) ?? [server]) {
      const id = serverId({ host, name });
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  return counts;
}

/** Contains no value of a variable, and no secret of a command line. */
function reportProcesses(
  { clock, redact }: Gateway,
  { plan, record, running }: ServerUnit,
): Pick<ServerStatus, 'command' | 'env' | 'instances' | 'restarts' | 'lastFailure'> {
  const { lastFailure: last } = record;
  const nowMs = clock.now();
  return {
    command: [plan.command, ...plan.args.map(asWritten)].map(redact),
    env: [...plan.env.keys(), ...plan.inheritEnv],
    instances: running.map((instance) => reportInstance(instance, nowMs)),
    restarts: record.restarts,
    ...(last === undefined ? {} : { lastFailure: { atMs: last.atMs, cause: reportOf(last.cause) } }),
  };
}

function reportInstance({ pid, upMs, owner }: Instance, nowMs: number): ServerStatus['instances'][number] {
  return {
    ...(pid === undefined ? {} : { pid }),
    sinceMs: Math.round(nowMs - upMs),
    ...(owner instanceof ClientSession ? { client: owner.id } : {}),
  };
}

/** References are not resolved. */
function asWritten({ pieces }: Template): string {
  return pieces
    .map((piece) => {
      if (typeof piece === 'string') return piece;
      return piece.kind === 'env' ? `\${env:${piece.name}}` : `\${${piece.kind}:…}`;
    })
    .join('');
}

function reportPool(gateway: Gateway, { name, strategy, pin, members: ids }: PoolPlan): PoolStatus {
  const offered = [...gateway.catalog.snapshot().routes.tools.values()].flatMap((route) =>
    route.pool?.plan.name === name ? [route.pool] : [],
  );
  const toolsOf = (id: string): number =>
    offered.filter((tool) => tool.members.some(({ server }) => serverId(server) === id)).length;
  const members = ids.flatMap((id) => gateway.units.filter(({ plan }) => serverId(plan) === id));
  return {
    ...{ name, strategy, pin },
    tools: offered.length,
    members: members.map((unit) => reportMember(gateway, unit, toolsOf(serverId(unit.plan)))),
  };
}

function reportMember(gateway: Gateway, unit: ServerUnit, tools: number): PoolMemberStatus {
  const { host, name: server } = unit.plan;
  const { inFlight = 0, latencyMs, share = 1 } = gateway.poolMember(serverId(unit.plan)) ?? {};
  const known = latencyMs === undefined ? {} : { latencyMs };
  return { host, server, state: memberState(unit), tools, inFlight, ...known, share };
}

function memberState(unit: ServerUnit): PoolMemberStatus['state'] {
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

/** The calls of all clients without an answer, the longest under way first. Read from the sessions, so that no call is kept twice. */
function liveCalls({ sessions, clock }: Gateway): readonly LiveCall[] {
  const offsetMs = clock.now() - clock.monotonic();
  return [...sessions.keys()]
    .flatMap((session) => session.calls.flatMap((call) => liveCall(session, call, offsetMs) ?? []))
    .toSorted((a, b) => a.startedMs - b.startedMs);
}

function liveCall(session: ClientSession, call: Call, offsetMs: number): LiveCall | undefined {
  const { route, id, startedMs, request, progress } = call;
  if (route === undefined) return undefined;
  return {
    call: id,
    client: session.id,
    clientName: session.hello?.name ?? '',
    host: route.server.host,
    server: route.server.name,
    tool: route.original,
    startedMs: Math.round(startedMs + offsetMs),
    bytesIn: request.length,
    ...(progress === undefined ? {} : progressReport(progress)),
  };
}

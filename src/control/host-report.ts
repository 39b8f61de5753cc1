/** The state of everything as one snapshot: what `status` shows. */

import type { HostStateName, ServerStateName } from '../api/events.ts';
import type { ErrorReport } from '../base/errors.ts';
import { reportOf } from '../base/errors.ts';
import { serverId } from '../catalog/snapshot.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Link } from '../link/contract.ts';
import { serverStateKind } from '../upstream/server-state.ts';
import type { ServerUnit } from '../upstream/unit.ts';
import { type InstanceReport, reportProcesses } from './process-report.ts';

export interface ServerReport {
  readonly name: string;
  readonly state: ServerStateName;
  readonly cause?: ErrorReport;
  readonly tools: number;
  readonly problems: readonly ErrorReport[];
  readonly cached: boolean;
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly instances: readonly InstanceReport[];
  readonly restarts: number;
  readonly lastFailure?: { readonly atMs: number; readonly cause: ErrorReport };
}

export interface HostReport {
  readonly name: string;
  readonly state: HostStateName;
  readonly cause?: ErrorReport;
  readonly rttMs?: number;
  readonly retryAtMs?: number;
  readonly connections: number;
  readonly backend: string;
  readonly tags: readonly string[];
  readonly servers: readonly ServerReport[];
}

export function reportHosts(gateway: Gateway): HostReport[] {
  const toolCounts = countTools(gateway);
  return gateway.plan.hosts.map((host) => {
    const units = gateway.units.filter((unit) => unit.plan.host === host.name);
    const servers = units.map((unit) => reportServer(gateway, unit, toolCounts.get(serverId(unit.plan)) ?? 0));
    return { name: host.name, ...linkReport(gateway.link(host.name)), tags: host.tags, servers };
  });
}

function linkReport(
  link: Link,
): Pick<HostReport, 'state' | 'cause' | 'rttMs' | 'retryAtMs' | 'connections' | 'backend'> {
  const { state, connections, backend } = link;
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
    ...(state.kind === 'ready' && state.rttMs !== undefined ? { rttMs: state.rttMs } : {}),
    ...(state.kind === 'waiting' ? { retryAtMs: state.retryAtMs } : {}),
  };
}

function reportServer(gateway: Gateway, unit: ServerUnit, tools: number): ServerReport {
  const { catalog, keeper } = gateway;
  const problems = [...(catalog.snapshot().problems.get(serverId(unit.plan)) ?? []), ...keeper.failures(unit)];
  const kind = serverStateKind(unit.state);
  const { cause } = unit.state;
  return {
    name: unit.plan.name,
    state: unit.plan.enabled ? kind : 'disabled',
    ...(cause === undefined || (kind !== 'failed' && kind !== 'crash-loop') ? {} : { cause: reportOf(cause) }),
    tools,
    problems: problems.map(reportOf),
    cached: catalog.listing(unit.plan) !== undefined && !catalog.isFresh(unit.plan),
    ...reportProcesses(gateway, unit),
  };
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

/** The tools on offer, for people: definitions parsed, and which servers' tools are missing and why. */

import type { ControlMethods, ToolEntry } from '../api/control.ts';
import { AnywhereError, type ErrorReport, reportOf } from '../base/errors.ts';
import { type PooledTool, type Route, serverId } from '../catalog/route.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { LinkState } from '../link/contract.ts';
import type { ServerUnit } from '../upstream/unit.ts';

/**
 * @param blamed the servers of which it is said why their tools are missing
 * @param waited servers were started and waited for: one that is silent now is missing
 */
export function listTools(
  gateway: Gateway,
  units: readonly ServerUnit[],
  { blamed = units, waited }: { readonly blamed?: readonly ServerUnit[] | undefined; readonly waited: boolean },
): ControlMethods['tools']['result'] {
  const asked = new Set(units.map(({ plan }) => serverId(plan)));
  const routes = [...gateway.catalog.snapshot().routes.tools.values()].filter(({ server, pool }) =>
    pool === undefined
      ? asked.has(serverId(server))
      : pool.members.some((member) => asked.has(serverId(member.server))),
  );
  const missing = blamed.flatMap((unit) => whyMissing(gateway, unit) ?? (waited ? (silence(gateway, unit) ?? []) : []));
  return { tools: routes.map(toolEntry), missing };
}

function toolEntry(route: Route): ToolEntry {
  const definition = JSON.parse(route.definition.toString()) as Record<string, unknown>;
  const { title, description } = definition;
  return {
    name: route.publicKey,
    host: route.server.host,
    server: route.server.name,
    original: route.original,
    ...(route.pool === undefined ? {} : { pool: poolEntry(route.pool) }),
    ...(typeof title === 'string' ? { title } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    definition,
  };
}

function poolEntry({ plan, members }: PooledTool): NonNullable<ToolEntry['pool']> {
  return { name: plan.name, members: members.map(({ server }) => serverId(server)) };
}

function whyMissing(gateway: Gateway, unit: ServerUnit): ErrorReport | undefined {
  if (!unit.plan.enabled || gateway.catalog.isFresh(unit.plan)) return undefined;
  const cause = linkCause(unit.link.state) ?? unit.state.cause ?? gateway.keeper.failure(unit);
  return cause === undefined ? undefined : reportOf(cause.at({ host: unit.plan.host, server: unit.plan.name }));
}

/** The server could still speak, and has not in the time that a person waits. */
function silence(gateway: Gateway, { plan, link }: ServerUnit): ErrorReport | undefined {
  if (!plan.enabled || gateway.catalog.isFresh(plan)) return undefined;
  const place = { host: plan.host, server: plan.name };
  return reportOf(
    link.state.kind === 'ready'
      ? new AnywhereError('SERVER_START_TIMEOUT', `${serverId(plan)} has not listed its tools yet`, place)
      : new AnywhereError('HOST_TIMEOUT', `host ${plan.host} has not answered yet`, place),
  );
}

function linkCause(state: LinkState): ServerUnit['state']['cause'] {
  return state.kind === 'waiting' || state.kind === 'refused' ? state.cause : undefined;
}

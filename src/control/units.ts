/** Finds the servers that a face names, and starts, restarts or waits for them. */

import { deadline, orAbort } from '../base/abort.ts';
import { AnywhereError } from '../base/errors.ts';
import { waitUntil } from '../calls/patience.ts';
import { nearMiss } from '../config/near-miss.ts';
import type { Plan } from '../config/plan.ts';
import type { ClientSession } from '../downstream/session.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { InstanceOwner } from '../upstream/instance.ts';
import { serverStateKind } from '../upstream/server-state.ts';
import type { ServerUnit } from '../upstream/unit.ts';

/** All servers, the servers of a host, or one server. @throws AnywhereError USAGE with the known names, for an unknown name */
export function unitsOf(gateway: Gateway, host: string | undefined, server?: string): readonly ServerUnit[] {
  if (host !== undefined) requireHost(host, gateway.plan);
  const ofHost = gateway.units.filter(({ plan }) => host === undefined || plan.host === host);
  const units = ofHost.filter(({ plan }) => server === undefined || plan.name === server);
  if (units.length === 0 && server !== undefined)
    requireName(
      server,
      ofHost.map(({ plan }) => plan.name),
      `${host ?? 'the hosts file'} has no server`,
      host,
    );
  return units;
}

/** All hosts, or one. @throws AnywhereError USAGE with the known names, for an unknown name */
export function hostsOf({ plan }: Gateway, host: string | undefined): readonly string[] {
  if (host === undefined) return plan.hosts.map(({ name }) => name);
  requireHost(host, plan);
  return [host];
}

/**
 * Starts these servers and dials their hosts.
 * @param reason for the state change of the hosts
 */
export function bringUp(gateway: Gateway, units: readonly ServerUnit[], owner: InstanceOwner, reason: string): void {
  for (const unit of units) {
    if (!unit.plan.enabled) continue;
    gateway.keeper.wantUnit(unit, owner);
    unit.link.wake(reason);
    unit.hurry();
  }
}

/** Starts each server without a listing of this run, and waits until each has listed or failed. */
export async function bringAllUp(
  gateway: Gateway,
  units: readonly ServerUnit[],
  owner: ClientSession,
  withinMs: number,
): Promise<void> {
  const silent = units.filter(({ plan }) => !gateway.catalog.isFresh(plan));
  bringUp(gateway, silent, owner, 'a command needs it');
  await gateway.spoken(withinMs, units);
}

/** Resolves when none of these servers is starting and none of their hosts is connecting, or after `withinMs`. Starts nothing. */
export function settle(
  gateway: Gateway,
  units: readonly ServerUnit[],
  withinMs: number,
  signal: AbortSignal,
): Promise<void> {
  const isSettled = ({ link, state }: ServerUnit): boolean =>
    link.state.kind !== 'connecting' && serverStateKind(state) !== 'starting';
  return waitUntil(gateway.keeper.progress, () => units.every(isSettled), gateway.clock, withinMs, signal);
}

/** The longest restart: npx can take a while. */
const RESTART_MS = 60_000;

/** Stops the servers and starts them for `owner`, so that they list again. Instances of clients start with their next call. */
export async function restartUnits(
  gateway: Gateway,
  { host, server }: { readonly host: string; readonly server: string | undefined },
  owner: ClientSession,
  signal: AbortSignal,
): Promise<void> {
  const units = unitsOf(gateway, host, server).filter(({ plan }) => plan.enabled);
  for (const unit of units) unit.restart('restart');
  const link = gateway.link(host);
  gateway.askedFor(host, owner);
  link.wake('restart', { user: true });
  const late = (): Error => new AnywhereError('SERVER_START_TIMEOUT', `${host} is still restarting`, { host });
  const limit = deadline(gateway.clock, RESTART_MS, late, signal);
  try {
    await link.ready(limit.signal);
    const started = units.map((unit) => unit.instanceFor(owner).ready);
    await orAbort(Promise.allSettled(started), limit.signal);
  } catch (error) {
    // The caller reads the state of each server next. Only the caller's own abort is an error.
    signal.throwIfAborted();
    if (!(error instanceof AnywhereError)) throw error;
  } finally {
    limit.clear();
  }
}

/** @throws AnywhereError USAGE with the known names, for an unknown name */
export function requireHost(host: string, { hosts }: Pick<Plan, 'hosts'>): void {
  requireName(
    host,
    hosts.map(({ name }) => name),
    'the hosts file has no host',
  );
}

function requireName(name: string, known: readonly string[], complaint: string, host = name): void {
  if (known.includes(name)) return;
  const near = nearMiss(name, known);
  throw new AnywhereError('USAGE', `${complaint} ${name}${near === undefined ? '' : `; did you mean ${near}?`}`, {
    host,
    evidence: [known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`],
    hint: 'mcp-anywhere status',
  });
}

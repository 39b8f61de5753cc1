/** The machines on the way to a host, first to last, each with its own ssh configuration (ssh_config(5), ProxyJump). */
import { createHash } from 'node:crypto';
import { AnywhereError } from '../base/errors.ts';
import { Turns } from '../base/turns.ts';
import type { SshPlan } from '../config/plan.ts';
import type { DialerDeps } from '../launch/contract.ts';
import { resolveSshSettings, type SshSettings, sshLine } from './config.ts';
import { SettingsMemo } from './config-memo.ts';

export type ResolveSettings = (plan: SshPlan, signal: AbortSignal) => Promise<SshSettings>;

/** The last one is the host itself. */
export type Route = readonly SshSettings[];

/** Changes with every setting of the machines. */
export function routeDigest(route: Route): string {
  return createHash('sha256')
    .update(JSON.stringify(route.map(({ raw }) => [...raw])))
    .digest('hex');
}

const MOST_MACHINES = 8;

/** Starting a process blocks everything else for 2 ms, and more processes than cores only slow each other down. */
const ASKED_AT_ONCE = 4;

type ResolverDeps = Pick<DialerDeps, 'clock' | 'env' | 'refreshEnv' | 'homeDir'>;

/** Shared by all hosts of a user: recent answers of `ssh -G`, and the limit of processes at once. */
export function settingsMemo({ clock, homeDir }: Pick<DialerDeps, 'clock' | 'homeDir'>): SettingsMemo {
  const turns = new Turns(ASKED_AT_ONCE);
  return new SettingsMemo({ clock, homeDir }, (plan, env, signal) =>
    turns.run(() => resolveSshSettings(plan, { env, homeDir }, signal)),
  );
}

/** Settings of `ssh -G` in the environment of the host's client, at most 5 s old. */
export function settingsResolver(deps: ResolverDeps, memo = settingsMemo(deps)): ResolveSettings {
  return async (plan, signal) => {
    if (deps.refreshEnv !== undefined) await deps.refreshEnv(signal);
    return memo.resolve(plan, deps.env, signal);
  };
}

/**
 * As in ssh, the first machine of a list is reached by its own configuration, and each further one through the machine
 * before it. Settings of the hosts file hold for the host alone; only `configFile` holds for its jump hosts too.
 */
export async function resolveRoute(plan: SshPlan, resolve: ResolveSettings, signal: AbortSignal): Promise<Route> {
  return extend(plan, await resolve(plan, signal), resolve, signal, MOST_MACHINES);
}

async function extend(
  plan: SshPlan,
  target: SshSettings,
  resolve: ResolveSettings,
  signal: AbortSignal,
  room: number,
): Promise<Route> {
  if (target.proxyJump === undefined) return [target];
  const jumps = target.proxyJump.split(',').map((spec) => jumpPlan(plan, spec.trim()));
  if (jumps.length >= room)
    throw new AnywhereError('SSH_CONFIG', `the way to ${plan.alias} has more than ${MOST_MACHINES} machines`, {
      hint: sshLine(plan, { flags: ['-G'] }),
    });
  const [first, ...rest] = await Promise.all(jumps.map((jump) => resolve(jump, signal)));
  const firstPlan = jumps[0];
  if (first === undefined || firstPlan === undefined) return [target];
  const before = await extend(firstPlan, first, resolve, signal, room - jumps.length);
  return [...before, ...rest, target];
}

/** `[user@]host[:port]` or `ssh://[user@]host[:port]`. */
function jumpPlan(plan: SshPlan, spec: string): SshPlan {
  const parts = /^(?:ssh:\/\/)?(?:(.+)@)?(?:\[([^\]]+)\]|([^:@]+))(?::(\d+))?\/?$/.exec(spec);
  const alias = parts?.[2] ?? parts?.[3];
  if (alias === undefined)
    throw new AnywhereError('SSH_CONFIG', `${JSON.stringify(spec)} is not the address of a jump host`, {
      hint: `correct ProxyJump of ${plan.alias}`,
    });
  return {
    ...plan,
    alias,
    host: undefined,
    user: parts?.[1],
    port: parts?.[4] === undefined ? undefined : Number(parts[4]),
    identityFiles: [],
    proxyJump: undefined,
    knownHostsFiles: [],
  };
}

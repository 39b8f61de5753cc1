/**
 * ProxyJump, spelled out as a ProxyCommand: ssh's own -J would start the jump's ssh with the options of its
 * configuration alone, and a `StrictHostKeyChecking no` there would let an unknown machine in between.
 */
import { AnywhereError } from '../base/errors.ts';
import type { SshPlan } from '../config/plan.ts';
import { word } from '../launch/quote.ts';
import { type SshSettings, sshArguments } from '../ssh/config.ts';
import type { ResolveSettings } from '../ssh/route.ts';
import { jumpArguments } from './arguments.ts';

const MAX_HOPS = 16;

/** The ProxyCommand through all jump hosts of `settings`, or undefined without a jump host. */
export async function jumpCommand(
  plan: SshPlan,
  settings: SshSettings,
  resolve: ResolveSettings,
  signal: AbortSignal,
  hops = 0,
): Promise<string | undefined> {
  if (settings.proxyJump === undefined) return undefined;
  if (hops >= MAX_HOPS) {
    throw new AnywhereError('SSH_CONFIG', `more than ${MAX_HOPS} jump hosts: does one jump through itself?`, {
      evidence: [settings.proxyJump],
    });
  }
  const hop = lastHop(plan, settings.proxyJump);
  const hopSettings = await resolve(hop, signal);
  const words = [
    'ssh',
    ...jumpArguments({
      known: hopSettings.raw,
      connectTimeoutMs: plan.connectTimeoutMs,
      proxyCommand: await jumpCommand(hop, hopSettings, resolve, signal, hops + 1),
      target: `[${settings.hostname}]:${settings.port}`,
    }),
    ...sshArguments(hop),
    '--',
    hop.alias,
  ];
  // ssh runs it through the user's shell and expands %-tokens in it.
  return words
    .map((text) => word(text, 'an option of ssh'))
    .join(' ')
    .replaceAll('%', '%%');
}

/** The hop next to the target; the hops before it become its own jumps. */
function lastHop(plan: SshPlan, proxyJump: string): SshPlan {
  const all = proxyJump.split(',');
  const name = parseHop(all.at(-1) ?? '');
  const before = all.slice(0, -1).join(',');
  return {
    ...plan,
    ...name,
    host: undefined,
    identityFiles: [],
    knownHostsFiles: [],
    proxyJump: before === '' ? undefined : before,
    backend: 'openssh',
    subsystem: undefined,
    reuseControlMaster: false,
  };
}

/** `[ssh://][user@]host[:port]`, an IPv6 address in brackets (ssh_config(5), ProxyJump). */
export function parseHop(text: string): {
  readonly alias: string;
  readonly user: string | undefined;
  readonly port: number | undefined;
} {
  const bare = text
    .trim()
    .replace(/^ssh:\/\//, '')
    .replace(/\/$/, '');
  const at = bare.lastIndexOf('@');
  const user = at < 0 ? undefined : bare.slice(0, at);
  const place = bare.slice(at + 1);
  const found = /^\[(.+)\](?::(\d+))?$/.exec(place) ?? /^([^:]+)(?::(\d+))?$/.exec(place);
  const [, alias = place, port] = found ?? [];
  return { alias, user, port: port === undefined ? undefined : Number(port) };
}

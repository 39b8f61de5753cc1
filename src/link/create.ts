/** Makes the link of a host: over ssh, or on this machine. */
import type { HostPlan, SshPlan } from '../config/plan.ts';
import { createLocalDialer } from '../local/dialer.ts';
import { settingsResolver } from '../ssh/route.ts';
import type { Ssh2DialerOptions } from '../ssh2/dialer.ts';
import { createSshDialer } from './backend.ts';
import type { Link, LinkDeps } from './contract.ts';
import { createLink, type LinkSettings } from './link.ts';
import type { Look, Remedies } from './remedies.ts';

/** @param options shared by all hosts of a user */
export function createHostLink(
  host: HostPlan,
  settings: LinkSettings,
  deps: LinkDeps,
  options: Ssh2DialerOptions = {},
): Link {
  if (host.ssh === undefined) return createLink(host, createLocalDialer(host, deps), settings, deps);
  const resolve = options.resolve ?? settingsResolver(deps);
  const dialer = createSshDialer(host, deps, { ...options, resolve });
  return createLink(host, dialer, settings, deps, remediesOf(host.ssh, resolve, deps));
}

/** Loaded with the first refusal: start-up time. */
function remediesOf(plan: SshPlan, resolve: ReturnType<typeof settingsResolver>, deps: LinkDeps): Remedies {
  return (cause) => {
    let look: Look | undefined;
    return async (signal) => {
      const { sshRemedies } = await import('./remedies.ts');
      look ??= sshRemedies(plan, resolve, deps)(cause);
      return look(signal);
    };
  };
}

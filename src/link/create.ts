/** The one place that knows which way leads to a host. */
import type { HostPlan } from '../config/plan.ts';
import { createSshDialer } from './backend.ts';
import type { Link, LinkDeps } from './contract.ts';
import { createLink, type LinkSettings } from './link.ts';
import { createLocalDialer } from './local/dialer.ts';
import type { Ssh2DialerOptions } from './ssh2/dialer.ts';

/** @param options what the hosts of one user share */
export function createHostLink(
  host: HostPlan,
  settings: LinkSettings,
  deps: LinkDeps,
  options: Ssh2DialerOptions = {},
): Link {
  const dialer = host.ssh === undefined ? createLocalDialer(host, deps) : createSshDialer(host, deps, options);
  return createLink(host, dialer, settings, deps);
}

/** The one place that knows which way leads to a host. */
import type { HostPlan } from '../config/plan.ts';
import { createSshDialer } from './backend.ts';
import type { Link, LinkDeps } from './contract.ts';
import { type LinkSettings, createLink } from './link.ts';
import { createLocalDialer } from './local/dialer.ts';

export function createHostLink(host: HostPlan, settings: LinkSettings, deps: LinkDeps): Link {
  const dialer = host.ssh === undefined ? createLocalDialer(host, deps) : createSshDialer(host, deps);
  return createLink(host, dialer, settings, deps);
}

/** This machine itself: the same launcher through /bin/sh, so that the same promises hold. */
import type { HostPlan } from '../../config/plan.ts';
import type { Dialer, LinkDeps } from '../contract.ts';

export function createLocalDialer(host: HostPlan, deps: LinkDeps): Dialer {
  return {
    host: host.name,
    backend: () => 'local',
    dial: async (signal) => {
      signal.throwIfAborted();
      const { LocalTransport } = await import('./transport.ts');
      return new LocalTransport(host.name, deps);
    },
  };
}

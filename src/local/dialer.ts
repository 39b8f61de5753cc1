/** This machine: programs start through /bin/sh and the same launcher, so that the same promises hold. */
import type { HostPlan } from '../config/plan.ts';
import type { Dialer, DialerDeps } from '../launch/contract.ts';

export function createLocalDialer(host: HostPlan, deps: DialerDeps): Dialer {
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

/** `daemon`: serves a hosts file, unless another process does. The rest of the daemon is loaded only then. */
import { systemClock } from '../base/clock.ts';
import { asAnywhereError, reportOf } from '../base/errors.ts';
import { resolvePaths } from '../config/paths.ts';
import type { DaemonOptions } from './daemon-server.ts';
import { type Endpoint, endpointOf } from './endpoint.ts';
import { closeInherited } from './inherited.ts';
import type { LifecycleTimes } from './lifecycle.ts';
import { claimEndpoint } from './lock.ts';
import type { StartMessage } from './spawn-daemon.ts';

export interface ServeOptions extends Omit<DaemonOptions, 'endpoint' | 'lock' | 'clock' | 'times' | 'onServing'> {
  readonly times: Partial<LifecycleTimes>;
}

const TIMES: LifecycleTimes = { idleExitMs: 10 * 60_000, drainMs: 30_000 };

export type DaemonOutcome =
  | { readonly kind: 'ended' }
  /** Another process serves this hosts file already. */
  | { readonly kind: 'served'; readonly pid: number };

/** Resolves when the daemon has ended. A parent process with an IPC channel is told how the start went. */
export async function serveAsDaemon(start: ServeOptions): Promise<DaemonOutcome> {
  // A person in a terminal may want the daemon to hold a descriptor, as flock does.
  if (start.process.connected) closeInherited(start.process.platform);
  try {
    return await serveUnlessServed(start);
  } catch (error) {
    tellStarter(start.process, { ok: false, error: reportOf(asAnywhereError(error)) });
    throw error;
  }
}

async function serveUnlessServed(start: ServeOptions): Promise<DaemonOutcome> {
  const { process, stop } = start;
  const clock = systemClock();
  const endpoint = endpointFor(start);
  const claim = await claimEndpoint(endpoint, clock, stop);
  if (claim.kind === 'served') {
    tellStarter(process, { ok: true, pid: claim.pid });
    return claim;
  }
  try {
    const { runDaemon } = await import('./daemon.ts');
    await runDaemon({
      ...start,
      endpoint,
      clock,
      lock: claim.lock,
      times: { ...TIMES, ...start.times },
      onServing: () => {
        tellStarter(process, { ok: true, pid: process.pid });
      },
    });
  } finally {
    await claim.lock.release();
  }
  return { kind: 'ended' };
}

function endpointFor({ env, homeDir, version, file, process }: ServeOptions): Endpoint {
  const { platform } = process;
  const paths = resolvePaths(env, platform, homeDir);
  return endpointOf({ paths, version, file, platform, uid: process.getuid?.() });
}

/** Once: an open channel would keep both processes alive. */
function tellStarter(process: NodeJS.Process, message: StartMessage): void {
  if (!process.connected) return;
  process.send?.(message, undefined, {}, () => {
    if (process.connected) process.disconnect();
  });
}

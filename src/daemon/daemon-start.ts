/** `daemon`: serves a hosts file, unless another process does. What it needs to serve is loaded only then. */
import { systemClock } from '../base/clock.ts';
import { asAnywhereError, reportOf } from '../base/errors.ts';
import type { FileSource } from '../config/find.ts';
import { type Environment, resolvePaths } from '../config/paths.ts';
import type { LogLevel } from '../telemetry/log.ts';
import { claimEndpoint } from './claim.ts';
import type { LifeTimes } from './daemon-life.ts';
import type { DaemonOptions } from './daemon-options.ts';
import { type Endpoint, endpointOf } from './endpoint.ts';
import { closeInherited } from './inherited.ts';
import type { StartMessage } from './spawn-daemon.ts';

export interface ServeOptions {
  /** Absolute path of the hosts file, and how it was found. */
  readonly file: string;
  readonly source: FileSource;
  readonly version: string;
  readonly env: Environment;
  readonly cwd: string;
  readonly homeDir: string;
  readonly logLevel: LogLevel;
  readonly times: Partial<LifeTimes>;
  readonly process: NodeJS.Process;
  /** Ends it, calls under way or not. */
  readonly stop: AbortSignal;
}

const TIMES: LifeTimes = { idleExitMs: 10 * 60_000, drainMs: 30_000 };

export type DaemonOutcome =
  | { readonly kind: 'ended' }
  /** This process serves that hosts file already. */
  | { readonly kind: 'served'; readonly pid: number };

/** Resolves when it is over. Whoever started it over an IPC channel is told how that went. */
export async function serveAsDaemon(start: ServeOptions): Promise<DaemonOutcome> {
  const tell = (message: StartMessage): void => {
    tellStarter(start.process, message);
  };
  // Whoever starts it in a terminal may mean a descriptor to be held, as flock does.
  if (start.process.connected) closeInherited(start.process.platform);
  try {
    return await serveOrYield(start, tell);
  } catch (error) {
    tell({ ok: false, error: reportOf(asAnywhereError(error)) });
    throw error;
  }
}

async function serveOrYield(start: ServeOptions, tell: (message: StartMessage) => void): Promise<DaemonOutcome> {
  const { process, stop } = start;
  const clock = systemClock();
  const endpoint = endpointFor(start);
  const claim = await claimEndpoint(endpoint, clock, stop);
  if (claim.kind === 'served') {
    tell({ ok: true, pid: claim.pid });
    return claim;
  }
  const options: DaemonOptions = {
    ...start,
    endpoint,
    clock,
    lock: claim.lock,
    times: { ...TIMES, ...start.times },
    onServing: () => {
      tell({ ok: true, pid: process.pid });
    },
  };
  try {
    const { runDaemon } = await import('./daemon.ts');
    await runDaemon(options);
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

/** Once: the channel would keep both processes alive. One that is gone needs no word. */
function tellStarter(process: NodeJS.Process, message: StartMessage): void {
  if (!process.connected) return;
  process.send?.(message, undefined, {}, () => {
    if (process.connected) process.disconnect();
  });
}

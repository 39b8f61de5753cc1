/**
 * A connection to the daemon, which is started where none runs. Of many that want one at the same moment, one
 * starts it and the others wait; should two start one after all, the daemon's own lock decides.
 */
import type { Socket } from 'node:net';
import { deadline } from '../base/abort.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { connectDaemon } from './connect.ts';
import type { Hello } from './hello.ts';
import type { DaemonProcess } from './spawn-daemon.ts';

export interface DaemonStart extends DaemonProcess {
  readonly hello: Hello;
  readonly clock: Clock;
}

/** In all; a busy machine takes some seconds to start one. */
const LIMIT_MS = 30_000;
const POLL_MS = 25;
/** One that served and was gone before we were connected may have been stopped just then. */
const MAX_STARTS = 3;

/**
 * Rejects with the error of a daemon that cannot start (CONFIG_*, FOLDER_UNUSABLE), with NO_DAEMON where none
 * answers in time, and with the signal's reason.
 */
export async function connectOrStart(start: DaemonStart, signal: AbortSignal): Promise<Socket> {
  const limit = deadline(start.clock, LIMIT_MS, silent, signal);
  try {
    return (await ifRunning(start, limit.signal)) ?? (await startOrWait(start, limit.signal));
  } catch (error) {
    if (!limit.signal.aborted || signal.aborted) throw error;
    const { silentDaemon } = await import('./silence.ts');
    throw await silentDaemon(start.endpoint, start.words.file, LIMIT_MS);
  } finally {
    limit.clear();
  }
}

/** Undefined where none runs. */
async function ifRunning({ endpoint, hello }: DaemonStart, signal: AbortSignal): Promise<Socket | undefined> {
  try {
    return await connectDaemon(endpoint, hello, signal);
  } catch (error) {
    // A deadline's reason has this code too, and is the end.
    if (!signal.aborted && error instanceof AnywhereError && error.code === 'NO_DAEMON') return undefined;
    throw error;
  }
}

async function startOrWait(start: DaemonStart, signal: AbortSignal): Promise<Socket> {
  // Loaded only where no daemon runs: start-up time.
  const [{ claimStart }, { spawnDaemon }] = await Promise.all([
    import('./start-claim.ts'),
    import('./spawn-daemon.ts'),
  ]);
  for (let starts = 0; starts < MAX_STARTS; ) {
    const release = await claimStart(start.endpoint, start.clock);
    try {
      const socket = await ifRunning(start, signal);
      if (socket !== undefined) return socket;
      if (release !== undefined) {
        starts += 1;
        await spawnDaemon(start, signal);
      }
    } finally {
      await release?.();
    }
    if (release === undefined) await sleep(start.clock, POLL_MS, signal);
  }
  const last = await ifRunning(start, signal);
  if (last !== undefined) return last;
  throw new AnywhereError('NO_DAEMON', 'the daemon ends as soon as it has started', {
    hint: `read ${start.endpoint.log}`,
  });
}

function silent(): AnywhereError {
  return new AnywhereError('NO_DAEMON', `no daemon answered within ${LIMIT_MS / 1000} s`);
}

/** Of all the daemons that are started for one hosts file, one gets to serve; the others learn that it does. Light. */
import { connect } from 'node:net';
import { type Clock, sleep } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Endpoint } from './endpoint.ts';
import { type Lock, takeLock } from './lock.ts';
import { makeOwnFolder } from './socket-folder.ts';

export type Claim =
  /** Nobody else binds the socket until the lock is released. */
  | { readonly kind: 'ours'; readonly lock: Lock }
  /** This process serves it. */
  | { readonly kind: 'served'; readonly pid: number };

/** How long the holder of the lock may take until it serves. */
const PATIENCE_MS = 20_000;
const LOOK_AGAIN_MS = 25;

/** Rejects with NO_DAEMON where the lock's holder does not come to serve, FOLDER_UNUSABLE, or the signal's reason. */
export async function claimEndpoint(endpoint: Endpoint, clock: Clock, signal: AbortSignal): Promise<Claim> {
  await makeOwnFolder(endpoint.folder);
  const untilMs = clock.monotonic() + PATIENCE_MS;
  for (;;) {
    const outcome = await takeLock(endpoint.lock);
    if (outcome.kind === 'ours') return outcome;
    if (await isListening(endpoint.socket)) return { kind: 'served', pid: outcome.pid };
    if (clock.monotonic() > untilMs) throw stuck(outcome.pid);
    await sleep(clock, LOOK_AGAIN_MS, signal);
  }
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('error', () => {
      resolve(false);
    });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

function stuck(pid: number): AnywhereError {
  return new AnywhereError('NO_DAEMON', `process ${pid} is to serve this hosts file, and does not`, {
    hint: `kill ${pid}`,
  });
}

/**
 * A TCP connection for a login. When one attempt takes long, another races it: a SYN that was sent while the
 * network was down is repeated only after 1, 3, 7 … s, a fresh socket's goes out at once.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import { connectDirect } from '../../base/direct-socket.ts';
import { AnywhereError } from '../../base/errors.ts';

export interface TcpTarget {
  readonly hostname: string;
  readonly port: number;
  /** 0: whichever answers (AddressFamily any). */
  readonly family: 0 | 4 | 6;
  /** BindAddress. */
  readonly localAddress: string | undefined;
}

const RACE_AFTER_MS = 2000;

/** The first socket that connects, without Nagle's delay. Fails when an attempt fails before any connected. */
export function connectTcp(target: TcpTarget, clock: Clock, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const racing = new Set<Socket>();
    let stopTimer = (): void => undefined;
    const finish = (winner: Socket | undefined): void => {
      stopTimer();
      signal.removeEventListener('abort', onAbort);
      for (const socket of racing)
        if (socket !== winner)
          socket
            .off('error', fail)
            .on('error', () => undefined)
            .destroy();
    };
    const fail = (error: Error): void => {
      finish(undefined);
      reject(error);
    };
    const onAbort = (): void => {
      fail(signal.reason as Error);
    };
    const start = (): void => {
      const socket = attempt(target);
      racing.add(socket);
      socket.once('error', fail);
      socket.once('connect', () => {
        socket.off('error', fail);
        // Ours until ssh2 takes it: an error in between must not be an uncaught one.
        socket.on('error', () => undefined);
        finish(socket);
        resolve(socket);
      });
      stopTimer = clock.after(RACE_AFTER_MS, start);
    };
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    start();
  });
}

function attempt(target: TcpTarget): Socket {
  return connectDirect({
    host: target.hostname,
    port: target.port,
    family: target.family,
    noDelay: true,
    keepAlive: true,
    // Node's 250 ms would give up on every address of a machine that is further away than that.
    autoSelectFamilyAttemptTimeout: 1000,
    ...(target.localAddress === undefined ? {} : { localAddress: target.localAddress }),
  });
}

/** For the time limit of a connection. */
export function connectTimeout(machine: string, afterMs: number, host: string): AnywhereError {
  return new AnywhereError('HOST_TIMEOUT', `${machine} did not answer within ${afterMs / 1000} s`, { host });
}

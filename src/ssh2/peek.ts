/** The host keys a machine shows, without trusting it: handshakes that stop at the key, before any login. */
import type { Duplex } from 'node:stream';
import ssh2, { type Algorithms } from 'ssh2';
import { orAbort } from '../base/abort.ts';
import type { AnywhereError } from '../base/errors.ts';
import type { SshSettings } from '../ssh/config.ts';
import { algorithmsForTypes, HOST_KEY_TYPES } from './algorithms.ts';
import { endedEarly, fromSsh2, type Ssh2Place } from './errors.ts';

/**
 * One handshake for each kind of key; a machine shows only one in each. `open` makes a stream to its sshd.
 * Throws what kept the last one from being made when no key was seen.
 */
export async function peekHostKeys(
  settings: SshSettings,
  place: Ssh2Place,
  open: () => Promise<Duplex>,
  signal: AbortSignal,
): Promise<Buffer[]> {
  const looks = HOST_KEY_TYPES.map((types) => look(settings, place, algorithmsForTypes(settings, types), open, signal));
  const seen = await Promise.allSettled(looks);
  const keys = seen.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  if (keys.length > 0) return keys;
  signal.throwIfAborted();
  // Kinds the machine does not have fail too: a failure of the line itself tells more.
  const failures = seen.flatMap((one) => (one.status === 'rejected' ? [one.reason as AnywhereError] : []));
  throw failures.find((error) => error.code !== 'SSH_NEGOTIATION') ?? failures[0] ?? endedEarly('handshake', place);
}

async function look(
  settings: SshSettings,
  place: Ssh2Place,
  algorithms: Algorithms,
  open: () => Promise<Duplex>,
  signal: AbortSignal,
): Promise<Buffer> {
  const stream = await open();
  const client = new ssh2.Client();
  const shown = new Promise<Buffer>((resolve, reject) => {
    client.on('error', (error: unknown) => {
      reject(fromSsh2(error, 'handshake', place));
    });
    client.on('close', () => {
      reject(endedEarly('handshake', place));
    });
    client.connect({
      sock: stream,
      username: settings.user,
      algorithms,
      readyTimeout: settings.connectTimeoutMs,
      hostVerifier: (key: Buffer) => {
        resolve(key);
        return false;
      },
    });
  });
  try {
    return await orAbort(shown, signal);
  } finally {
    stream.destroy();
  }
}

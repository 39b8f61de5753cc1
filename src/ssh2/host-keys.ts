/**
 * Host keys: the check of every key exchange, and a look at a machine's keys before anybody trusts them.
 *
 * The first key exchange of a connection is checked against known_hosts, each later one against the first. The check is
 * synchronous: while ssh2 waits for the answer of a later one, it would use new session keys too early and corrupt the stream.
 */

import type { Duplex } from 'node:stream';
import ssh2, { type Algorithms } from 'ssh2';
import { orAbort } from '../base/abort.ts';
import { AnywhereError } from '../base/errors.ts';
import type { SshSettings } from '../ssh/config.ts';
import { hostKeyError, judgeHostKey, type KnownHost } from '../ssh/known-hosts.ts';
import { fingerprintOf } from '../ssh/known-hosts-lines.ts';
import { algorithmsForTypes, HOST_KEY_TYPES } from './algorithms.ts';
import { endedEarly, fromSsh2, type Ssh2Place } from './errors.ts';

export interface HostCheck {
  readonly verifier: (key: Buffer) => boolean;
  /** Why a key was refused. */
  failure(): AnywhereError | undefined;
  /** Of the accepted key. */
  fingerprint(): string | undefined;
}

/** Only `true` accepts a key; ssh2 takes every value but `false` for an acceptance. */
export function failClosed(check: (key: Buffer) => boolean): (key: Buffer) => boolean {
  return (key) => {
    try {
      return (check(key) as unknown) === true;
    } catch {
      return false;
    }
  };
}

export function checkHostKey(known: KnownHost, host: string): HostCheck {
  let failure: AnywhereError | undefined;
  let accepted: Buffer | undefined;
  const verifier = failClosed((key) => {
    if (accepted !== undefined) {
      if (key.equals(accepted)) return true;
      failure = otherKey(known.name, accepted, key, host);
      return false;
    }
    const verdict = judgeHostKey(known, key);
    if (verdict.kind !== 'known') {
      failure = hostKeyError(known.name, verdict, { host });
      return false;
    }
    // ssh2's buffer is a view of what it read.
    accepted = Buffer.from(key);
    return true;
  });
  return {
    verifier,
    failure: () => failure,
    fingerprint: () => (accepted === undefined ? undefined : fingerprintOf(accepted)),
  };
}

/** The next connection checks the new key against known_hosts. */
function otherKey(name: string, accepted: Buffer, shown: Buffer, host: string): AnywhereError {
  return new AnywhereError('LINK_LOST', `${name} showed another host key in the middle of the connection`, {
    host,
    evidence: [`at first: ${fingerprintOf(accepted)}`, `now: ${fingerprintOf(shown)}`],
  });
}

/**
 * The keys that a machine shows, without trusting them: one handshake for each kind of key, ended before any login. Throws
 * where no key was seen.
 * @param open makes a stream to the machine's sshd
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
  // A kind that the machine lacks fails too; a failure of the connection tells more.
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

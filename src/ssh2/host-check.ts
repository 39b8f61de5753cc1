/**
 * The host key check of every key exchange of a connection: the first by known_hosts, each later one by the first.
 *
 * The answer is synchronous. While ssh2 waits for a later one it would take the new keys into use before the other side
 * has heard of them, and corrupt the stream.
 */
import { AnywhereError } from '../base/errors.ts';
import { hostKeyError, judgeHostKey, type KnownHost } from '../ssh/known-hosts.ts';
import { fingerprintOf } from '../ssh/known-hosts-lines.ts';

export interface HostCheck {
  readonly verifier: (key: Buffer) => boolean;
  /** Why the key was not accepted. */
  failure(): AnywhereError | undefined;
  /** Of the accepted key. */
  fingerprint(): string | undefined;
}

/** Only `true` passes: ssh2 takes anything but a strict `false` for a yes. */
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

/** The next connection checks the other key as any first one. */
function otherKey(name: string, accepted: Buffer, shown: Buffer, host: string): AnywhereError {
  return new AnywhereError('LINK_LOST', `${name} showed another host key in the middle of the connection`, {
    host,
    evidence: [`at first: ${fingerprintOf(accepted)}`, `now: ${fingerprintOf(shown)}`],
  });
}

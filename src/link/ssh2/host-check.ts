/** The host key check of a handshake. Fails closed: ssh2 takes anything but a strict `false` for a yes. */
import type { HostVerifier } from 'ssh2';
import type { AnywhereError } from '../../base/errors.ts';
import { hostKeyError, judgeHostKey, type KnownHost } from '../known-hosts.ts';
import { fingerprintOf } from '../known-hosts-lines.ts';

export interface HostCheck {
  readonly verifier: HostVerifier;
  /** Why the key was not accepted. */
  failure(): AnywhereError | undefined;
  /** Of the accepted key; a further handshake of the same connection (rekeying) must show it again. */
  fingerprint(): string | undefined;
}

/** Turns a check that may be asynchronous, throw, or answer anything into one that only `true` passes. */
export function failClosed(check: (key: Buffer) => boolean | Promise<boolean>): HostVerifier {
  return (key, verify) => {
    const answer = async (): Promise<boolean> => check(key);
    const judged = (ok: unknown): void => {
      verify(ok === true);
    };
    const failed = (): void => {
      verify(false);
    };
    // ssh2 throws when the connection went meanwhile.
    answer()
      .then(judged, failed)
      .catch(() => undefined);
  };
}

export function checkHostKey(known: KnownHost, host: string): HostCheck {
  let failure: AnywhereError | undefined;
  let fingerprint: string | undefined;
  return {
    verifier: failClosed((key) => {
      const verdict = judgeHostKey(known, key);
      if (verdict.kind !== 'known') failure = hostKeyError(known.name, verdict, { host });
      else fingerprint = fingerprintOf(key);
      return verdict.kind === 'known';
    }),
    failure: () => failure,
    fingerprint: () => fingerprint,
  };
}

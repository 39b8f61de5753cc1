/** Both sides of a host key that ssh did not accept: the one shown, and the ones the files name. */
import { AnywhereError } from '../base/errors.ts';
import type { SshSettings } from '../ssh/config.ts';
import { type KnownKey, knownHostsName, lookupKnownHost } from '../ssh/known-hosts.ts';
import { hostKeyFingerprint, offendingKey } from './errors.ts';

/** The failure with fingerprints, file and line in its evidence; any other failure as it is. */
export async function withKnownKeys(
  failure: AnywhereError,
  stderr: readonly string[],
  settings: SshSettings,
): Promise<AnywhereError> {
  const shown = hostKeyFingerprint(stderr);
  // Without a key of its own the failing ssh was that of a jump host, whose words are in the evidence already.
  if (!failure.code.startsWith('HOST_KEY_') || shown === undefined) return failure;
  const known = await lookupKnownHost(settings);
  const keys = failure.code === 'HOST_KEY_REVOKED' ? known.revoked : known.keys;
  const label = failure.code === 'HOST_KEY_REVOKED' ? 'revoked' : 'known';
  return new AnywhereError(failure.code, `${failure.message} (${knownHostsName(settings)})`, {
    host: failure.host,
    evidence: [`shown: ${shown}`, ...keys.map((key) => describe(label, key))],
    hint: failure.code === 'HOST_KEY_CHANGED' ? changedHint(stderr) : undefined,
    cause: failure,
  });
}

function describe(label: string, key: KnownKey): string {
  return `${label}: ${key.type} ${key.fingerprint} (${key.file}:${key.line})`;
}

function changedHint(stderr: readonly string[]): string | undefined {
  const offending = offendingKey(stderr);
  if (offending === undefined) return undefined;
  return `compare the fingerprints with the machine's owner; if the new one is right, remove line ${offending.line} of ${offending.file}, then trust it`;
}

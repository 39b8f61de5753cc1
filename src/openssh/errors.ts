/**
 * Reads the stderr of the system's ssh (LC_ALL=C, LogLevel=DEBUG1): the only place.
 *
 * Every failure of ssh has the exit code 255, so only the text tells what happened. Patterns match whole lines, because a
 * server's banner stands among them. An unknown text means "unreachable", never "refused".
 */
import { AnywhereError, type ErrorCode } from '../base/errors.ts';
import type { SshSettings } from '../ssh/config.ts';
import { type KnownKey, knownHostsName, lookupKnownHost } from '../ssh/known-hosts.ts';

interface Reading {
  readonly code: ErrorCode;
  readonly line: RegExp;
  readonly message: string;
  readonly hint?: string;
}

/** The most specific first: after a failed host key ssh also reports a closed connection. */
const READINGS: readonly Reading[] = [
  {
    code: 'HOST_KEY_REVOKED',
    line: /^@ +WARNING: REVOKED HOST KEY DETECTED! +@$/,
    message: 'the host shows a revoked key',
  },
  {
    code: 'HOST_KEY_CHANGED',
    line: /^@ +WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! +@$/,
    message: 'the host shows a different key than the known one',
  },
  {
    code: 'HOST_KEY_UNKNOWN',
    line: /^No \S+ host key is known for .+ and you have requested strict checking\.$/,
    message: 'no known_hosts file names the key of the host',
  },
  {
    code: 'HOST_KEY_UNKNOWN',
    line: /^Host key verification failed\.$/,
    message: 'the key of the host could not be verified',
  },
  {
    code: 'SSH_CONFIG',
    line: /: line \d+: Bad configuration option: |: terminating, \d+ bad configuration options$/,
    message: 'ssh does not accept its configuration',
  },
  {
    code: 'SSH_CONFIG',
    line: /^Can't open user config file |^Bad owner or permissions on /,
    message: 'ssh cannot use its configuration file',
  },
  {
    code: 'KEY_UNUSABLE',
    line: /^Load key ".+": /,
    message: 'an identity file cannot be used, and nothing else was accepted',
  },
  {
    code: 'KEY_UNUSABLE',
    line: /^sign_and_send_pubkey: signing failed /,
    message: 'a key could not sign, and nothing else was accepted',
  },
  {
    code: 'AUTH_FAILED',
    line: /^(\S+@\S+: )?Permission denied \([\w,@.-]+\)\.$/,
    message: 'the host accepted none of the offered keys or answers',
  },
  {
    code: 'AUTH_FAILED',
    line: /^Received disconnect from .+:2: Too many authentication failures$/,
    message: 'too many keys were offered before the right one',
  },
  {
    code: 'SSH_NEGOTIATION',
    line: /^Unable to negotiate with /,
    message: 'ssh and the host have no algorithm in common',
    hint: 'compare `ssh -Q kex`, `ssh -Q key` and the offer above',
  },
  {
    code: 'HOST_UNREACHABLE',
    line: /^ssh: Could not resolve hostname /,
    message: 'the name of the host could not be resolved',
  },
  {
    code: 'HOST_TIMEOUT',
    line: /^ssh: connect to host .+: (Connection|Operation) timed out$|^Connection timed out during |^Connection to .+ timed out$/,
    message: 'the host did not answer in time',
  },
  { code: 'HOST_UNREACHABLE', line: /^ssh: connect to host .+: /, message: 'no connection to the host could be made' },
  { code: 'HOST_UNREACHABLE', line: /^stdio forwarding failed$/, message: 'the jump host could not reach the host' },
  {
    code: 'HOST_UNREACHABLE',
    line: /^kex_exchange_identification: |^Connection (closed|reset) by /,
    message: 'the host closed the connection before SSH began',
  },
];

/** A key that fails is no failure by itself, because ssh tries the next key. */
const AUTH_ENDED = /^(\S+@\S+: )?Permission denied \(/;
const NOISE = /^debug\d: |^\*\* |^@+$|^OpenSSH_/;
const EVIDENCE_LINES = 12;

/** The failure of an ssh process that ended before the login. */
export function dialFailure(host: string, stderr: readonly string[]): AnywhereError {
  const lines = stderr.map((line) => line.replace(/\r$/, ''));
  const found = READINGS.find((reading) => lines.some((line) => reading.line.test(line)) && applies(reading, lines));
  const { code, message, hint } = found ?? {
    code: 'HOST_UNREACHABLE',
    message: 'ssh ended before the login was complete',
  };
  return new AnywhereError(code, message, { host, evidence: evidenceOf(lines), hint });
}

/** The end of a master that was connected: always a lost connection, which is dialled again. */
export function connectionLost(host: string, stderr: readonly string[]): AnywhereError {
  return new AnywhereError('LINK_LOST', 'the connection of ssh ended', { host, evidence: evidenceOf(stderr) });
}

/** Fingerprint of the host key, or of the key in the host's certificate. */
export function hostKeyFingerprint(stderr: readonly string[]): string | undefined {
  for (const line of stderr) {
    const found = /^debug1: Server host (?:key|certificate): \S+ (SHA256:[\w+/]+)/.exec(line);
    if (found !== null) return found[1];
  }
  return undefined;
}

/** Where known_hosts names the key that no longer fits. */
export function offendingKey(stderr: readonly string[]): { readonly file: string; readonly line: number } | undefined {
  for (const text of stderr) {
    const found = /^Offending \S+ key in (.+):(\d+)\r?$/.exec(text);
    if (found !== null) return { file: found[1] ?? '', line: Number(found[2]) };
  }
  return undefined;
}

function applies(reading: Reading, lines: readonly string[]): boolean {
  return reading.code !== 'KEY_UNUSABLE' || lines.some((line) => AUTH_ENDED.test(line));
}

function evidenceOf(lines: readonly string[]): string[] {
  return lines.filter((line) => line.trim() !== '' && !NOISE.test(line)).slice(-EVIDENCE_LINES);
}

/** A host key failure with both sides as evidence: the shown key, and the known keys with file and line. Other failures as they are. */
export async function withKnownKeys(
  failure: AnywhereError,
  stderr: readonly string[],
  settings: SshSettings,
): Promise<AnywhereError> {
  const shown = hostKeyFingerprint(stderr);
  // Without a host key in its output, ssh failed at a jump host, and the evidence names the key already.
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

/**
 * Checks host keys against known_hosts, as OpenSSH does, and adds keys to the file.
 *
 * The files are read here: `ssh-keygen -F` would need a process for every host and file, and twenty hosts at once would wait
 * for all of them. Tests compare the results with ssh-keygen's.
 */

import { statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isMissing } from '../base/errno.ts';
import { AnywhereError, type ErrorPlace } from '../base/errors.ts';
import { makeFolder } from '../base/make-folder.ts';
import { readSmallFile } from '../base/small-file.ts';
import type { SshSettings } from './config.ts';
import {
  fingerprintOf,
  hashedName,
  type KnownLine,
  keyTypeOf,
  namesHost,
  nameWithPort,
  parseKnownHosts,
} from './known-hosts-lines.ts';

export interface KnownKey {
  readonly type: string;
  readonly fingerprint: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly key: Buffer;
}

/** The entries of one machine. */
export interface KnownHost {
  /** `host`, `[host]:port` or the HostKeyAlias. */
  readonly name: string;
  readonly keys: readonly KnownKey[];
  /** Keys of the name without its port. One of them proves the machine; another key does not contradict them. */
  readonly withoutPort: readonly KnownKey[];
  readonly revoked: readonly KnownKey[];
  /** Signers of host certificates, which only the system's ssh can check. */
  readonly authorities: readonly KnownKey[];
}

export interface PresentedKey {
  readonly type: string;
  readonly fingerprint: string;
}

export type HostKeyVerdict =
  | { readonly kind: 'known'; readonly presented: PresentedKey; readonly known: KnownKey }
  | { readonly kind: 'unknown'; readonly presented: PresentedKey }
  | { readonly kind: 'changed'; readonly presented: PresentedKey; readonly known: readonly KnownKey[] }
  | { readonly kind: 'revoked'; readonly presented: PresentedKey; readonly known: KnownKey };

/** HostKeyAlias as it is, else the resolved name with its port (ssh_config(5), HostKeyAlias). */
export function knownHostsName(settings: Pick<SshSettings, 'hostKeyAlias' | 'hostname' | 'port'>): string {
  return settings.hostKeyAlias ?? nameWithPort(settings.hostname, settings.port);
}

/** Reads the user's files, then the system's. A missing file is no error; a file that cannot be read is one. */
export async function lookupKnownHost(settings: SshSettings): Promise<KnownHost> {
  const name = knownHostsName(settings);
  const bare = settings.hostKeyAlias === undefined && settings.port !== 22 ? settings.hostname : undefined;
  const files = [...settings.userKnownHostsFiles, ...settings.globalKnownHostsFiles];
  const lines = (await Promise.all(files.map(readLines))).flat();
  const about = (wanted: string, marker: KnownLine['marker']): KnownKey[] =>
    lines
      .filter(({ line }) => line.marker === marker && namesHost(line, wanted))
      .map(({ file, line }) => knownKey(file, line));
  return {
    name,
    keys: about(name, undefined),
    withoutPort: bare === undefined ? [] : about(bare, undefined),
    revoked: [...about(name, 'revoked'), ...(bare === undefined ? [] : about(bare, 'revoked'))],
    authorities: about(name, 'cert-authority'),
  };
}

/**
 * The verdict on a key that a machine shows. Where the machine is known by another key, the key counts as changed, also when
 * its type differs: known types are asked for first, and a machine that still had such a key would show it.
 */
export function judgeHostKey(host: KnownHost, key: Buffer): HostKeyVerdict {
  const presented = { type: keyTypeOf(key), fingerprint: fingerprintOf(key) };
  const same = (known: KnownKey): boolean => known.key.equals(key);
  const revoked = host.revoked.find(same);
  if (revoked !== undefined) return { kind: 'revoked', presented, known: revoked };
  const known = host.keys.find(same) ?? host.withoutPort.find(same);
  if (known !== undefined) return { kind: 'known', presented, known };
  return host.keys.length > 0 ? { kind: 'changed', presented, known: host.keys } : { kind: 'unknown', presented };
}

/** The known key types of the machine, which are asked for first. */
export function knownKeyTypes(host: KnownHost): string[] {
  const usable = host.keys.length > 0 ? host.keys : host.withoutPort;
  return [
    ...new Set(usable.filter((key) => !host.revoked.some((bad) => bad.key.equals(key.key))).map((key) => key.type)),
  ];
}

/** Why the key is not accepted. `place.host` is the host of the hosts file, also for a jump host. */
export function hostKeyError(
  name: string,
  verdict: Exclude<HostKeyVerdict, { kind: 'known' }>,
  place: ErrorPlace,
): AnywhereError {
  const shown = `shown: ${verdict.presented.type} ${verdict.presented.fingerprint}`;
  switch (verdict.kind) {
    case 'unknown':
      return new AnywhereError('HOST_KEY_UNKNOWN', `no known_hosts file names the key of ${name}`, {
        ...place,
        evidence: [shown],
      });
    case 'changed':
      return new AnywhereError('HOST_KEY_CHANGED', `${name} shows a different key than the known one`, {
        ...place,
        evidence: [shown, ...verdict.known.map(describeKnown)],
        hint: changedHint(verdict.known[0]),
      });
    case 'revoked':
      return new AnywhereError('HOST_KEY_REVOKED', `${name} shows a key that is marked @revoked`, {
        ...place,
        evidence: [shown, `revoked: ${verdict.known.file}:${verdict.known.line}`],
      });
  }
}

/**
 * Adds one line to a known_hosts file in one write. Creates the file (0600) and its folder (0700) where missing.
 * Throws SSH_CONFIG where the file cannot be written.
 */
export async function addKnownHost(
  file: string,
  name: string,
  key: Buffer,
  options: { readonly hash: boolean },
): Promise<void> {
  const line = `${options.hash ? hashedName(name) : name} ${keyTypeOf(key)} ${key.toString('base64')}\n`;
  try {
    await makeFolder(dirname(file));
    await append(file, line);
  } catch (cause) {
    throw new AnywhereError('SSH_CONFIG', `${file} cannot keep host keys`, {
      cause,
      evidence: [String(cause)],
      hint: 'name another UserKnownHostsFile for this host',
    });
  }
}

async function append(file: string, line: string): Promise<void> {
  const handle = await open(file, 'a+', 0o600);
  try {
    const info = await handle.stat();
    if (!info.isFile()) throw new Error('not a regular file');
    const last = Buffer.alloc(1);
    if (info.size > 0) await handle.read(last, 0, 1, info.size - 1);
    await handle.appendFile(info.size > 0 && last[0] !== 0x0a ? `\n${line}` : line);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function describeKnown(known: KnownKey): string {
  return `known: ${known.type} ${known.fingerprint} (${known.file}:${known.line})`;
}

function changedHint(known: KnownKey | undefined): string {
  if (known === undefined) return "compare the fingerprints with the machine's owner";
  return `compare the fingerprints with the machine's owner; if the new one is right, remove line ${known.line} of ${known.file}, then trust it`;
}

function knownKey(file: string, line: KnownLine): KnownKey {
  return { type: line.type, fingerprint: fingerprintOf(line.key), file, line: line.line, key: line.key };
}

async function readLines(file: string): Promise<{ file: string; line: KnownLine }[]> {
  const text = await readIfThere(file);
  return parseKnownHosts(text).map((line) => ({ file, line }));
}

async function readIfThere(file: string): Promise<string> {
  try {
    return statSync(file).isFile() ? await readSmallFile(file) : '';
  } catch (error) {
    if (isMissing(error)) return '';
    throw new AnywhereError('SSH_CONFIG', `${file} cannot be read, and a key may be revoked there`, {
      cause: error,
      hint: `make ${file} readable`,
    });
  }
}

/** The keys that a login may offer, in order, and how each of them signs. */
import type { ParsedKey } from 'ssh2';
import { AnywhereError } from '../base/errors.ts';
import type { Agent, AgentAnswer, SignatureHash } from '../ssh/agent.ts';
import type { SshSettings } from '../ssh/config.ts';
import { fingerprintOf } from '../ssh/known-hosts-lines.ts';
import { type AskPassphrase, type EncryptedFile, type Keyring } from './keyring.ts';
import { type IdentityFile, parsed, readIdentityFile } from './private-key.ts';

export interface Identity {
  /** "ssh-ed25519 SHA256:… (agent)", for people. */
  readonly label: string;
  /** Undefined while only the passphrase would show the key. */
  readonly fingerprint: string | undefined;
  /** Where the private key is. */
  readonly source: 'file' | 'agent';
  /** Whether the configuration names it. */
  readonly isNamed: boolean;
  /** The file that needs a passphrase. */
  readonly lockedFile?: string;
  publicKey(ask: AskPassphrase): Promise<ParsedKey>;
  sign(data: Buffer, hash: SignatureHash, ask: AskPassphrase): Promise<Buffer>;
}

export interface IdentityList {
  readonly identities: readonly Identity[];
  /** The keys that were left out and why: evidence for a failed login. */
  readonly notes: readonly string[];
}

/**
 * By default sshd ends a connection at the sixth failed attempt (MaxAuthTries), and a one-time code or a password may need one
 * of them. All keys that the configuration names are offered, and the agent's other keys up to this number in all.
 */
const MOST_KEYS = 5;

/** @param preferred fingerprint of the key that the machine accepted last */
export async function listIdentities(
  settings: SshSettings,
  answer: AgentAnswer,
  keyring: Keyring,
  preferred: string | undefined,
): Promise<IdentityList> {
  const files = (await Promise.all(settings.identityFiles.map(readIdentityFile))).filter((file) => file !== undefined);
  const agent = answer.kind === 'agent' ? answer.agent : undefined;
  const ordered = preferredFirst(orderIdentities(files, agent, settings.identitiesOnly, keyring), preferred);
  const identities = withinLimit(ordered, preferred);
  return { identities, notes: [...notesOn(files, answer), ...notesOnRest(ordered.length - identities.length)] };
}

/**
 * Keys that the configuration names come before the agent's others, because each wrong key counts as an attempt. A file whose
 * key the agent holds is left to the agent, which needs no passphrase. A file that hides its public key too comes last.
 */
export function orderIdentities(
  files: readonly IdentityFile[],
  agent: Agent | undefined,
  identitiesOnly: boolean,
  keyring: Keyring,
): Identity[] {
  const named = files.flatMap((file) => identityOf(file, agent, keyring));
  const others =
    agent === undefined || identitiesOnly ? [] : agent.keys.flatMap((key) => agentIdentity(agent, key, false));
  const inOrder = [
    ...named.filter((one) => one.fingerprint !== undefined),
    ...others,
    ...named.filter((one) => one.fingerprint === undefined),
  ];
  return inOrder.filter(
    (one, index) =>
      one.fingerprint === undefined || inOrder.findIndex((other) => other.fingerprint === one.fingerprint) === index,
  );
}

/** All named keys, and as many of the agent's others as `MOST_KEYS` leaves room for. */
function withinLimit(ordered: readonly Identity[], preferred: string | undefined): readonly Identity[] {
  const isWanted = (one: Identity): boolean => one.isNamed || one.fingerprint === preferred;
  const others = ordered.filter((one) => !isWanted(one));
  const room = Math.max(0, MOST_KEYS - (ordered.length - others.length));
  const kept = new Set(others.slice(0, room));
  return ordered.filter((one) => isWanted(one) || kept.has(one));
}

function preferredFirst(identities: readonly Identity[], preferred: string | undefined): Identity[] {
  if (preferred === undefined) return [...identities];
  return [
    ...identities.filter((one) => one.fingerprint === preferred),
    ...identities.filter((one) => one.fingerprint !== preferred),
  ];
}

function identityOf(file: IdentityFile, agent: Agent | undefined, keyring: Keyring): Identity[] {
  if (file.kind === 'unusable') return [];
  const publicKey = file.kind === 'private' ? file.key : file.publicKey;
  const blob = publicKey?.getPublicSSH();
  if (agent !== undefined && blob !== undefined && agent.keys.some((key) => key.equals(blob)))
    return agentIdentity(agent, blob, true);
  if (file.kind === 'private') return [fileIdentity(file.path, file.key)];
  return file.kind === 'encrypted' ? [encryptedIdentity(file, keyring)] : [];
}

/** None for a kind that ssh2 does not know: a security key or a certificate. */
function agentIdentity(agent: Agent, blob: Buffer, isNamed: boolean): Identity[] {
  const key = parsed(blob);
  if (key === undefined) return [];
  return [
    {
      label: label(key, 'agent'),
      fingerprint: fingerprintOf(blob),
      source: 'agent',
      isNamed,
      publicKey: () => Promise.resolve(key),
      sign: (data, hash) => agent.sign(blob, data, hash),
    },
  ];
}

function fileIdentity(path: string, key: ParsedKey): Identity {
  return {
    label: label(key, path),
    fingerprint: fingerprintOf(key.getPublicSSH()),
    source: 'file',
    isNamed: true,
    publicKey: () => Promise.resolve(key),
    sign: (data, hash) => signWith(key, path, data, hash),
  };
}

function encryptedIdentity(file: EncryptedFile, keyring: Keyring): Identity {
  const { publicKey } = file;
  return {
    label: publicKey === undefined ? `encrypted (${file.path})` : label(publicKey, file.path),
    fingerprint: publicKey === undefined ? undefined : fingerprintOf(publicKey.getPublicSSH()),
    source: 'file',
    isNamed: true,
    lockedFile: file.path,
    publicKey: (ask) => (publicKey === undefined ? keyring.unlock(file, ask) : Promise.resolve(publicKey)),
    sign: async (data, hash, ask) => signWith(await keyring.unlock(file, ask), file.path, data, hash),
  };
}

/** ssh2 returns errors here instead of throwing them. */
function signWith(key: ParsedKey, path: string, data: Buffer, hash: SignatureHash): Promise<Buffer> {
  const signature: unknown = key.sign(data, hash);
  if (Buffer.isBuffer(signature)) return Promise.resolve(signature);
  return Promise.reject(new AnywhereError('KEY_UNUSABLE', `the key ${path} cannot sign`, { cause: signature }));
}

function label(key: ParsedKey, where: string): string {
  return `${key.type} ${fingerprintOf(key.getPublicSSH())} (${where})`;
}

function notesOn(files: readonly IdentityFile[], answer: AgentAnswer): string[] {
  const unusable = files.flatMap((file) =>
    file.kind === 'unusable' ? [`not offered: ${file.path}: ${file.why}`] : [],
  );
  return answer.kind === 'unreachable' ? [...unusable, `the agent at ${answer.socket} does not answer`] : unusable;
}

function notesOnRest(rest: number): string[] {
  return rest > 0
    ? [
        `${rest} more keys of the agent were not offered, because the host would end the login: name the right key with IdentityFile`,
      ]
    : [];
}

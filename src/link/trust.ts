/** `trust`: shows the host keys of a machine, and writes the key that a person has compared. */
import type { TrustCandidate } from '../api/control.ts';
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import type { HostPlan } from '../config/plan.ts';
import type { SshSettings } from '../ssh/config.ts';
import {
  addKnownHost,
  type HostKeyVerdict,
  hostKeyError,
  judgeHostKey,
  type KnownHost,
  knownHostsName,
  lookupKnownHost,
} from '../ssh/known-hosts.ts';
import { fingerprintOf, keyTypeOf } from '../ssh/known-hosts-lines.ts';
import { type ResolveSettings, resolveRoute, settingsResolver } from '../ssh/route.ts';
import { sshPlanOf } from '../ssh2/dialer.ts';
import { machineName } from '../ssh2/errors.ts';
import { peekHostKeys } from '../ssh2/host-keys.ts';
import { Keyring } from '../ssh2/keyring.ts';
import { type LoggedIn, logIn } from '../ssh2/login.ts';
import { openStream } from '../ssh2/open-stream.ts';
import type { LinkDeps } from './contract.ts';

export interface TrustOptions {
  readonly resolve?: ResolveSettings;
  readonly keyring?: Keyring;
}

interface Scanned extends TrustCandidate {
  readonly settings: SshSettings;
  readonly blobs: readonly Buffer[];
  readonly error?: AnywhereError;
}

/**
 * The machines on the way to a host and their keys, in order. A machine behind a jump host is seen only through the jump host,
 * so the list ends at the first machine that is not trusted or refuses the login.
 */
export async function scanHost(
  host: HostPlan,
  deps: LinkDeps,
  signal: AbortSignal,
  options: TrustOptions = {},
): Promise<readonly TrustCandidate[]> {
  return (await scan(host, deps, signal, options)).map(({ name, keys, verdict, file, cause }) => ({
    name,
    keys,
    verdict,
    file,
    ...(cause === undefined ? {} : { cause }),
  }));
}

/** Looks again, and writes the key with this fingerprint only where the machine still shows the key. */
export async function acceptKey(
  host: HostPlan,
  choice: { readonly name: string; readonly fingerprint: string },
  deps: LinkDeps,
  signal: AbortSignal,
  options: TrustOptions = {},
): Promise<{ readonly file: string }> {
  const machines = await scan(host, deps, signal, options);
  const machine = machines.find((one) => one.name === choice.name);
  if (machine === undefined)
    throw new AnywhereError('HOST_KEY_UNKNOWN', `${choice.name} was not seen on the way to ${host.name}`, {
      host: host.name,
      evidence: machines.map((one) => `${one.name}: ${one.verdict}`),
    });
  const key = machine.blobs.find((blob) => fingerprintOf(blob) === choice.fingerprint);
  if (key === undefined) throw notShown(host.name, machine, choice.fingerprint);
  if (machine.verdict === 'known') return { file: machine.file };
  if (machine.verdict !== 'unknown') throw machine.error ?? notShown(host.name, machine, choice.fingerprint);
  if (machine.file === '')
    throw new AnywhereError('SSH_CONFIG', `the ssh configuration names no file to keep the key of ${machine.name} in`, {
      host: host.name,
      hint: 'set UserKnownHostsFile for this host',
    });
  await addKnownHost(machine.file, machine.name, key, {
    hash: machine.settings.raw.get('hashknownhosts')?.[0] === 'yes',
  });
  return { file: machine.file };
}

async function scan(host: HostPlan, deps: LinkDeps, signal: AbortSignal, options: TrustOptions): Promise<Scanned[]> {
  const route = await resolveRoute(sshPlanOf(host), options.resolve ?? settingsResolver(deps), signal);
  const login = {
    host: host.name,
    deps,
    signal,
    keyring: options.keyring ?? new Keyring(),
  };
  const machines: Scanned[] = [];
  const logins: LoggedIn[] = [];
  try {
    for (const settings of route) {
      const via = logins.at(-1);
      const machine = await scanMachine(host.name, settings, deps, via, signal);
      machines.push(machine);
      if (machine.verdict !== 'known' || settings === route.at(-1)) break;
      logins.push(await logIn({ ...login, settings, stream: openStream(login, settings, via).stream }));
    }
    return machines;
  } catch (error) {
    if (machines.length === 0) throw error;
    return [...machines.slice(0, -1), ...withCause(machines.at(-1), asAnywhereError(error))];
  } finally {
    const over = new AnywhereError('CANCELLED', 'the look at the host keys is over');
    for (const one of logins.reverse()) one.destroy(over);
  }
}

async function scanMachine(
  host: string,
  settings: SshSettings,
  deps: LinkDeps,
  via: LoggedIn | undefined,
  signal: AbortSignal,
): Promise<Scanned> {
  const place = { host, machine: machineName(settings) };
  const [known, blobs] = await Promise.all([
    lookupKnownHost(settings),
    peekHostKeys(settings, place, () => openStream({ host, deps, signal }, settings, via).stream, signal),
  ]);
  const verdict = judgeAll(known, blobs);
  const error = verdict.kind === 'known' ? undefined : hostKeyError(known.name, verdict, { host });
  return {
    name: knownHostsName(settings),
    keys: blobs.map((blob) => ({ type: keyTypeOf(blob), fingerprint: fingerprintOf(blob) })),
    verdict: verdict.kind,
    file: verdict.kind === 'known' ? verdict.known.file : (settings.userKnownHostsFiles[0] ?? ''),
    settings,
    blobs,
    ...(error === undefined ? {} : { error }),
    ...(error === undefined || verdict.kind === 'unknown' ? {} : { cause: error.toJSON() }),
  };
}

/** A machine has several keys. A key that contradicts a known key of its type outranks all keys that agree. */
function judgeAll(known: KnownHost, keys: readonly Buffer[]): HostKeyVerdict {
  const verdicts = keys.map((key) => judgeHostKey(known, key));
  const contradicts = (one: HostKeyVerdict): boolean =>
    one.kind === 'changed' && one.known.some((key) => key.type === one.presented.type);
  const found =
    verdicts.find((one) => one.kind === 'revoked') ??
    verdicts.find(contradicts) ??
    verdicts.find((one) => one.kind === 'known') ??
    verdicts[0];
  if (found === undefined) throw new AnywhereError('INTERNAL', 'no key to judge');
  return found;
}

function withCause(machine: Scanned | undefined, error: AnywhereError): Scanned[] {
  return machine === undefined ? [] : [{ ...machine, error, cause: error.toJSON() }];
}

function notShown(host: string, machine: Scanned, fingerprint: string): AnywhereError {
  return new AnywhereError('HOST_KEY_CHANGED', `${machine.name} does not show the key ${fingerprint}`, {
    host,
    evidence: machine.keys.map((key) => `shown: ${key.type} ${key.fingerprint}`),
    hint: "compare the fingerprints with the machine's owner",
  });
}

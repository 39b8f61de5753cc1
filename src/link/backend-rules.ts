/**
 * When the system's ssh is needed: the rules of `backend: auto`, as data.
 *
 * Each rule names the option or fact that it looks at, and the reason. ssh2 honours every other option, or the option does not
 * matter to a connection that carries programs. Where ssh2 fails all the same, the system's ssh gets one attempt (backend.ts).
 */

import { agentKeyTypes } from '../ssh/agent.ts';
import type { SshSettings } from '../ssh/config.ts';
import { type KeyFile, lookAtKeyFile } from '../ssh/key-file.ts';
import { lookupKnownHost } from '../ssh/known-hosts.ts';
import { SSH_OPTIONS } from '../ssh/options.ts';
import type { LinkDeps } from './contract.ts';

/** What the rules look at. */
export interface BackendFacts {
  readonly settings: Pick<SshSettings, 'alias' | 'raw'>;
  /** Identity files that exist. */
  readonly keys: readonly KeyFile[];
  /** Whether a known_hosts file names a signer of host certificates for the machine. */
  readonly hostAuthority: boolean;
  /** Key types in the agent; undefined where a key file exists, so that the agent is not asked, or where there is no agent. */
  readonly agentTypes: readonly string[] | undefined;
}

export interface BackendRule {
  /** Name in ssh_config(5), or the fact. */
  readonly option: string;
  readonly why: string;
  readonly applies: (facts: BackendFacts) => boolean;
}

const OFF: ReadonlySet<string> = new Set(['none', 'no', 'false']);

export const BACKEND_RULES: readonly BackendRule[] = [
  ...ofTable(),
  {
    option: 'IdentityFile',
    why: 'a certificate lies beside an identity file',
    applies: ({ keys }) => keys.some((key) => key.certificate),
  },
  {
    option: 'IdentityFile',
    why: 'only keys that live on a security key',
    applies: ({ keys }) => everyKey(keys, 'security-key'),
  },
  {
    option: 'IdentityFile',
    why: 'only keys in a format that ssh2 cannot read',
    applies: ({ keys }) => everyKey(keys, 'unreadable'),
  },
  {
    option: 'agent',
    why: 'the agent holds only certificates and security keys',
    applies: ({ agentTypes }) => onlySpecial(agentTypes),
  },
  { option: 'PreferredAuthentications', why: 'no login method is left that ssh2 has', applies: noMethodLeft },
  {
    option: 'known_hosts',
    why: 'a host certificate is expected (@cert-authority)',
    applies: ({ hostAuthority }) => hostAuthority,
  },
  {
    option: 'KexAlgorithms',
    why: 'ssh2 has none of the allowed key exchanges',
    applies: noneOf('kexalgorithms', /^(curve25519|ecdh-sha2|diffie-hellman)-/),
  },
  {
    option: 'Ciphers',
    why: 'ssh2 has none of the allowed ciphers',
    applies: noneOf('ciphers', /^(aes(128|192|256)-ctr|aes(128|256)-gcm@openssh\.com|chacha20-poly1305@openssh\.com)$/),
  },
  {
    option: 'HostKeyAlgorithms',
    why: 'ssh2 has none of the allowed host key algorithms',
    applies: noneOf('hostkeyalgorithms', /^(ssh-ed25519|ecdsa-sha2-nistp\d+|rsa-sha2-\d+|ssh-rsa)$/),
  },
];

const METHOD_OPTIONS = {
  publickey: 'pubkeyauthentication',
  password: 'passwordauthentication',
  'keyboard-interactive': 'kbdinteractiveauthentication',
} as const;

/** A rule for each option that only the system's ssh honours. */
function ofTable(): BackendRule[] {
  return [...SSH_OPTIONS].flatMap(([option, { use, note = '' }]) =>
    use === 'openssh' ? [{ option, why: note, applies: isSet(option.toLowerCase()) }] : [],
  );
}

function isSet(option: string): BackendRule['applies'] {
  return ({ settings }) => !OFF.has(first(settings, option) ?? 'none');
}

function noneOf(option: string, known: RegExp): BackendRule['applies'] {
  return ({ settings }) => {
    const allowed = first(settings, option);
    return allowed !== undefined && !allowed.split(',').some((name) => known.test(name));
  };
}

function noMethodLeft({ settings }: BackendFacts): boolean {
  const preferred = first(settings, 'preferredauthentications')?.split(',');
  return !Object.entries(METHOD_OPTIONS).some(([method, option]) => {
    const on = !OFF.has(first(settings, option) ?? 'yes');
    return on && (preferred === undefined || preferred.includes(method));
  });
}

function everyKey(keys: readonly KeyFile[], kind: KeyFile['kind']): boolean {
  return keys.some((key) => key.kind === kind) && !keys.some((key) => key.kind === 'plain');
}

function onlySpecial(types: readonly string[] | undefined): boolean {
  return types !== undefined && types.length > 0 && types.every((type) => /^sk-|-cert-v01@openssh\.com$/.test(type));
}

function first(settings: BackendFacts['settings'], option: string): string | undefined {
  return settings.raw.get(option)?.[0];
}

export interface BackendDecision {
  readonly backend: 'ssh2' | 'openssh';
  /** For people: doctor and the log. */
  readonly reason: string;
}

/** @param machines the host and its jump hosts; where one of them needs the system's ssh, all use it */
export function decideBackend(machines: readonly BackendFacts[]): BackendDecision {
  for (const facts of machines) {
    const rule = ruleFor(facts);
    if (rule !== undefined)
      return { backend: 'openssh', reason: `${rule.option} of ${facts.settings.alias}: ${rule.why}` };
  }
  return { backend: 'ssh2', reason: "nothing here needs the system's ssh" };
}

function ruleFor(facts: BackendFacts): BackendRule | undefined {
  return BACKEND_RULES.find(({ applies }) => applies(facts));
}

/** Reads a few small files, and asks the agent only where no key file could log in. */
export async function gatherFacts(
  settings: SshSettings,
  deps: Pick<LinkDeps, 'clock'>,
  signal: AbortSignal,
): Promise<BackendFacts> {
  const [found, known] = await Promise.all([
    Promise.all(settings.identityFiles.map(lookAtKeyFile)),
    lookupKnownHost(settings),
  ]);
  const keys = found.filter((key) => key !== undefined);
  const agent = keys.some((key) => key.kind === 'plain') ? undefined : settings.identityAgent;
  return {
    settings,
    keys,
    hostAuthority: known.authorities.length > 0,
    agentTypes: agent === undefined ? undefined : await agentKeyTypes(agent, deps.clock, signal),
  };
}

/** The algorithms that a connection offers: those of ssh2 that the user's ssh allows, the fast ones first. */
import type { Algorithms } from 'ssh2';
import { AnywhereError } from '../base/errors.ts';
import type { SshSettings } from '../ssh/config.ts';

type Kind = 'kexalgorithms' | 'hostkeyalgorithms' | 'ciphers' | 'macs';

/** In order of preference. AES-GCM is first: with AES in the CPU it is twice as fast as chacha20, and without it OpenSSL has nothing faster. */
const OURS = {
  kexalgorithms: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group-exchange-sha256',
    'diffie-hellman-group14-sha1',
  ],
  hostkeyalgorithms: [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
    'ssh-rsa',
  ],
  ciphers: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'aes128-ctr',
    'aes192-ctr',
    'aes256-ctr',
    'chacha20-poly1305@openssh.com',
  ],
  macs: [
    'hmac-sha2-256-etm@openssh.com',
    'hmac-sha2-512-etm@openssh.com',
    'hmac-sha2-256',
    'hmac-sha2-512',
    'hmac-sha1-etm@openssh.com',
    'hmac-sha1',
  ],
} as const satisfies Record<Kind, readonly string[]>;

/** The signature algorithms of a key type (RFC 8332 for RSA). */
const SIGNATURES_OF: Readonly<Record<string, readonly string[]>> = {
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
};

/**
 * Throws SSH_NEGOTIATION where the user's ssh allows no algorithm that ssh2 has.
 * @param keyTypes the known types of the machine; they are asked for first, or a machine known by its RSA key shows another key
 */
export function algorithmsFor(settings: Pick<SshSettings, 'raw' | 'alias'>, keyTypes: readonly string[]): Algorithms {
  const hostKeys = allowed(settings, 'hostkeyalgorithms');
  const known = keyTypes.flatMap(signaturesOf).filter((name) => hostKeys.includes(name));
  return {
    kex: allowed(settings, 'kexalgorithms'),
    serverHostKey: [...new Set([...known, ...hostKeys])],
    cipher: allowed(settings, 'ciphers'),
    hmac: allowed(settings, 'macs'),
    compress: ['none'],
    // The names are ssh2's own; its types list each of them.
  } as Algorithms;
}

/** Asks for a host key of these types only, whatever types the configuration allows. */
export function algorithmsForTypes(
  settings: Pick<SshSettings, 'raw' | 'alias'>,
  keyTypes: readonly string[],
): Algorithms {
  return { ...algorithmsFor(settings, []), serverHostKey: keyTypes.flatMap(signaturesOf) } as Algorithms;
}

/** Key types that ssh2 can verify. A machine has at most one key of each kind. */
export const HOST_KEY_TYPES: readonly (readonly string[])[] = [
  ['ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ['ssh-rsa'],
];

function signaturesOf(keyType: string): readonly string[] {
  return SIGNATURES_OF[keyType] ?? [keyType];
}

function allowed(settings: Pick<SshSettings, 'raw' | 'alias'>, kind: Kind): string[] {
  const configured = settings.raw.get(kind)?.[0]?.split(',');
  const usable = OURS[kind].filter((name) => configured === undefined || configured.includes(name));
  if (usable.length > 0) return usable;
  throw new AnywhereError(
    'SSH_NEGOTIATION',
    `the ssh configuration of ${settings.alias} allows no ${kind} that our own SSH has`,
    {
      evidence: [`${kind} ${configured?.join(',') ?? ''}`],
    },
  );
}

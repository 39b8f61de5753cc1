/** What a private key file shows without its passphrase: OpenSSH's own format (its PROTOCOL.key) and the header of PEM. */
import { isThere, readSmallFile } from '../base/small-file.ts';
import { WireReader } from './wire.ts';

export interface KeyFile {
  /** `plain`: ssh2 can use the key, perhaps with a passphrase. */
  readonly kind: 'plain' | 'security-key' | 'unreadable';
  /** `<path>-cert.pub` exists, which ssh offers by itself. */
  readonly certificate: boolean;
}

/** The beginning of the file shows the kind. */
const HEAD_CHARACTERS = 4096;

/** Undefined where the file is missing or cannot be read. */
export async function lookAtKeyFile(path: string): Promise<KeyFile | undefined> {
  const text = await readSmallFile(path, 'latin1').catch(() => undefined);
  return text === undefined
    ? undefined
    : { kind: kindOf(text.slice(0, HEAD_CHARACTERS)), certificate: isThere(`${path}-cert.pub`) };
}

/** Text that is no private key counts as `plain`: ssh2 says what is wrong with the file. */
export function kindOf(text: string): KeyFile['kind'] {
  if (/^sk-\S+@openssh\.com /.test(text)) return 'security-key';
  const key = parseOpensshKey(text);
  if (key === undefined) return unreadablePem(text) === undefined ? 'plain' : 'unreadable';
  if (key === 'broken') return 'unreadable';
  if (key.type.startsWith('sk-')) return 'security-key';
  return key.isReadable ? 'plain' : 'unreadable';
}

export interface OpensshKey {
  /** "none" where the key is not encrypted. */
  readonly cipher: string;
  /** Whether ssh2 has the cipher. */
  readonly isReadable: boolean;
  readonly type: string;
  readonly publicKey: Buffer;
}

const MAGIC = 'openssh-key-v1\0';
/** Ciphers of `ssh-keygen -Z` that ssh2 has. */
const OURS = /^(?:none|aes(?:128|192|256)-(?:ctr|cbc)|aes(?:128|256)-gcm@openssh\.com|3des-cbc)$/;

/** Ciphers of OpenSSL's PEM files that ssh2 has. */
const OURS_IN_PEM = /^(?:aes-(?:128|192|256)-cbc|des-ede3-cbc)$/i;

/** Why ssh2 cannot read a PEM key; undefined where ssh2 can, or the text is no private key. */
export function unreadablePem(text: string): string | undefined {
  if (/^-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/m.test(text)) return 'a PKCS#8 file, which our own SSH cannot read';
  const cipher = /^DEK-Info: *([^,\s]+)/m.exec(text)?.[1];
  return cipher === undefined || OURS_IN_PEM.test(cipher) ? undefined : cipherMissing(cipher);
}

export function cipherMissing(cipher: string): string {
  return `encrypted with ${cipher}, which our own SSH does not have`;
}

/** Undefined for another format. "broken": the file claims OpenSSH's format and does not follow it. */
export function parseOpensshKey(text: string): OpensshKey | 'broken' | undefined {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)/.exec(text)?.[1];
  if (body === undefined) return undefined;
  const bytes = Buffer.from(body, 'base64');
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return 'broken';
  try {
    const reader = new WireReader(bytes, MAGIC.length);
    const cipher = reader.text();
    reader.string(); // kdf
    reader.string(); // its options
    reader.uint32(); // number of keys
    const publicKey = reader.string();
    return { cipher, isReadable: OURS.test(cipher), type: new WireReader(publicKey).text(), publicKey };
  } catch (error) {
    if (error instanceof RangeError) return 'broken';
    throw error;
  }
}

/** What a private key file shows without its passphrase: OpenSSH's own format (its PROTOCOL.key) and the header of PEM. */
import { WireReader } from './wire.ts';

export interface OpensshKey {
  /** "none" where the key is not encrypted. */
  readonly cipher: string;
  /** Whether our own SSH can undo that cipher. */
  readonly isReadable: boolean;
  readonly type: string;
  readonly publicKey: Buffer;
}

const MAGIC = 'openssh-key-v1\0';
/** Of those that `ssh-keygen -Z` offers. */
const OURS = /^(?:none|aes(?:128|192|256)-(?:ctr|cbc)|aes(?:128|256)-gcm@openssh\.com|3des-cbc)$/;

/** Of those that OpenSSL writes into a PEM file. */
const OURS_IN_PEM = /^(?:aes-(?:128|192|256)-cbc|des-ede3-cbc)$/i;

/** Why ssh2 cannot read a key that is in no format of OpenSSH's own; undefined: ssh2 can, or it is no private key. */
export function unreadablePem(text: string): string | undefined {
  if (/^-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/m.test(text)) return 'a PKCS#8 file, which our own SSH cannot read';
  const cipher = /^DEK-Info: *([^,\s]+)/m.exec(text)?.[1];
  return cipher === undefined || OURS_IN_PEM.test(cipher) ? undefined : cipherMissing(cipher);
}

export function cipherMissing(cipher: string): string {
  return `encrypted with ${cipher}, which our own SSH does not have`;
}

/** Undefined: another format, or no key at all. "broken": it says that it is one, and is not. */
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

/** What kind of private key a file holds, seen without its passphrase (PROTOCOL.key of openssh-portable). */
import { WireReader } from '../openssh/wire.ts';
import { isThere, readSmallFile } from '../small-file.ts';

export interface KeyFile {
  readonly path: string;
  /** `plain`: one that ssh2 can use, perhaps with a passphrase. */
  readonly kind: 'plain' | 'security-key' | 'unreadable';
  /** `<path>-cert.pub` is there: ssh offers it by itself. */
  readonly certificate: boolean;
}

/** A key file is a few kilobytes; the answer stands in its beginning. */
const HEAD_CHARACTERS = 4096;
const MAGIC = 'openssh-key-v1\0';
/** Ciphers of ssh-keygen -Z that ssh2 cannot undo. */
const FOREIGN_CIPHERS: ReadonlySet<string> = new Set(['chacha20-poly1305@openssh.com']);

/** Undefined: there is no such file, or none that we may read. */
export async function lookAtKeyFile(path: string): Promise<KeyFile | undefined> {
  const text = await readSmallFile(path, 'latin1').catch(() => undefined);
  return text === undefined
    ? undefined
    : { path, kind: kindOf(text.slice(0, HEAD_CHARACTERS)), certificate: isThere(`${path}-cert.pub`) };
}

/** Anything but OpenSSH's own format (PEM, PKCS#8, a public key) is left to ssh2 and its errors. */
export function kindOf(text: string): KeyFile['kind'] {
  if (/^sk-\S+@openssh\.com /.test(text)) return 'security-key';
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)/.exec(text)?.[1];
  return body === undefined ? 'plain' : kindOfEnvelope(Buffer.from(body, 'base64'));
}

function kindOfEnvelope(bytes: Buffer): KeyFile['kind'] {
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return 'unreadable';
  try {
    const reader = new WireReader(bytes, MAGIC.length);
    const cipher = reader.text();
    reader.string(); // kdf
    reader.string(); // its options
    reader.uint32(); // number of keys
    const type = new WireReader(reader.string()).text();
    if (type.startsWith('sk-')) return 'security-key';
    return FOREIGN_CIPHERS.has(cipher) ? 'unreadable' : 'plain';
  } catch (error) {
    if (error instanceof RangeError) return 'unreadable';
    throw error;
  }
}

/** Private key files. */

import { statSync } from 'node:fs';
import ssh2, { type ParsedKey } from 'ssh2';
import { errnoText, isMissing } from '../base/errno.ts';
import { readSmallFile } from '../base/small-file.ts';
import { cipherMissing, parseOpensshKey, unreadablePem } from '../ssh/key-file.ts';

/** An identity file, by its content. */
export type IdentityFile =
  | { readonly kind: 'private'; readonly path: string; readonly key: ParsedKey }
  /** Encrypted. `publicKey` is known where the file or its `.pub` shows the key. */
  | {
      readonly kind: 'encrypted';
      readonly path: string;
      readonly publicKey: ParsedKey | undefined;
      decrypt(passphrase: string): ParsedKey | undefined;
    }
  /** A public key only: it names a key of the agent. */
  | { readonly kind: 'public'; readonly path: string; readonly publicKey: ParsedKey }
  | { readonly kind: 'unusable'; readonly path: string; readonly why: string };

/** Undefined where neither the file nor its `.pub` exists. */
export async function readIdentityFile(path: string): Promise<IdentityFile | undefined> {
  const [text, beside] = await Promise.all([readText(path), readText(`${path}.pub`)]);
  const publicKey = typeof beside === 'string' ? parsed(beside) : undefined;
  if (text === undefined) return publicKey === undefined ? undefined : { kind: 'public', path, publicKey };
  if (typeof text !== 'string') return { kind: 'unusable', path, why: text.why };
  const key = parsed(text);
  if (key !== undefined && !key.isPrivateKey()) return { kind: 'public', path, publicKey: key };
  const exposed = exposure(path);
  if (exposed !== undefined) return { kind: 'unusable', path, why: exposed };
  if (key !== undefined) return { kind: 'private', path, key };
  const encrypted = encryption(text);
  if ('why' in encrypted) return { kind: 'unusable', path, why: encrypted.why };
  return {
    kind: 'encrypted',
    path,
    publicKey: publicKey ?? encrypted.publicKey,
    decrypt: (passphrase) => parsed(text, passphrase),
  };
}

export function parsed(text: string | Buffer, passphrase?: string): ParsedKey | undefined {
  const key: unknown = ssh2.utils.parseKey(text, passphrase);
  const first: unknown = Array.isArray(key) ? key[0] : key;
  return first instanceof Error || first === undefined ? undefined : (first as ParsedKey);
}

/** A key that others can read is not used, as in ssh. */
function exposure(path: string): string | undefined {
  if (process.platform === 'win32') return undefined;
  const { mode, uid } = statSync(path);
  const shared = uid === process.getuid?.() && (mode & 0o077) !== 0;
  return shared ? `others can read it (chmod 600 ${path})` : undefined;
}

/** OpenSSH's format shows the public key; PEM shows only its header. */
function encryption(text: string): { readonly publicKey: ParsedKey | undefined } | { readonly why: string } {
  const unreadable = unreadablePem(text);
  if (unreadable !== undefined) return { why: unreadable };
  if (/^Proc-Type: 4,ENCRYPTED/m.test(text)) return { publicKey: undefined };
  const key = parseOpensshKey(text);
  if (key === undefined || key === 'broken' || key.cipher === 'none')
    return { why: 'not a private key that our own SSH can read' };
  if (!key.isReadable) return { why: cipherMissing(key.cipher) };
  return { publicKey: parsed(key.publicKey) };
}

async function readText(path: string): Promise<string | { readonly why: string } | undefined> {
  try {
    return await readSmallFile(path, 'latin1');
  } catch (error) {
    return isMissing(error) ? undefined : { why: `it cannot be read: ${errnoText(error)}` };
  }
}

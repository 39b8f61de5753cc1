/** What kind of private key a file holds, seen without its passphrase. */

import { isThere, readSmallFile } from '../base/small-file.ts';
import { parseOpensshKey, unreadablePem } from './openssh-key.ts';

export interface KeyFile {
  readonly path: string;
  /** `plain`: one that ssh2 can use, perhaps with a passphrase. */
  readonly kind: 'plain' | 'security-key' | 'unreadable';
  /** `<path>-cert.pub` is there: ssh offers it by itself. */
  readonly certificate: boolean;
}

/** A key file is a few kilobytes; the answer stands in its beginning. */
const HEAD_CHARACTERS = 4096;

/** Undefined: there is no such file, or none that we may read. */
export async function lookAtKeyFile(path: string): Promise<KeyFile | undefined> {
  const text = await readSmallFile(path, 'latin1').catch(() => undefined);
  return text === undefined
    ? undefined
    : { path, kind: kindOf(text.slice(0, HEAD_CHARACTERS)), certificate: isThere(`${path}-cert.pub`) };
}

/** Text that is no private key is left to ssh2 and its errors. */
export function kindOf(text: string): KeyFile['kind'] {
  if (/^sk-\S+@openssh\.com /.test(text)) return 'security-key';
  const key = parseOpensshKey(text);
  if (key === undefined) return unreadablePem(text) === undefined ? 'plain' : 'unreadable';
  if (key === 'broken') return 'unreadable';
  if (key.type.startsWith('sk-')) return 'security-key';
  return key.isReadable ? 'plain' : 'unreadable';
}

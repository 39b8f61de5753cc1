/** Key pairs made by ssh-keygen, as files. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type KeyType = 'ed25519' | 'rsa' | 'ecdsa';

export interface KeyPair {
  readonly type: KeyType;
  /** Of the private key; the public one is beside it with `.pub`. */
  readonly path: string;
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly publicKey: string;
  /** `SHA256:…` as ssh-keygen prints it. */
  readonly fingerprint: string;
}

export async function makeKey(path: string, type: KeyType = 'ed25519', passphrase = ''): Promise<KeyPair> {
  const bits = type === 'rsa' ? ['-b', '2048'] : [];
  await run('ssh-keygen', ['-q', '-t', type, ...bits, '-N', passphrase, '-C', '', '-f', path]);
  const publicKey = (await readFile(`${path}.pub`, 'utf8')).trim();
  const { stdout } = await run('ssh-keygen', ['-lf', `${path}.pub`]);
  return { type, path, publicKey, fingerprint: stdout.split(' ')[1] ?? '' };
}

/** Key pairs for the demo, made in this process, because a machine without OpenSSH has no ssh-keygen. */
import ssh2, { type ParsedKey } from 'ssh2';

export interface DemoKey {
  /** In OpenSSH's format. */
  readonly privateKey: string;
  /** One line of authorized_keys or known_hosts. */
  readonly publicLine: string;
}

/**
 * Makes an Ed25519 key pair. About one in 300 pairs from ssh2's generator is unusable, because ssh2 drops leading zero
 * bytes. So every pair must sign something first.
 */
export function makeDemoKey(): DemoKey {
  for (;;) {
    const privateKey = ssh2.utils.generateKeyPairSync('ed25519', { comment: 'demo' }).private;
    const publicLine = publicLineOf(privateKey);
    if (publicLine !== undefined) return { privateKey, publicLine };
  }
}

/** Undefined for a key that cannot be used. */
export function publicLineOf(privateKey: string): string | undefined {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) return undefined;
  const publicLine = `${key.type} ${key.getPublicSSH().toString('base64')}`;
  return canSign(key, publicLine) ? publicLine : undefined;
}

function canSign(key: ParsedKey, publicLine: string): boolean {
  const open = ssh2.utils.parseKey(publicLine);
  if (open instanceof Error) return false;
  const message = Buffer.from('demo');
  const signature: unknown = key.sign(message);
  // ssh2 returns an Error, which is truthy, if it cannot check the signature. Its types do not say so.
  const verdict: unknown = Buffer.isBuffer(signature) && open.verify(message, signature);
  return verdict === true;
}

/** Key files as ssh-keygen makes them. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kindOf, lookAtKeyFile } from '../../../src/ssh/key-file.ts';
import { string, uint32 } from '../../../src/ssh/wire.ts';
import { scratch } from '../../harness/scratch.ts';

function keygen(...args: string[]): string {
  const path = join(scratch(), 'id');
  execFileSync('ssh-keygen', ['-q', '-f', path, '-C', '', ...args]);
  return path;
}

describe('a key file', () => {
  it.each([
    ['ed25519 without a passphrase', ['-t', 'ed25519', '-N', '']],
    ['ed25519 with one', ['-t', 'ed25519', '-N', 'secret']],
    ['RSA as PEM', ['-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', '']],
  ])('%s is plain', async (_what, args) => {
    const path = keygen(...args);
    expect(await lookAtKeyFile(path)).toEqual({ kind: 'plain', certificate: false });
  });

  it.each(['', 'secret'])('as PKCS#8 is unreadable (passphrase %j)', async (passphrase) => {
    const path = keygen('-t', 'ecdsa', '-m', 'PKCS8', '-N', passphrase);
    expect(await lookAtKeyFile(path)).toMatchObject({ kind: 'unreadable' });
  });

  it('in a cipher that ssh2 lacks is unreadable', async () => {
    const path = keygen('-t', 'ed25519', '-N', 'secret', '-Z', 'chacha20-poly1305@openssh.com');
    expect(await lookAtKeyFile(path)).toMatchObject({ kind: 'unreadable' });
  });

  it('with a certificate beside it says so', async () => {
    const path = keygen('-t', 'ed25519', '-N', '');
    copyFileSync(`${path}.pub`, `${path}-cert.pub`);
    expect(await lookAtKeyFile(path)).toMatchObject({ kind: 'plain', certificate: true });
  });

  it('that is not there is none', async () => {
    expect(await lookAtKeyFile(join(scratch(), 'none'))).toBeUndefined();
  });

  it('of a security key is one, as private handle and as public key', () => {
    const type = 'sk-ssh-ed25519@openssh.com';
    const body = Buffer.concat([
      Buffer.from('openssh-key-v1\0'),
      string('none'),
      string('none'),
      string(''),
      uint32(1),
      string(Buffer.concat([string(type), string('k')])),
    ]);
    expect(
      kindOf(`-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`),
    ).toBe('security-key');
    expect(kindOf(`${type} AAAA me`)).toBe('security-key');
  });

  it('cut short in its header is unreadable, wherever the cut is', () => {
    const path = keygen('-t', 'ed25519', '-N', '');
    const lines = readFileSync(path, 'utf8').split('\n');
    const header = Buffer.from(lines.slice(1, -2).join(''), 'base64').subarray(0, 60);
    for (let length = 0; length < header.length; length++) {
      const text = [lines[0], header.subarray(0, length).toString('base64'), ''].join('\n');
      expect(kindOf(text)).toBe('unreadable');
    }
  });
});

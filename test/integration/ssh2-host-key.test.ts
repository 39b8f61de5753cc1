/** Which host keys are accepted, and what is said of the others. Whatever ssh_config says, every key is checked. */

import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey } from '../harness/keys.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { proves } from '../requirements.ts';
import { dial, failure, hostOf, run } from './ssh2-kit.ts';

let sshd: Sshd;
let name: string;
beforeAll(async () => {
  sshd = await startSshd({ hostKeyTypes: ['ed25519', 'rsa', 'ecdsa'] });
  name = `[127.0.0.1]:${sshd.port}`;
});
afterAll(() => sshd.stop());

function knownHosts(text: string): string {
  const file = join(scratch(), 'known_hosts');
  writeFileSync(file, text);
  return file;
}

function publicKey(type: string): string {
  return sshd.hostKeys.find((key) => key.type === type)?.publicKey ?? '';
}

async function letsIn(file: string): Promise<string> {
  const transport = await dial(hostOf(sshd, { knownHostsFiles: [file] }));
  const { out } = await run(transport, 'echo in');
  await transport.close();
  return out;
}

describe('a key that is known', () => {
  it.each([
    ['plainly', () => `${name} ${publicKey('ed25519')}\n`],
    ['only as RSA, though the machine prefers another', () => `${name} ${publicKey('rsa')}\n`],
    ['only as ECDSA', () => `${name} ${publicKey('ecdsa')}\n`],
    ['by a wildcard', () => `[127.0.0.*]:* ${publicKey('ed25519')}\n`],
    ['without its port, as ssh accepts it', () => `127.0.0.1 ${publicKey('ed25519')}\n`],
    [
      'among other lines and comments',
      () => `# mine\n\nother ${publicKey('rsa')}\na,${name},b ${publicKey('ed25519')} comment\n`,
    ],
  ])('%s', async (_how, text) => {
    expect(await letsIn(knownHosts(text()))).toBe('in\n');
  });

  it('hashed', async () => {
    const file = knownHosts(`${name} ${publicKey('ed25519')}\n`);
    execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' });
    expect(readFileSync(file, 'utf8')).toMatch(/^\|1\|/);
    expect(await letsIn(file)).toBe('in\n');
  });

  it('by HostKeyAlias', async () => {
    const config = join(scratch(), 'config');
    writeFileSync(config, `Host ${sshd.alias}\n HostKeyAlias cluster\nInclude ${sshd.sshConfigFile}\n`);
    const file = knownHosts(`cluster ${publicKey('ed25519')}\n`);
    const transport = await dial(hostOf(sshd, { configFile: config, knownHostsFiles: [file] }));
    expect(transport.identity).toBe(sshd.hostKeys[0]?.fingerprint);
    await transport.close();
  });
});

describe('a key that is not accepted', () => {
  it(proves('unknown: refused with the trust command, and nobody is let in', 'host-keys'), async () => {
    const error = await failure(dial(hostOf(sshd, { knownHostsFiles: [knownHosts('')] })));
    expect(error.toJSON()).toMatchObject({ code: 'HOST_KEY_UNKNOWN', host: 'box', hint: 'mcp-anywhere trust box' });
    expect(error.message).toContain(name);
    expect(error.evidence.join()).toContain(sshd.hostKeys[0]?.fingerprint);
  });

  it('unknown, also where ssh_config says that any key will do', async () => {
    const config = join(scratch(), 'config');
    writeFileSync(
      config,
      `Host ${sshd.alias}\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\nInclude ${sshd.sshConfigFile}\n`,
    );
    expect((await failure(dial(hostOf(sshd, { configFile: config })))).code).toBe('HOST_KEY_UNKNOWN');
  });

  it(proves('changed: both fingerprints, and which file and line', 'host-keys', 'explains-itself'), async () => {
    const other = await makeKey(join(scratch(), 'other'));
    const file = knownHosts(`# a comment\n${name} ${other.publicKey}\n`);
    const error = await failure(dial(hostOf(sshd, { knownHostsFiles: [file] })));
    expect(error.code).toBe('HOST_KEY_CHANGED');
    const evidence = error.evidence.join('\n');
    expect(evidence).toContain(sshd.hostKeys.find((key) => key.type === 'ed25519')?.fingerprint);
    expect(evidence).toContain(`${other.fingerprint} (${file}:2)`);
    expect(error.hint).toContain(`line 2 of ${file}`);
  });

  it('changed, also when the machine shows no key of the known type any more', async () => {
    const one = await startSshd();
    try {
      const rsa = await makeKey(join(scratch(), 'rsa'), 'rsa');
      const file = knownHosts(`[127.0.0.1]:${one.port} ${rsa.publicKey}\n`);
      expect((await failure(dial(hostOf(one, { knownHostsFiles: [file] })))).code).toBe('HOST_KEY_CHANGED');
    } finally {
      await one.stop();
    }
  });

  it('revoked, though it is known too', async () => {
    const file = knownHosts(`${name} ${publicKey('ed25519')}\n`);
    appendFileSync(file, `@revoked * ${publicKey('ed25519')}\n`);
    const error = await failure(dial(hostOf(sshd, { knownHostsFiles: [file] })));
    // Another of its keys is asked for where the known one is revoked; neither is accepted.
    expect(['HOST_KEY_REVOKED', 'HOST_KEY_CHANGED']).toContain(error.code);
    const only = knownHosts(
      `@revoked * ${publicKey('ed25519')}\n@revoked * ${publicKey('rsa')}\n@revoked * ${publicKey('ecdsa')}\n`,
    );
    const revoked = await failure(dial(hostOf(sshd, { knownHostsFiles: [only] })));
    expect(revoked.code).toBe('HOST_KEY_REVOKED');
    expect(revoked.evidence.join()).toContain(`${only}:`);
  });

  it('a file that cannot be understood knows nobody', async () => {
    expect((await failure(dial(hostOf(sshd, { knownHostsFiles: [knownHosts('\u0000\u0001 garbage\n')] })))).code).toBe(
      'HOST_KEY_UNKNOWN',
    );
  });

  it('never where only the system ssh can check (RevokedHostKeys)', async () => {
    const config = join(scratch(), 'config');
    writeFileSync(config, `Host ${sshd.alias}\n RevokedHostKeys /etc/ssh/revoked\nInclude ${sshd.sshConfigFile}\n`);
    expect(await failure(dial(hostOf(sshd, { configFile: config })))).toMatchObject({
      code: 'SSH_CONFIG',
      host: 'box',
    });
  });
});

/** How the openssh backend logs in, and why it does not: keys, certificates, host keys, jumps, questions. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { SshPlan } from '../../src/config/plan.ts';
import type { Dialer } from '../../src/launch/contract.ts';
import type { LinkDeps } from '../../src/link/contract.ts';
import { createOpensshDialer } from '../../src/openssh/dialer.ts';
import { makeKey } from '../harness/keys.ts';
import { freePort } from '../harness/port.ts';
import { descendants } from '../harness/processes.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { startAgent } from './openssh-agent.ts';
import { hostPlan, never, owned, run, testDeps } from './openssh-setup.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

async function machine(options: Parameters<typeof startSshd>[0] = {}): Promise<Sshd> {
  const own = await startSshd(options);
  onTestFinished(() => own.stop());
  return own;
}

/** An ssh_config of the test's own for `box`. */
function configFile(target: Sshd, lines: readonly string[]): string {
  const file = join(scratch(), 'config');
  writeFileSync(
    file,
    [
      'Host box',
      `HostName 127.0.0.1`,
      `Port ${target.port}`,
      `User ${target.user}`,
      'IdentitiesOnly yes',
      ...lines,
      '',
    ].join('\n'),
  );
  return file;
}

const dialer = (plan: Partial<SshPlan>, deps: LinkDeps = testDeps()): Dialer =>
  createOpensshDialer(hostPlan({ alias: 'box', sshConfigFile: '/dev/null' }, plan), deps);

async function greets(plan: Partial<SshPlan>, deps: LinkDeps = testDeps()): Promise<string> {
  return (await run(await owned(dialer(plan, deps).dial(never)), 'echo hi')).output;
}

const known = (target: Sshd): string => `UserKnownHostsFile ${target.knownHostsFile}`;

describe('keys', () => {
  it('logs in with a key file of the configuration', async () => {
    expect(await greets({ configFile: configFile(sshd, [known(sshd), `IdentityFile ${sshd.identityFile}`]) })).toBe(
      'hi\n',
    );
  });

  it('takes name, user, port, key and known hosts of the hosts file over the configuration', async () => {
    const plan = {
      alias: 'elsewhere',
      host: '127.0.0.1',
      user: sshd.user,
      port: sshd.port,
      identityFiles: [sshd.identityFile],
      knownHostsFiles: [sshd.knownHostsFile],
    };
    expect(await greets({ ...plan, configFile: configFile(sshd, []) })).toBe('hi\n');
  });

  it('logs in with a user certificate, and not with the same key without it', async () => {
    const folder = scratch();
    const authority = await makeKey(join(folder, 'ca'));
    const own = await machine({ config: [`TrustedUserCAKeys ${publicFile('ca.pub', authority.publicKey)}`] });
    const key = await makeKey(join(folder, 'id'));
    const plan = { configFile: configFile(own, [known(own), `IdentityFile ${key.path}`]) };
    await expect(dialer(plan).dial(never)).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    execFileSync('ssh-keygen', ['-q', '-s', authority.path, '-I', 'test', '-n', own.user, `${key.path}.pub`]);
    expect(await greets(plan)).toBe('hi\n');
  });

  it('says AUTH_FAILED with what ssh said for a wrong key', async () => {
    const key = await makeKey(join(scratch(), 'id'));
    const failed = dialer({ configFile: configFile(sshd, [known(sshd), `IdentityFile ${key.path}`]) }).dial(never);
    await expect(failed).rejects.toMatchObject({
      code: 'AUTH_FAILED',
      host: 'box',
      evidence: [expect.stringContaining('Permission denied (publickey')],
    });
  });

  it('says KEY_UNUSABLE for a file that is no key', async () => {
    const path = join(scratch(), 'id');
    writeFileSync(path, 'not a key\n', { mode: 0o600 });
    await expect(
      dialer({ configFile: configFile(sshd, [known(sshd), `IdentityFile ${path}`]) }).dial(never),
    ).rejects.toMatchObject({ code: 'KEY_UNUSABLE' });
  });

  it('uses the keys of the agent', async () => {
    const agent = await startAgent([sshd.identityFile]);
    const file = join(scratch(), 'config');
    writeFileSync(file, readFileSync(configFile(sshd, [known(sshd)]), 'utf8').replace('IdentitiesOnly yes\n', ''));
    expect(await greets({ configFile: file }, testDeps({ env: { SSH_AUTH_SOCK: agent.socket } }))).toBe('hi\n');
  });
});

describe('questions', () => {
  async function encrypted(own: Sshd): Promise<Partial<SshPlan>> {
    const key = await makeKey(join(scratch(), 'id'), 'ed25519', 'open sesame');
    own.authorize(key.publicKey);
    return { configFile: configFile(own, [known(own), `IdentityFile ${key.path}`]) };
  }

  it('asks a person for the passphrase of a key', async () => {
    const deps = testDeps({ answers: ['open sesame'] });
    expect(await greets(await encrypted(await machine()), deps)).toBe('hi\n');
    expect(deps.asked).toMatchObject([
      { host: 'box', kind: 'passphrase', echo: false, text: expect.stringContaining('Enter passphrase for') as string },
    ]);
  });

  it('asks again after a wrong one', async () => {
    const deps = testDeps({ answers: ['wrong', 'open sesame'] });
    expect(await greets(await encrypted(await machine()), deps)).toBe('hi\n');
    expect(deps.asked).toHaveLength(2);
  });

  it('says NO_TTY when nobody answers, and asked only once', async () => {
    const deps = testDeps();
    await expect(dialer(await encrypted(await machine()), deps).dial(never)).rejects.toMatchObject({ code: 'NO_TTY' });
    expect(deps.asked).toHaveLength(1);
  });

  it('asks nobody where the configuration says BatchMode yes', async () => {
    const own = await machine();
    const plan = await encrypted(own);
    appendFileSync(plan.configFile ?? '', 'BatchMode yes\n');
    const deps = testDeps({ answers: ['open sesame'] });
    await expect(dialer(plan, deps).dial(never)).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    expect(deps.asked).toEqual([]);
  });

  it.runIf(process.getuid?.() === 0)('asks for a password, and sends no empty one when nobody answers', async () => {
    const own = await machine({ password: 'correct horse' });
    const plan = { configFile: configFile(own, [known(own), 'PubkeyAuthentication no']) };
    const deps = testDeps({ answers: ['correct horse'] });
    expect(await greets(plan, deps)).toBe('hi\n');
    expect(deps.asked.map(({ kind }) => kind)).toEqual(['password']);
    await expect(dialer(plan).dial(never)).rejects.toMatchObject({ code: 'NO_TTY' });
    expect(own.log()).not.toContain('Failed password');
  });

  it('leaves no secret in an argument, a variable or a file while it asks', async () => {
    const own = await machine();
    const plan = await encrypted(own);
    const deps = testDeps();
    const seen: string[] = [];
    const look = (): void => {
      const processes = descendants(process.pid).flatMap(({ pid }) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
      const files = [deps.runtimeDir, deps.homeDir].flatMap((folder) =>
        readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
      );
      seen.push(...[...processes, ...files].map(readIfThere));
    };
    const prompter = (): Promise<string> => {
      look();
      return Promise.resolve('open sesame');
    };
    await owned(dialer(plan, { ...deps, prompter }).dial(never));
    look();
    expect(seen.join('\n')).toContain('SSH_ASKPASS=');
    expect(seen.join('\n')).not.toContain('open sesame');
  });
});

describe('the programs that ssh runs', () => {
  it('get the short list of variables, and no key of a cloud', async () => {
    const folder = scratch();
    const told = (name: string): string => {
      const path = join(folder, name);
      writeFileSync(path, `#!/bin/sh\nenv > "${path}.env"\n`, { mode: 0o755 });
      return path;
    };
    const deps = testDeps({ env: { CLOUD_KEY: 'k', NODE_OPTIONS: '--no-warnings', LANG: 'C' } });
    const lines = [known(sshd), `IdentityFile ${sshd.identityFile}`];
    const keys = configFile(sshd, [...lines, `KnownHostsCommand ${told('keys')}`]);
    expect(await greets({ configFile: keys }, deps)).toBe('hi\n');
    const proxied = configFile(sshd, [...lines, `ProxyCommand ${told('proxy')}`]);
    await expect(dialer({ configFile: proxied }, deps).dial(never)).rejects.toMatchObject({ host: 'box' });
    for (const name of ['keys', 'proxy']) {
      const env = readFileSync(join(folder, `${name}.env`), 'utf8');
      expect(env, name).toContain('LANG=C');
      expect(env, name).not.toMatch(/CLOUD_KEY|NODE_OPTIONS/);
    }
  });
});

describe('host keys', () => {
  it('refuses an unknown one, and says which it was shown', async () => {
    const file = join(scratch(), 'known');
    const failed = dialer({
      configFile: configFile(sshd, [`UserKnownHostsFile ${file}`, `IdentityFile ${sshd.identityFile}`]),
    }).dial(never);
    await expect(failed).rejects.toMatchObject({
      code: 'HOST_KEY_UNKNOWN',
      host: 'box',
      evidence: [`shown: ${sshd.hostKeys[0]?.fingerprint}`],
    });
  });

  it.each(['no', 'accept-new', 'ask'])(
    'refuses it also where the configuration says StrictHostKeyChecking %s',
    async (value) => {
      const file = join(scratch(), 'known');
      const lines = [
        `UserKnownHostsFile ${file}`,
        `StrictHostKeyChecking ${value}`,
        'NoHostAuthenticationForLocalhost yes',
        `IdentityFile ${sshd.identityFile}`,
      ];
      const deps = testDeps({ answers: ['yes', 'yes'] });
      await expect(dialer({ configFile: configFile(sshd, lines) }, deps).dial(never)).rejects.toMatchObject({
        code: 'HOST_KEY_UNKNOWN',
      });
      expect(deps.asked).toEqual([]);
      expect(readIfThere(file)).toBe('');
    },
  );

  it('refuses a changed one with both fingerprints, file and line', async () => {
    const other = await makeKey(join(scratch(), 'other'));
    const file = join(scratch(), 'known');
    writeFileSync(file, `# first line\n[127.0.0.1]:${sshd.port} ${other.publicKey}\n`);
    const failed = dialer({
      configFile: configFile(sshd, [`UserKnownHostsFile ${file}`, `IdentityFile ${sshd.identityFile}`]),
    }).dial(never);
    await expect(failed).rejects.toMatchObject({
      code: 'HOST_KEY_CHANGED',
      evidence: [`shown: ${sshd.hostKeys[0]?.fingerprint}`, `known: ssh-ed25519 ${other.fingerprint} (${file}:2)`],
      hint: expect.stringContaining(`line 2 of ${file}`) as string,
    });
  });

  it('refuses a revoked one', async () => {
    const file = join(scratch(), 'known');
    const line = readFileSync(sshd.knownHostsFile, 'utf8');
    writeFileSync(file, `${line}@revoked * ${sshd.hostKeys[0]?.publicKey}\n`);
    await expect(
      dialer({
        configFile: configFile(sshd, [`UserKnownHostsFile ${file}`, `IdentityFile ${sshd.identityFile}`]),
      }).dial(never),
    ).rejects.toMatchObject({ code: 'HOST_KEY_REVOKED' });
  });

  it('accepts a host certificate of a known signer, and only for the name it was made for', async () => {
    const folder = scratch();
    const authority = await makeKey(join(folder, 'ca'));
    const host = await makeKey(join(folder, 'host'));
    const sign = (names: string): void => {
      execFileSync('ssh-keygen', ['-q', '-s', authority.path, '-I', 'host', '-h', '-n', names, `${host.path}.pub`]);
    };
    sign('127.0.0.1');
    const own = await machine({ config: [`HostKey ${host.path}`, `HostCertificate ${host.path}-cert.pub`] });
    const file = join(folder, 'known');
    writeFileSync(file, `@cert-authority * ${authority.publicKey}\n`);
    const plan = { configFile: configFile(own, [`UserKnownHostsFile ${file}`, `IdentityFile ${own.identityFile}`]) };
    expect(await greets(plan)).toBe('hi\n');
    sign('another.example');
    await own.restart();
    await expect(dialer(plan).dial(never)).rejects.toMatchObject({
      code: expect.stringMatching(/^HOST_KEY_/) as string,
    });
  });
});

describe('jump hosts', () => {
  function jumpConfig(jump: Sshd, target: Sshd, jumpKnown: string, more: readonly string[] = []): string {
    const file = join(scratch(), 'config');
    const host = (name: string, machineOf: Sshd, knownFile: string, lines: readonly string[]): string[] => [
      `Host ${name}`,
      'HostName 127.0.0.1',
      `Port ${machineOf.port}`,
      `User ${machineOf.user}`,
      'IdentitiesOnly yes',
      `IdentityFile ${machineOf.identityFile}`,
      `UserKnownHostsFile ${knownFile}`,
      ...lines,
    ];
    writeFileSync(
      file,
      [
        ...host('box', target, target.knownHostsFile, ['ProxyJump bastion']),
        ...host('bastion', jump, jumpKnown, more),
        '',
      ].join('\n'),
    );
    return file;
  }

  it('goes through one, and through two in a row', async () => {
    const [first, second] = await Promise.all([machine(), machine()]);
    expect(await greets({ configFile: jumpConfig(second, sshd, second.knownHostsFile) })).toBe('hi\n');
    const file = jumpConfig(second, sshd, second.knownHostsFile, ['ProxyJump outer']);
    appendFileSync(
      file,
      `Host outer\nHostName 127.0.0.1\nPort ${first.port}\nUser ${first.user}\nIdentityFile ${first.identityFile}\nUserKnownHostsFile ${first.knownHostsFile}\n`,
    );
    expect(await greets({ configFile: file })).toBe('hi\n');
    expect(first.log()).toContain('Accepted publickey');
    expect(second.log()).toContain('Accepted publickey');
  });

  it('checks the key of the jump host too, whatever its configuration says', async () => {
    const jump = await machine();
    const file = jumpConfig(jump, sshd, join(scratch(), 'none'), ['StrictHostKeyChecking no']);
    await expect(dialer({ configFile: file }).dial(never)).rejects.toMatchObject({ code: 'HOST_KEY_UNKNOWN' });
    expect(jump.log()).not.toContain('Accepted');
  });

  it('says SSH_CONFIG when hosts jump through each other', async () => {
    const file = jumpConfig(sshd, sshd, sshd.knownHostsFile, ['ProxyJump box']);
    await expect(dialer({ configFile: file }).dial(never)).rejects.toMatchObject({ code: 'SSH_CONFIG' });
  });
});

describe('no connection', () => {
  it('says HOST_UNREACHABLE for a port where nothing listens', async () => {
    const port = await freePort();
    await expect(dialer({ configFile: configFile(sshd, [known(sshd)]), port }).dial(never)).rejects.toMatchObject({
      code: 'HOST_UNREACHABLE',
    });
  });

  it('says SSH_MISSING without an ssh', async () => {
    const deps = testDeps({ env: { PATH: scratch() } });
    await expect(dialer({ configFile: configFile(sshd, [known(sshd)]) }, deps).dial(never)).rejects.toMatchObject({
      code: 'SSH_MISSING',
    });
  });
});

function publicFile(name: string, text: string): string {
  const path = join(scratch(), name);
  writeFileSync(path, `${text}\n`, { mode: 0o644 });
  return path;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

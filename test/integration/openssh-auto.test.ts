/** `backend: auto` on real machines: the rules, the second try, and what is remembered of it. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { SshPlan } from '../../src/config/plan.ts';
import type { Transport } from '../../src/launch/contract.ts';
import { createSshDialer, explainBackend } from '../../src/link/backend.ts';
import type { LinkDeps } from '../../src/link/contract.ts';
import { agentKeyTypes } from '../../src/ssh/agent.ts';
import { type KeyPair, makeKey } from '../harness/keys.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { startAgent } from './openssh-agent.ts';
import { hostPlan, never, owned, run, testDeps } from './openssh-setup.ts';

async function machine(options: Parameters<typeof startSshd>[0] = {}): Promise<Sshd> {
  const own = await startSshd(options);
  onTestFinished(() => own.stop());
  return own;
}

function config(target: Sshd, lines: readonly string[]): Partial<SshPlan> {
  const file = join(scratch(), 'config');
  writeFileSync(
    file,
    ['Host box', 'HostName 127.0.0.1', `Port ${target.port}`, `User ${target.user}`, ...lines, ''].join('\n'),
  );
  return { alias: 'box', backend: 'auto', configFile: file };
}

const auto = (ssh: Partial<SshPlan>) => hostPlan({ alias: 'box', sshConfigFile: '/dev/null' }, ssh);
const known = (target: Sshd): string => `UserKnownHostsFile ${target.knownHostsFile}`;

/** Dials, runs something, and says which backend it was. */
async function backendOf(ssh: Partial<SshPlan>, deps: LinkDeps): Promise<{ backend: string; transport: Transport }> {
  const dialer = createSshDialer(auto(ssh), deps);
  const transport = await owned(dialer.dial(never));
  expect((await run(transport, 'echo hi')).output).toBe('hi\n');
  return { backend: dialer.backend(), transport };
}

const logins = (sshd: Sshd): number => sshd.log().split('Connection from ').length - 1;

/** A machine that lets in whoever its authority signed, and a key file that it does not know. */
async function certifiedMachine(): Promise<{ sshd: Sshd; certified: KeyPair; stranger: KeyPair }> {
  const folder = scratch();
  const authority = await makeKey(join(folder, 'ca'));
  const sshd = await machine();
  writeFileSync(join(sshd.folder, 'ca.pub'), `${authority.publicKey}\n`, { mode: 0o644 });
  const trusting = await machine({ config: [`TrustedUserCAKeys ${join(sshd.folder, 'ca.pub')}`] });
  const [certified, stranger] = await Promise.all([
    makeKey(join(folder, 'certified')),
    makeKey(join(folder, 'stranger')),
  ]);
  execFileSync('ssh-keygen', ['-q', '-s', authority.path, '-I', 'test', '-n', trusting.user, `${certified.path}.pub`]);
  return { sshd: trusting, certified, stranger };
}

describe('by the rules', () => {
  it('an ordinary host is reached by ssh2', async () => {
    const sshd = await machine();
    const ssh = config(sshd, [known(sshd), `IdentityFile ${sshd.identityFile}`]);
    const deps = testDeps();
    expect((await backendOf(ssh, deps)).backend).toBe('ssh2');
    expect(await explainBackend(auto(ssh), deps, never)).toMatchObject({ backend: 'ssh2' });
    expect(logins(sshd)).toBe(1);
  });

  it('a banner too long for ssh2 gives openssh its one try', async () => {
    const text = join(scratch(), 'banner');
    writeFileSync(text, 'authorised use only\n'.repeat(1800), { mode: 0o644 });
    const sshd = await machine({ config: [`Banner ${text}`] });
    const ssh = config(sshd, [known(sshd), `IdentityFile ${sshd.identityFile}`]);
    expect((await backendOf(ssh, testDeps())).backend).toBe('openssh');
  });

  it('a certificate beside the key is for openssh, at the first attempt', async () => {
    const { sshd, certified } = await certifiedMachine();
    const ssh = config(sshd, [known(sshd), 'IdentitiesOnly yes', `IdentityFile ${certified.path}`]);
    const deps = testDeps();
    expect((await backendOf(ssh, deps)).backend).toBe('openssh');
    expect(await explainBackend(auto(ssh), deps, never)).toEqual({
      backend: 'openssh',
      reason: 'IdentityFile of box: a certificate lies beside an identity file',
    });
    expect(logins(sshd)).toBe(1);
  });

  it('an agent with nothing but a certificate is for openssh', async () => {
    const { sshd, certified } = await certifiedMachine();
    const agent = await startAgent([certified.path]);
    // ssh-add took the key and its certificate; the plain one goes, named where no certificate lies beside it.
    const plain = join(scratch(), 'plain.pub');
    copyFileSync(`${certified.path}.pub`, plain);
    execFileSync('ssh-add', ['-q', '-d', plain], {
      env: { ...process.env, SSH_AUTH_SOCK: agent.socket },
      stdio: 'ignore',
    });
    expect(await agentKeyTypes(agent.socket, systemClock(), never)).toEqual(['ssh-ed25519-cert-v01@openssh.com']);
    const ssh = config(sshd, [known(sshd)]);
    const deps = testDeps({ env: { SSH_AUTH_SOCK: agent.socket } });
    expect((await backendOf(ssh, deps)).backend).toBe('openssh');
    expect(logins(sshd)).toBe(1);
  });

  it('a signer of host certificates is for openssh, also where only a jump host has one', async () => {
    const folder = scratch();
    const authority = await makeKey(join(folder, 'ca'));
    const host = await makeKey(join(folder, 'host'));
    execFileSync('ssh-keygen', ['-q', '-s', authority.path, '-I', 'host', '-h', '-n', '127.0.0.1', `${host.path}.pub`]);
    const jump = await machine({ config: [`HostKey ${host.path}`, `HostCertificate ${host.path}-cert.pub`] });
    const file = join(folder, 'known');
    writeFileSync(file, `@cert-authority * ${authority.publicKey}\n`);
    const direct = config(jump, [`UserKnownHostsFile ${file}`, `IdentityFile ${jump.identityFile}`]);
    expect((await backendOf(direct, testDeps())).backend).toBe('openssh');
    const sshd = await machine();
    const through = config(sshd, [
      known(sshd),
      `IdentityFile ${sshd.identityFile}`,
      'ProxyJump bastion',
      'Host bastion',
      'HostName 127.0.0.1',
      `Port ${jump.port}`,
      `User ${jump.user}`,
      `UserKnownHostsFile ${file}`,
      `IdentityFile ${jump.identityFile}`,
    ]);
    expect((await backendOf(through, testDeps())).backend).toBe('openssh');
  });
});

describe('the second try', () => {
  it('reaches what only openssh can, and is remembered until the configuration changes', async () => {
    const { sshd, certified, stranger } = await certifiedMachine();
    const agent = await startAgent([certified.path]);
    // A key file that could do, so that the agent is not looked into beforehand.
    const lines = [known(sshd), `IdentityFile ${stranger.path}`];
    const ssh = config(sshd, lines);
    const deps = testDeps({ env: { SSH_AUTH_SOCK: agent.socket } });
    expect((await backendOf(ssh, deps)).backend).toBe('openssh');
    expect(logins(sshd)).toBe(2);
    expect((await backendOf(ssh, deps)).backend).toBe('openssh');
    expect(logins(sshd)).toBe(3);
    expect(await explainBackend(auto(ssh), deps, never)).toEqual({
      backend: 'openssh',
      reason: 'remembered: ssh2 failed (AUTH_FAILED)',
    });
    const changed = config(sshd, [...lines, 'ConnectionAttempts 2']);
    expect((await explainBackend(auto(changed), deps, never)).backend).toBe('ssh2');
  });

  it('that fails too tells of both, and is not remembered', async () => {
    const sshd = await machine();
    const stranger = await makeKey(join(scratch(), 'id'));
    const ssh = config(sshd, [known(sshd), 'IdentitiesOnly yes', `IdentityFile ${stranger.path}`]);
    const deps = testDeps();
    const failed = createSshDialer(auto(ssh), deps).dial(never);
    await expect(failed).rejects.toMatchObject({
      code: 'AUTH_FAILED',
      host: 'box',
      evidence: expect.arrayContaining([expect.stringContaining("the system's ssh:")]) as string[],
    });
    expect(logins(sshd)).toBe(2);
    expect((await explainBackend(auto(ssh), deps, never)).backend).toBe('ssh2');
  });

  it.each(['unknown', 'changed'])('never follows an %s host key', async (kind) => {
    const sshd = await machine();
    const other = await makeKey(join(scratch(), 'other'));
    const file = join(scratch(), 'known');
    writeFileSync(file, kind === 'unknown' ? '' : `[127.0.0.1]:${sshd.port} ${other.publicKey}\n`);
    const ssh = config(sshd, [`UserKnownHostsFile ${file}`, `IdentityFile ${sshd.identityFile}`]);
    await expect(createSshDialer(auto(ssh), testDeps()).dial(never)).rejects.toMatchObject({
      code: `HOST_KEY_${kind.toUpperCase()}`,
    });
    expect(logins(sshd)).toBe(1);
  });

  it('forgets openssh when that stops working', async () => {
    const { sshd, certified, stranger } = await certifiedMachine();
    const agent = await startAgent([certified.path]);
    const ssh = config(sshd, [known(sshd), `IdentityFile ${stranger.path}`]);
    const deps = testDeps({ env: { SSH_AUTH_SOCK: agent.socket } });
    await backendOf(ssh, deps);
    execFileSync('ssh-add', ['-q', '-D'], { env: { ...process.env, SSH_AUTH_SOCK: agent.socket }, stdio: 'ignore' });
    await expect(createSshDialer(auto(ssh), deps).dial(never)).rejects.toMatchObject({ code: 'AUTH_FAILED' });
    expect((await explainBackend(auto(ssh), deps, never)).backend).toBe('ssh2');
  });
});

it('a backend that the hosts file names is not second-guessed', async () => {
  const { sshd, certified } = await certifiedMachine();
  const ssh = {
    ...config(sshd, [known(sshd), 'IdentitiesOnly yes', `IdentityFile ${certified.path}`]),
    backend: 'ssh2' as const,
  };
  await expect(createSshDialer(auto(ssh), testDeps()).dial(never)).rejects.toMatchObject({ code: 'AUTH_FAILED' });
  expect(await explainBackend(auto(ssh), testDeps(), never)).toEqual({
    backend: 'ssh2',
    reason: 'the hosts file says so',
  });
});

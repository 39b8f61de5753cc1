/** A machine without any program of OpenSSH: hosts that the hosts file describes work, aliases say what is missing. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { openFace } from '../harness/face.ts';
import { fixture } from '../harness/hosts-file.ts';
import { initialize, runProgram, startServe } from '../harness/program.ts';
import { makeSandbox, type Sandbox } from '../harness/sandbox.ts';
import { onlyNode, scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { callText, offers } from '../harness/tools.ts';
import { until } from '../harness/until.ts';

let one: Sshd;
let two: Sshd;
beforeAll(async () => {
  [one, two] = await Promise.all([startSshd(), startSshd()]);
});
afterAll(() => Promise.all([one.stop(), two.stop()]));

function sandboxWithoutSsh(): Sandbox {
  return makeSandbox({ PATH: onlyNode() });
}

function entry(sshd: Sshd, more: object = {}): object {
  const { host, port, user, identityFile, knownHostsFile } = sshd;
  return {
    ssh: { host, port, user, identityFile, knownHostsFile, ...more },
    servers: { echo: fixture(sshd, 'echo.mjs') },
  };
}

function hostsFile(hosts: Readonly<Record<string, object>>): string {
  const path = join(scratch(), 'config.yaml');
  writeFileSync(path, stringify({ version: 1, hosts }));
  return path;
}

describe('without ssh on the PATH', () => {
  it('calls the tools of two hosts whose entries say all that is needed', async () => {
    const { client } = startServe(hostsFile({ one: entry(one), two: entry(two) }), sandboxWithoutSsh());
    await initialize(client);
    await offers(client, ['one__echo__echo', 'two__echo__echo']);
    expect(await callText(client, 'one__echo__echo', { message: 'hello' })).toBe('{"message":"hello"}');
    expect(await callText(client, 'two__echo__echo', { message: 'hello' })).toBe('{"message":"hello"}');
  });

  it('takes the key and the known hosts of ~/.ssh where the entry names none', async () => {
    const sandbox = sandboxWithoutSsh();
    const ssh = join(sandbox.home, '.ssh');
    mkdirSync(ssh, { mode: 0o700 });
    writeFileSync(join(ssh, 'id_ed25519'), readFileSync(one.identityFile), { mode: 0o600 });
    writeFileSync(join(ssh, 'known_hosts'), readFileSync(one.knownHostsFile));
    const plain = entry(one, { identityFile: undefined, knownHostsFile: undefined });
    const { code, stdout } = await runProgram(
      ['call', 'one__echo__echo', '--arg', 'message=hello', '--config', hostsFile({ one: plain })],
      sandbox,
    );
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('hello') as unknown });
  });

  it('reaches a host over a jump host that is named by its address', async () => {
    // The host's known_hosts file and key are its own; the jump host's are those of ~/.ssh, as with ssh.
    const sandbox = sandboxWithoutSsh();
    const ssh = join(sandbox.home, '.ssh');
    mkdirSync(ssh, { mode: 0o700 });
    writeFileSync(join(ssh, 'id_ed25519'), readFileSync(one.identityFile), { mode: 0o600 });
    writeFileSync(join(ssh, 'known_hosts'), readFileSync(one.knownHostsFile));
    const behind = entry(two, { proxyJump: `${one.user}@127.0.0.1:${String(one.port)}` });
    const { code, stdout } = await runProgram(
      ['call', 'two__echo__echo', '--arg', 'message=hello', '--config', hostsFile({ two: behind })],
      sandbox,
    );
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('hello') as unknown });
  });

  it('trusts a host without ssh-keygen', async () => {
    const file = join(scratch(), 'known hosts');
    const config = hostsFile({ one: entry(one, { knownHostsFile: file }) });
    const fingerprint = one.hostKeys[0]?.fingerprint ?? '';
    const sandbox = sandboxWithoutSsh();
    const refused = await runProgram(['call', 'one__echo__echo', '--config', config], sandbox);
    expect(refused.code).toBe(3);
    const { code } = await runProgram(
      ['trust', 'one', '--yes', '--fingerprint', fingerprint, '--config', config],
      sandbox,
    );
    expect(code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(`[127.0.0.1]:${String(one.port)} ${one.hostKeys[0]?.publicKey ?? ''}\n`);
    const called = await runProgram(['call', 'one__echo__echo', '--arg', 'message=hello', '--config', config], sandbox);
    expect(called.stdout).toContain('hello');
  });

  it('says of an alias who reads ~/.ssh/config, how to get it, and what to write instead', async () => {
    const config = hostsFile({ gpu1: { servers: { echo: fixture(one, 'echo.mjs') } } });
    const sandbox = sandboxWithoutSsh();
    const { stdout, stderr } = await runProgram(['doctor', 'gpu1', '--config', config], sandbox);
    for (const words of ['OpenSSH client', '~/.ssh/config', 'apt install openssh-client', 'ssh: { host, user, port'])
      expect(stdout + stderr).toContain(words);
    const call = await runProgram(['call', 'gpu1__echo__echo', '--config', config], sandbox);
    expect(call.code).not.toBe(0);
    expect(call.stdout + call.stderr).toContain('OpenSSH client');
    expect(existsSync(join(sandbox.home, '.ssh'))).toBe(false);
  });

  it('says how to install the client where only that understands the host, and tries again once it is there', async () => {
    // ssh2 does not understand a banner above 32 KiB.
    const banner = join(scratch(), 'banner');
    writeFileSync(banner, `${'B'.repeat(100)}\n`.repeat(2_000));
    const talker = await startSshd({ config: [`Banner ${banner}`] });
    onTestFinished(() => talker.stop());
    const sandbox = sandboxWithoutSsh();
    const config = hostsFile({ one: entry(talker) });
    const face = await openFace(config, sandbox);
    const [refused] = (await face.request('settle', { withinMs: 20_000 })).hosts;
    expect(refused?.state).toBe('refused');
    expect(refused?.cause).toMatchObject({
      code: 'SSH_MISSING',
      hint: expect.stringContaining('apt install') as unknown,
    });
    expect(JSON.stringify(refused?.cause)).not.toContain('backend: openssh');
    symlinkSync(
      execFileSync('/bin/sh', ['-c', 'command -v ssh'], { encoding: 'utf8' }).trim(),
      join(sandbox.env['PATH'] ?? '', 'ssh'),
    );
    await until(async () => (await face.request('status', {})).hosts[0]?.state === 'ready');
  });

  it('doctor says that ~/.ssh/config is not read', async () => {
    const { stdout } = await runProgram(
      ['doctor', 'one', '--config', hostsFile({ one: entry(one) })],
      sandboxWithoutSsh(),
    );
    expect(stdout).toMatch(/by the hosts file alone: ssh is not installed, so nobody reads ~\/\.ssh\/config/);
  });

  it('says the same where the hosts file asks for the backend openssh', async () => {
    const config = hostsFile({ one: entry(one, { backend: 'openssh' }) });
    const { code, stderr, stdout } = await runProgram(
      ['call', 'one__echo__echo', '--config', config],
      sandboxWithoutSsh(),
    );
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain('apt install openssh-client');
  });
});

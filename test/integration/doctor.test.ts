/** `doctor` on real hosts and on what a machine looks like after mishaps, and what `--fix` does about them. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { DoctorStep } from '../../src/api/control.ts';
import { processStart } from '../../src/daemon/process-start.ts';
import { printed } from '../harness/control.ts';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { makeKey } from '../harness/keys.ts';
import { BIN, runProgram } from '../harness/program.ts';
import { makeSandbox, type Sandbox } from '../harness/sandbox.ts';
import { scratch } from '../harness/scratch.ts';
import { startSshd } from '../harness/sshd.ts';
import { runInTerminal } from '../harness/terminal.ts';
import { startAgent } from './openssh-agent.ts';

const ECHO = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));
const echo = { command: process.execPath, args: [ECHO] };

async function doctor(args: readonly string[], sandbox: Sandbox) {
  const outcome = await runProgram(['doctor', '--json', ...args], sandbox);
  return { ...outcome, ...printed('doctor', outcome.stdout) };
}

function found(steps: readonly DoctorStep[], check: DoctorStep['check']): readonly DoctorStep[] {
  return steps.filter((step) => step.check === check && step.outcome === 'warning');
}

function write(file: string, text: string, mode = 0o600): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

describe('on a host', () => {
  it('doctor tells round trip, clock, disks and the version of sshd, and names unpinned packages', async () => {
    const sshd = await startSshd();
    onTestFinished(() => sshd.stop());
    const servers = {
      echo: fixture(sshd, 'echo.mjs'),
      loose: { command: 'npx', args: ['-y', 'some-mcp'], enabled: true },
    };
    const hosts = writeHostsFile({
      box: { sshd, servers: { echo: servers.echo } },
      idle: { servers: { loose: servers.loose } },
    });
    const { steps } = await doctor(['--config', hosts.path], makeSandbox({ PATH: '/usr/bin:/bin:/usr/sbin' }));
    const machine = steps.find((step) => step.host === 'box' && step.check === 'machine');
    expect(machine).toMatchObject({ outcome: 'ok', measured: { rttMs: expect.any(Number) as number } });
    expect(Math.abs(machine?.measured?.clockMs ?? Number.NaN)).toBeLessThan(30_000);
    expect(machine?.measured?.disks.length).toBeGreaterThan(0);
    expect(steps.find((step) => step.host === 'box' && step.check === 'login')?.text).toMatch(/OpenSSH_\d/);
    expect(found(steps, 'package')).toMatchObject([{ cause: { evidence: ['started by idle/loose'] } }]);
    expect(steps.find(({ check }) => check === 'ssh')?.text).toMatch(/^OpenSSH_/);
    expect(steps.find(({ check }) => check === 'node')?.text).toContain(process.versions.node);
  });

  it('a wrong clock and a full disk are findings', async () => {
    const folder = scratch();
    write(join(folder, 'date'), '#!/bin/sh\necho $(($(/bin/date +%s) - 7200))\n', 0o755);
    write(join(folder, 'df'), '#!/bin/sh\necho "/dev/x 100 99 1 99% /full"\n', 0o755);
    const hosts = writeHostsFile({ here: { servers: { echo } } });
    const sandbox = makeSandbox({ PATH: `${folder}:${process.env['PATH'] ?? ''}`, SHELL: '/bin/sh' });
    const { steps, code } = await doctor(['here', '--config', hosts.path], sandbox);
    expect(found(steps, 'machine').map(({ text, cause }) => `${cause?.code ?? ''}: ${text}`)).toEqual([
      'CLOCK_WRONG: the clock is 2h behind the one here',
      'DISK_FULL: only 0 MiB are free at /full',
    ]);
    expect(code).toBe(0);
  });
});

describe('--fix', () => {
  it('mends modes, leftovers and entries of clients, leaves the hosts file, and says both', async () => {
    const hosts = writeHostsFile({ here: { servers: { echo } } });
    const config = ['--config', hosts.path];
    const sandbox = makeSandbox();
    const cursor = write(join(sandbox.home, '.cursor/mcp.json'), '{ "mcpServers": {} }\n');
    const kiro = write(join(sandbox.home, '.kiro/settings/mcp.json'), '{ "mcpServers": {} }\n');
    expect((await runProgram(['install', 'cursor', 'kiro', '--yes', ...config], sandbox)).code).toBe(0);
    const record = join(sandbox.stateDir, 'mcp-anywhere/installed.json');
    expect(statSync(record).mode & 0o777).toBe(0o600);
    // Cursor has written its file anew, and the node of Kiro's entry was uninstalled.
    write(cursor, '{ "mcpServers": { "other": { "command": "uvx" } } }\n');
    write(kiro, readFileSync(kiro, 'utf8').replace(JSON.stringify(process.execPath), '"/gone/node"'));
    const log = write(join(sandbox.stateDir, 'mcp-anywhere/logs/x.log'), 'old\n', 0o644);
    const run = join(sandbox.runtimeDir, 'mcp-anywhere');
    const lock = write(join(run, '0123456789abcdef.lock.3'), '{"pid":1,"start":"an earlier boot"}');
    const stale = write(join(run, '0123456789abcdef.pid'), '{}');
    chmodSync(hosts.path, 0o666);

    const before = await doctor(config, sandbox);
    expect(found(before.steps, 'client').map(({ text }) => text)).toEqual([
      'Kiro cannot start MCP-Anywhere: /gone/node does not exist.',
      'Cursor has lost the entry of MCP-Anywhere.',
    ]);
    expect(found(before.steps, 'files').map(({ cause }) => cause?.code)).toEqual(['FILE_EXPOSED', 'FILE_EXPOSED']);
    expect(found(before.steps, 'daemon').map(({ cause }) => cause?.code)).toEqual(['DAEMON_LEFTOVERS']);
    for (const { cause } of before.steps.filter(({ outcome }) => outcome === 'warning'))
      expect(cause?.hint).not.toBe('');
    expect(before).not.toHaveProperty('fixed');
    expect([statSync(log).mode & 0o777, existsSync(stale), existsSync(lock)]).toEqual([0o644, true, true]);

    const mended = await doctor(['--fix', ...config], sandbox);
    expect(mended.fixed?.map(({ check }) => check)).toEqual(['files', 'daemon', 'client', 'client']);
    expect(statSync(log).mode & 0o777).toBe(0o600);
    expect(existsSync(stale)).toBe(false);
    const entry = { command: process.execPath, args: [BIN, ...config] };
    expect(JSON.parse(readFileSync(cursor, 'utf8'))).toEqual({
      mcpServers: { other: { command: 'uvx' }, anywhere: entry },
    });
    expect(JSON.parse(readFileSync(kiro, 'utf8'))).toEqual({ mcpServers: { anywhere: entry } });
    expect(statSync(hosts.path).mode & 0o777).toBe(0o666);

    const after = await runProgram(['doctor', '--fix', ...config], sandbox);
    expect(after.stdout).toContain('Nothing was fixed.\nLeft to you: 1 finding, each with its fix above.\n');
    expect(after.stdout).toContain(`Fix: chmod o-w ${hosts.path}`);
  });

  it('leaves what only a person can decide, with the reason', async () => {
    const sandbox = makeSandbox();
    const cursor = write(join(sandbox.home, '.cursor/mcp.json'), '{}');
    const hosts = writeHostsFile({ here: { servers: { echo } } });
    const config = ['--config', hosts.path];
    expect((await runProgram(['install', 'cursor', '--yes', ...config], sandbox)).code).toBe(0);
    const taken = '{"mcpServers":{"anywhere":{"command":"uvx"}}}';
    write(cursor, taken);
    const { steps, fixed } = await doctor(['--fix', ...config], sandbox);
    expect(fixed).toEqual([]);
    expect(found(steps, 'client')[0]?.cause?.evidence?.join()).toContain('belongs to another program');
    expect(readFileSync(cursor, 'utf8')).toBe(taken);
    // A person who wants it so says it once.
    expect((await runProgram(['uninstall', 'cursor', '--yes'], sandbox)).code).toBe(0);
    expect(found((await doctor(config, sandbox)).steps, 'client')).toEqual([]);
  });

  it('follows no link out of our folders, and leaves a living daemon alone', async () => {
    const sandbox = makeSandbox();
    const outside = write(join(scratch(), 'outside'), 'x', 0o644);
    mkdirSync(join(sandbox.stateDir, 'mcp-anywhere'), { mode: 0o700 });
    symlinkSync(outside, join(sandbox.stateDir, 'mcp-anywhere/link'));
    const hosts = writeHostsFile({ here: { servers: { echo } } });
    const config = ['--config', hosts.path];
    expect((await runProgram(['tools', ...config], sandbox)).code).toBe(0);
    const pid = async (): Promise<unknown> =>
      printed('ps', (await runProgram(['ps', '--json'], sandbox)).stdout).daemons.map((one) => one.pid);
    const running = await pid();
    const { fixed, steps } = await doctor(['--fix', ...config], sandbox);
    expect(fixed).toEqual([]);
    expect(steps.find(({ check }) => check === 'daemon')).toMatchObject({
      outcome: 'ok',
      text: '1 daemon of this version',
    });
    expect(statSync(outside).mode & 0o777).toBe(0o644);
    expect(await pid()).toEqual(running);
  });

  it('gives the agent the key that a login lacks, and asks for its passphrase once', async () => {
    const sshd = await startSshd();
    onTestFinished(() => sshd.stop());
    const key = await makeKey(join(scratch(), 'id_locked'), 'ed25519', 'open sesame');
    sshd.authorize(key.publicKey);
    const servers = { echo: fixture(sshd, 'echo.mjs') };
    const hosts = writeHostsFile({ box: { sshd, identityFile: key.path, servers } });
    const agent = await startAgent([]);
    const sandbox = makeSandbox({ SSH_AUTH_SOCK: agent.socket });
    const left = await doctor(['box', '--fix', '--config', hosts.path], sandbox);
    expect(left).toMatchObject({ code: 3, fixed: [] });
    expect(left.steps.find(({ check }) => check === 'agent')).toMatchObject({
      sshAdd: { agent: agent.socket, keys: [key.path] },
    });

    const terminal = runInTerminal(['doctor', 'box', '--fix', '--config', hosts.path], sandbox);
    await terminal.shows('Enter passphrase for');
    terminal.type('open sesame\r');
    await terminal.shows(`box: added ${key.path} to the agent`);
    expect(await terminal.exit).toBe(0);
    expect(terminal.text()).not.toContain('sesame');
    const listed = execFileSync('ssh-add', ['-l'], { env: { ...process.env, SSH_AUTH_SOCK: agent.socket } });
    expect(String(listed)).toContain(key.fingerprint);
  });
});

it('a daemon of another version that still runs is pointed out, and left alone', async () => {
  const sandbox = makeSandbox();
  const start = await processStart(process.pid);
  const [socket, log] = ['/s', '/l'];
  const record = { pid: process.pid, start, version: '0.0.1', file: '/old.yaml', socket, log, sinceMs: 1 };
  const file = write(join(sandbox.runtimeDir, 'mcp-anywhere/fedcba9876543210.pid'), JSON.stringify(record));
  const hosts = writeHostsFile({ here: { servers: { echo } } });
  const { steps, fixed } = await doctor(['--fix', '--config', hosts.path], sandbox);
  expect(found(steps, 'daemon').map(({ text }) => text)).toEqual([
    expect.stringContaining(`A daemon of version 0.0.1 (pid ${process.pid}) still serves clients of /old.yaml`),
  ]);
  expect([fixed, existsSync(file)]).toEqual([[], true]);
});

it('a socket that somebody listens on without a lock is no leftover', async () => {
  const sandbox = makeSandbox();
  const socket = join(sandbox.runtimeDir, 'mcp-anywhere/0123456789abcdef.sock');
  mkdirSync(dirname(socket), { mode: 0o700 });
  const server = createServer().listen(socket);
  onTestFinished(() => void server.close());
  const hosts = writeHostsFile({ here: { servers: { echo } } });
  const { fixed } = await doctor(['--fix', '--config', hosts.path], sandbox);
  expect(fixed).toEqual([]);
  expect(existsSync(socket)).toBe(true);
});

describe('in a terminal', () => {
  it('names what it waits for, folds what passed, and opens what did not; -v shows every step', async () => {
    const late = { command: 'sleep', args: ['100'], startTimeoutMs: 4000 };
    const hosts = writeHostsFile({ here: { servers: { echo } }, gpu1: { servers: { late } } });
    const sandbox = makeSandbox();
    const terminal = runInTerminal(['doctor', '--config', hosts.path], sandbox, { columns: 80, rows: 24 });
    await terminal.shows(/◐ gpu1\/late, [12] s of \d+/);
    expect(await terminal.exit).toBe(8);
    const screen = terminal.screen().join('\n');
    expect(screen).toMatch(/^✓ here: \d+ checks passed, 1 server/m);
    expect(screen).toMatch(/^✖ gpu1 .*passed\n {2}✖ late: gpu1\/late did not answer initialize within 4 s$/m);
    expect(screen).not.toContain('◐');
    const verbose = runInTerminal(['doctor', 'here', '-v', '--config', hosts.path], sandbox);
    expect(await verbose.exit).toBe(0);
    expect(verbose.text()).toMatch(/✓ server +here\/echo: initialize answered/);
  });

  it('offers to trust a new host key, and looks at the host again; without a terminal it asks nothing', async () => {
    const sshd = await startSshd();
    onTestFinished(() => sshd.stop());
    const known = write(join(scratch(), 'known_hosts'), '');
    const box = { sshd, knownHostsFile: known, servers: { echo: fixture(sshd, 'echo.mjs') } };
    const hosts = writeHostsFile({ box });
    const sandbox = makeSandbox();
    const asked = runInTerminal(['doctor', '--json', '--config', hosts.path], sandbox);
    expect(await asked.exit).toBe(3);
    expect(asked.text()).not.toContain('Trust box now?');

    const declining = runInTerminal(['doctor', '--config', hosts.path], sandbox);
    await declining.shows('Trust box now? [y/N]');
    declining.type('\r');
    expect(await declining.exit).toBe(3);
    expect(readFileSync(known, 'utf8')).toBe('');

    const terminal = runInTerminal(['doctor', '--config', hosts.path], sandbox);
    await terminal.shows('Trust box now? [y/N]');
    terminal.type('y');
    await terminal.shows('Compare the fingerprint');
    terminal.type('y');
    expect(await terminal.exit).toBe(0);
    expect(terminal.text()).toMatch(/✓ box: \d+ checks passed, 1 server/);
    expect(readFileSync(known, 'utf8')).not.toBe('');
  });

  it('stopped in the middle, it shows what was found so far', async () => {
    const late = { command: 'sleep', args: ['100'], startTimeoutMs: 60_000 };
    const bad = { command: '/bin/sh', args: ['-c', 'exit 3'] };
    const hosts = writeHostsFile({ gpu1: { servers: { late, bad } } });
    const terminal = runInTerminal(['doctor', '--config', hosts.path], makeSandbox());
    await terminal.shows('✖ gpu1: server');
    await terminal.shows('◐ gpu1/late');
    terminal.type('\u0003');
    expect(await terminal.exit).toBe(130);
    expect(terminal.text()).toMatch(/ {2}✖ bad: .*exit code 3/);
  });
});

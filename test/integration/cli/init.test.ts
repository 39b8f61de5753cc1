/** `init` without a terminal: real machines, one hosts file. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { InitReport } from '../../../src/api/init.ts';
import { printed } from '../../harness/control.ts';
import { filesWith } from '../../harness/files.ts';
import { type Outcome, runProgram } from '../../harness/program.ts';
import type { Sandbox } from '../../harness/sandbox.ts';
import { scratch } from '../../harness/scratch.ts';
import { giveNpx, makeSshHome } from '../../harness/ssh-home.ts';
import { type Sshd, startSshd } from '../../harness/sshd.ts';

async function machine(): Promise<Sshd> {
  const sshd = await startSshd();
  onTestFinished(() => sshd.stop());
  giveNpx(sshd);
  return sshd;
}

const fileOf = ({ configDir }: Sandbox): string => join(configDir, 'mcp-anywhere', 'config.yaml');
const reported = ({ stdout }: Outcome): InitReport => printed('init', stdout);

describe('init --yes', () => {
  it('writes what it has started, and adds to it later', async () => {
    const [one, two] = await Promise.all([machine(), machine()]);
    const sandbox = makeSshHome({ one: { sshd: one }, two: { sshd: two } });
    const first = await runProgram(['init', '--hosts', 'one', '--yes', '--json'], sandbox);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const report = reported(first);
    expect(report).toMatchObject({ written: true, created: true, dryRun: false, file: fileOf(sandbox) });
    expect(report.hosts).toMatchObject([{ name: 'one', state: 'ready' }]);
    expect(report.hosts[0]?.programs?.['node']).toMatch(/^\d+\./);
    expect(report.servers).toMatchObject([{ host: 'one', server: 'files', state: 'started' }]);
    expect(report.servers[0]?.tools).toBeGreaterThan(0);
    expect(readFileSync(join(one.home, 'npx.log'), 'utf8')).toBe(
      `-y @modelcontextprotocol/server-filesystem@2026.8.31 ${one.home}\n`,
    );
    const text = readFileSync(fileOf(sandbox), 'utf8');
    expect(text).toMatch(/^# [^]*\n {2}# Linux .*\n {2}one:\n/);
    expect(statSync(fileOf(sandbox)).mode & 0o777).toBe(0o600);
    expect(statSync(join(sandbox.configDir, 'mcp-anywhere')).mode & 0o777).toBe(0o700);
    await one.quiet();

    writeFileSync(fileOf(sandbox), `${text}# a remark at the end\n`);
    const second = await runProgram(['init', '--hosts', 'two', '--hosts', 'one', '--yes'], sandbox);
    expect(second.code).toBe(0);
    expect(second.stdout).toContain('+  two:');
    const after = readFileSync(fileOf(sandbox), 'utf8');
    expect(text.split('\n').filter((line) => !after.includes(line))).toEqual([]);
    expect(after).toContain('# a remark at the end');
    expect((await runProgram(['tools', '--json'], sandbox)).stdout).toContain('two__files__echo');
  });

  it('leaves a machine out that cannot be used, says why, and goes on with the others', async () => {
    const [good, bad] = await Promise.all([machine(), machine()]);
    const unknown = join(scratch(), 'known_hosts');
    const sandbox = makeSshHome({
      good: { sshd: good },
      strange: { sshd: bad, knownHostsFile: unknown },
      closed: { sshd: good, port: 1 },
    });
    const run = await runProgram(['init', '--hosts', 'closed,strange,good', '--yes'], sandbox);
    expect(run.code).toBe(8);
    expect(run.stderr).toMatch(/✖ closed\n/);
    expect(run.stderr).toContain(bad.hostKeys[0]?.fingerprint);
    expect(run.stderr).toContain('Fix: mcp-anywhere init --hosts strange');
    expect(existsSync(unknown)).toBe(false);
    const text = readFileSync(fileOf(sandbox), 'utf8');
    expect(text).toContain('  good:\n');
    expect(text).not.toMatch(/strange|closed/);

    const alone = await runProgram(['init', '--hosts', 'strange', '--yes', '--json'], sandbox);
    expect(alone.code).toBe(3);
    expect(reported(alone)).toMatchObject({ written: false, diff: '', hosts: [{ state: 'failed' }], servers: [] });
    expect(readFileSync(fileOf(sandbox), 'utf8')).toBe(text);
  });

  it('leaves a server out that does not start', async () => {
    const sshd = await machine();
    giveNpx(sshd, 'is-not-there.mjs');
    const sandbox = makeSshHome({ box: { sshd } });
    const run = await runProgram(['init', '--hosts', 'box', '--yes', '--json'], sandbox);
    expect(run.code).toBe(8);
    expect(reported(run).servers).toMatchObject([{ server: 'files', state: 'failed' }]);
    expect(readFileSync(fileOf(sandbox), 'utf8')).not.toContain('files');
  });

  it('names the files of AI clients on a machine that cannot be read', async () => {
    const sshd = await machine();
    mkdirSync(join(sshd.home, '.cursor'));
    writeFileSync(join(sshd.home, '.cursor/mcp.json'), '{ "mcpServers": ');
    const run = await runProgram(['init', '--hosts', 'box', '--yes'], makeSshHome({ box: { sshd } }));
    expect(run.stderr).toMatch(/! .*\.cursor\/mcp\.json of cursor there cannot be read: not valid JSON/);
    expect(run.code).toBe(0);
  });

  it('shows what AI clients on a machine have, and offers it with `discover`, without their secrets', async () => {
    const sshd = await machine();
    const secret = 'sk-live-4711-very-secret';
    const echo = { command: process.execPath, args: [join(sshd.servers, 'echo.mjs')], env: { API_TOKEN: secret } };
    mkdirSync(join(sshd.home, '.cursor'));
    const entries = {
      notes: echo,
      anywhere: { command: 'npx', args: ['-y', 'mcp-anywhere'] },
      web: { url: 'http://x' },
    };
    writeFileSync(join(sshd.home, '.cursor/mcp.json'), JSON.stringify({ mcpServers: entries }));
    const sandbox = makeSshHome({ box: { sshd } });
    const run = await runProgram(['init', '--hosts', 'box', '--yes', '--json'], sandbox);
    expect(run.code).toBe(0);
    const [host] = reported(run).hosts;
    expect(host).toMatchObject({
      discover: true,
      seen: [
        { name: 'notes', clients: ['cursor'] },
        { name: 'web', whyNot: 'HTTP servers come later' },
      ],
    });
    expect(readFileSync(fileOf(sandbox), 'utf8')).toContain('  box:\n    discover: true\n');
    expect((await runProgram(['tools', '--json'], sandbox)).stdout).toContain('box__notes__echo');
    expect(run.stdout + run.stderr).not.toContain('4711');
    for (const folder of [sandbox.configDir, sandbox.cacheDir, sandbox.stateDir])
      expect(filesWith(folder, ['4711'])).toEqual([]);
    // The file says so now, and nothing is left to add.
    expect(reported(await runProgram(['init', '--hosts', 'box', '--yes', '--json'], sandbox))).toMatchObject({
      written: false,
      diff: '',
      servers: [],
    });
  });

  it('writes nothing in a dry run, and needs no --yes for that', async () => {
    const sshd = await machine();
    const sandbox = makeSshHome({ box: { sshd } });
    mkdirSync(join(sandbox.home, '.cursor'));
    const run = await runProgram(['init', '--hosts', 'box', '--dry-run', '--install', 'cursor'], sandbox);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('+  box:');
    expect(run.stdout).toContain('will be added to');
    expect(existsSync(fileOf(sandbox))).toBe(false);
    expect(existsSync(join(sandbox.home, '.cursor/mcp.json'))).toBe(false);
  });

  it('knows AI clients by name before any work, and needs none', async () => {
    const sshd = await machine();
    const sandbox = makeSshHome({ box: { sshd } });
    const wrong = await runProgram(['init', '--hosts', 'box', '--yes', '--install', 'cursr'], sandbox);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(existsSync(fileOf(sandbox))).toBe(false);
    const none = await runProgram(['init', '--hosts', 'box', '--yes', '--json', '--install'], sandbox);
    expect(none.code).toBe(0);
    expect(reported(none)).toMatchObject({ written: true, clients: [] });
  });

  it('asks for a terminal or for the answers, and refuses a file with mistakes', async () => {
    const sshd = await machine();
    const sandbox = makeSshHome({ box: { sshd } });
    for (const args of [['init'], ['init', '--yes'], ['init', '--hosts', 'box']])
      expect(await runProgram(args, sandbox)).toMatchObject({ code: 2, stdout: '' });
    mkdirSync(join(sandbox.configDir, 'mcp-anywhere'));
    writeFileSync(fileOf(sandbox), 'version: 1\nhosts: { a: { servrs: {} } }\n');
    const run = await runProgram(['init', '--hosts', 'box', '--yes'], sandbox);
    expect(run).toMatchObject({ code: 6, stdout: '' });
    expect(readFileSync(fileOf(sandbox), 'utf8')).toBe('version: 1\nhosts: { a: { servrs: {} } }\n');
  });

  it('never takes a file of the working folder, and makes the file that --config names', async () => {
    const sshd = await machine();
    const sandbox = makeSshHome({ box: { sshd } });
    const folder = scratch();
    const evil = join(folder, 'mcp-anywhere.config.yaml');
    writeFileSync(evil, 'version: 1\nhosts: { evil: { local: true, servers: { x: { command: /bin/false } } } }\n');
    const named = join(folder, 'new', 'hosts.yaml');
    const run = await runProgram(['init', '--hosts', 'box', '--yes', '--config', named], sandbox, { cwd: folder });
    expect(run.code).toBe(0);
    expect(readFileSync(named, 'utf8')).toContain('  box:');
    expect((await runProgram(['init', '--hosts', 'box', '--yes'], sandbox, { cwd: folder })).code).toBe(0);
    expect(readFileSync(fileOf(sandbox), 'utf8')).toContain('  box:');
    expect(readFileSync(evil, 'utf8')).not.toContain('box');
  });
});

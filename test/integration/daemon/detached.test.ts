/** A daemon that a shim has started belongs to no client: neither to its process tree nor to its terminal. */
import { mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { unitOf } from '../../../src/daemon/inherited.ts';
import { daemonsIn } from '../../harness/daemons.ts';
import { allProcesses, descendants, gone, isAlive, killAll, signalPid } from '../../harness/processes.ts';
import { BIN, initialize, runProgram, startServe } from '../../harness/program.ts';
import { RawClient } from '../../harness/raw-client.ts';
import { makeSandbox, type Sandbox } from '../../harness/sandbox.ts';
import { scratch } from '../../harness/scratch.ts';
import { callText, offers } from '../../harness/tools.ts';
import { localHostsFile } from './kit.ts';

/** Starts the shim as a careless client does: with two descriptors of its own left open in it, the second far up. */
const CARELESS =
  'const { openSync } = require("node:fs"); const leak = openSync(process.env.LEAK, "a");' +
  'const stdio = ["inherit", "inherit", "inherit", leak, ...Array(36).fill("ignore"), leak];' +
  'require("node:child_process").spawn(process.execPath, process.argv.slice(1), { stdio });';

/** A client that has been served, two processes above its shim. */
async function carelessClient(file: string, sandbox: Sandbox, leak: string) {
  openSync(leak, 'a');
  const args = ['-e', CARELESS, '--', BIN, 'serve', '--config', file];
  const env = { ...sandbox.env, LEAK: leak };
  const client = new RawClient({ command: process.execPath, args, env, cwd: sandbox.home });
  onTestFinished(async () => {
    await client.close();
  });
  await initialize(client);
  await offers(client, ['here__one__echo']);
  const [daemon] = daemonsIn(sandbox.runtimeDir);
  if (daemon === undefined) throw new Error('no daemon was started');
  return { client, daemon };
}

/** proc(5), field by its number there, from 3 on. */
function statField(pid: number, field: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field - 3]);
}

describe('a daemon that a shim has started', () => {
  it('survives the end of the process tree of the client that started it', async () => {
    const [file, sandbox] = [localHostsFile('echo.mjs'), makeSandbox()];
    const { client, daemon } = await carelessClient(file, sandbox, join(scratch(), 'leak'));
    const tree = descendants(client.pid);
    expect(tree.map(({ commandLine }) => commandLine)).toContainEqual(expect.stringContaining('bin.js serve'));
    killAll(tree);
    signalPid(client.pid, 'SIGKILL');
    await client.ended;
    expect(isAlive(daemon.pid)).toBe(true);
    const other = startServe(file, sandbox, { throughDaemon: true }).client;
    await initialize(other);
    expect(await callText(other, 'here__one__echo', { text: 'still here' })).toContain('still here');
    expect(daemonsIn(sandbox.runtimeDir).map(({ pid }) => pid)).toEqual([daemon.pid]);
  });

  it('has a parent, a session and a folder of its own, and no descriptor of the client', async () => {
    const [file, sandbox, leak] = [localHostsFile('echo.mjs'), makeSandbox(), join(scratch(), 'leak')];
    const { client, daemon } = await carelessClient(file, sandbox, leak);
    const family = [process.pid, client.pid, ...descendants(process.pid).map(({ pid }) => pid)];
    expect(family).not.toContain(statField(daemon.pid, 4));
    expect(allProcesses().some(({ pid }) => pid === statField(daemon.pid, 4))).toBe(true);
    expect(statField(daemon.pid, 6)).not.toBe(statField(client.pid, 6));
    expect(statField(daemon.pid, 5)).not.toBe(statField(client.pid, 5));
    expect(readlinkSync(`/proc/${daemon.pid}/cwd`)).toBe('/');
    const open = readdirSync(`/proc/${daemon.pid}/fd`).map((name) => readlinkSync(`/proc/${daemon.pid}/fd/${name}`));
    expect(open).not.toContain(leak);
    const [shim] = descendants(client.pid);
    const ofClient = [0, 1, 2].map((name) => readlinkSync(`/proc/${shim?.pid ?? 0}/fd/${name}`));
    expect(open.filter((target) => ofClient.includes(target))).toEqual([]);
    expect(readlinkSync(`/proc/${daemon.pid}/fd/0`)).toBe('/dev/null');
  });

  it('started by a command, it is not the command’s either', async () => {
    const [file, sandbox] = [localHostsFile('echo.mjs'), makeSandbox()];
    expect((await runProgram(['tools', '--config', file], sandbox)).stdout).toContain('here__one__echo');
    const [daemon] = daemonsIn(sandbox.runtimeDir);
    expect(statField(daemon?.pid ?? 0, 6)).not.toBe(statField(process.pid, 6));
    expect(readlinkSync(`/proc/${daemon?.pid ?? 0}/cwd`)).toBe('/');
  });

  it('says why it could not start, though a helper stands between', async () => {
    const [file, sandbox] = [join(scratch(), 'hosts.json'), makeSandbox()];
    writeFileSync(file, '{"version":1,"hosts":{"a":{"nonsense":1}}}', { mode: 0o600 });
    const outcome = await runProgram(['tools', '--config', file], sandbox);
    expect(outcome.code).toBe(6);
    expect(outcome.stderr).toContain('nonsense');
  });
});

/** A cgroup with the name of a scope, as a desktop makes one for each application; undefined where none can be made. */
function makeScope(): string | undefined {
  for (const root of ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified']) {
    const folder = join(root, `app-client-${process.pid}.scope`);
    try {
      mkdirSync(folder);
      readFileSync(join(folder, 'cgroup.procs'));
      return folder;
    } catch {
      // No file system of cgroups, or not ours.
    }
  }
  return undefined;
}

describe('the systemd unit that a daemon runs in', () => {
  it.each([
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-code-41.scope\n', 'app-gnome-code-41.scope'],
    ['12:pids:/a.scope\n1:name=systemd:/user.slice/user-0.slice/session-3.scope\n0::/\n', 'session-3.scope'],
    ['0::/system.slice/agent.service/below\n', 'agent.service'],
    ['0::/user.slice/user-1000.slice/user@1000.service/init.scope\n', undefined],
    ['0::/user.slice/user-1000.slice/user@1000.service\n', undefined],
    ['0::/\n', undefined],
    ['', undefined],
  ])('is read from %j', (text, unit) => {
    expect(unitOf(text)).toBe(unit);
  });

  const scope = makeScope();
  it.skipIf(scope === undefined)('is named by doctor where it is a client’s', async () => {
    const [file, sandbox, folder] = [localHostsFile('echo.mjs'), makeSandbox(), scope ?? ''];
    await runProgram(['tools', '--config', file], sandbox);
    const [daemon] = daemonsIn(sandbox.runtimeDir);
    writeFileSync(join(folder, 'cgroup.procs'), String(daemon?.pid));
    const { stdout } = await runProgram(['doctor', '--config', file], sandbox);
    expect(stdout).toMatch(/^! daemon .*systemd unit app-client-\d+\.scope/m);
    expect(stdout).toContain('systemd-run --user');
    signalPid(daemon?.pid ?? 0, 'SIGTERM');
    await gone(() => daemonsIn(sandbox.runtimeDir));
    await expect.poll(() => readFileSync(join(folder, 'cgroup.procs'), 'utf8')).toBe('');
    rmdirSync(folder);
  });
});

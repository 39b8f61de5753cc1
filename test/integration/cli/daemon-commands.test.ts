/** The commands that look at a daemon and steer it, with a real one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Printed } from '../../../src/api/printed.ts';
import type { ErrorReport } from '../../../src/base/errors.ts';
import { printed } from '../../harness/control.ts';
import { daemonsIn } from '../../harness/daemons.ts';
import { openFace } from '../../harness/face.ts';
import { type ServerEntry, writeHostsFile } from '../../harness/hosts-file.ts';
import { isAlive, signalPid } from '../../harness/processes.ts';
import { BIN, type Outcome, runProgram } from '../../harness/program.ts';
import { makeSandbox, type Sandbox } from '../../harness/sandbox.ts';
import { scratch } from '../../harness/scratch.ts';
import { runInTerminal } from '../../harness/terminal.ts';
import { until } from '../../harness/until.ts';

const SERVERS = fileURLToPath(new URL('../../fixtures/servers', import.meta.url));
const echo: ServerEntry = { command: process.execPath, args: [join(SERVERS, 'echo.mjs')] };
const slow: ServerEntry = { command: process.execPath, args: [join(SERVERS, 'slow.mjs')] };
const stubborn: ServerEntry = { command: '/bin/sh', args: [join(SERVERS, 'stubborn.sh')] };
const broken: ServerEntry = { command: '/bin/sh', args: [join(SERVERS, 'exits-at-once.sh')] };

interface Rig {
  readonly file: string;
  readonly sandbox: Sandbox;
  readonly run: (...args: readonly string[]) => Promise<Outcome>;
  readonly json: <F extends keyof Printed>(form: F, ...args: readonly string[]) => Promise<Printed[F]>;
}

function rig(servers: Readonly<Record<string, ServerEntry>> = { echo }): Rig {
  const file = writeHostsFile({ here: { servers } }).path;
  const sandbox = makeSandbox();
  const run = (...args: readonly string[]): Promise<Outcome> => runProgram([...args, '--config', file], sandbox);
  return {
    file,
    sandbox,
    run,
    json: async (form, ...args) => printed(form, (await run(...args, '--json')).stdout),
  };
}

describe('without a daemon', () => {
  it.each([
    [['status']],
    [['status', '--watch']],
    [['logs', '-f']],
    [['ps']],
    [['restart', 'here']],
    [['reload']],
    [['stop']],
    [['enable', 'here/echo']],
  ])('%j exits 7, names the next command, and starts none', async (words) => {
    const { run, sandbox } = rig();
    const { code, stdout, stderr } = await run(...words, '--json');
    expect({ code, stdout }).toEqual({ code: 7, stdout: '' });
    const { error } = printed('failure', stderr);
    expect(error.code).toBe('NO_DAEMON');
    expect(error.hint).toContain('mcp-anywhere tools');
    expect(daemonsIn(sandbox.runtimeDir)).toEqual([]);
  });

  it.each([['tools'], ['call', 'here__echo__where']])(
    '%s starts one, which the next command finds',
    async (...words) => {
      const { run, sandbox } = rig();
      expect((await run(...words)).code).toBe(0);
      expect(daemonsIn(sandbox.runtimeDir)).toHaveLength(1);
      expect((await run('status')).code).toBe(0);
    },
  );

  it.each([['doctor'], ['explain', 'here/echo']])('%s looks by itself, and leaves nothing behind', async (...words) => {
    const { run, sandbox } = rig();
    expect((await run(...words)).code).toBe(0);
    expect(daemonsIn(sandbox.runtimeDir)).toEqual([]);
  });
});

describe('stop', () => {
  it('ends the daemon, and has it ended when it says so', async () => {
    // The stubborn server keeps the daemon busy for a while after its clients have gone.
    const { run, json, sandbox } = rig({ echo, stubborn: { ...stubborn, startTimeoutMs: 60_000 } });
    await run('call', 'here__echo__where');
    const [daemon] = daemonsIn(sandbox.runtimeDir);
    const { stopped } = await json('stop', 'stop');
    expect(isAlive(stopped ?? 0), `process ${stopped} when stop says that it ended`).toBe(false);
    expect(stopped).toBe(daemon?.pid);
    // Nothing writes there any more.
    rmSync(sandbox.runtimeDir, { recursive: true });
    expect((await run('status')).code).toBe(7);
  });

  it('lets calls under way end, or with --now does not', async () => {
    for (const [words, text] of [
      [[], '300 ms'],
      [['--now'], undefined],
    ] as const) {
      const { run, file, sandbox } = rig({ slow });
      const face = await openFace(file, sandbox);
      await face.request('tools', {});
      const ms = text === undefined ? 60_000 : 300;
      const call = face.request('call', { tool: 'here__slow__sleep', arguments: { ms } });
      const outcome = call.then(
        ({ result }) => JSON.stringify(result),
        (error: unknown) => (error as ErrorReport).code,
      );
      await expect.poll(async () => (await face.request('snapshot', {})).calls).toHaveLength(1);
      expect((await run('stop', ...words)).code).toBe(0);
      if (text === undefined) expect(['NO_DAEMON', 'INTERRUPTED', 'CANCELLED', 'TOOL_FAILED']).toContain(await outcome);
      else expect(await outcome).not.toContain('NO_DAEMON');
    }
  });
});

describe('restart', () => {
  it('gives a server a process of its own anew', async () => {
    const { run, file, sandbox } = rig();
    const face = await openFace(file, sandbox);
    const pid = async (): Promise<number> => {
      const { result } = await face.request('call', { tool: 'here__echo__where', arguments: {} });
      return (JSON.parse((result as { content: { text: string }[] }).content[0]?.text ?? '') as { pid: number }).pid;
    };
    const before = await pid();
    const { code, stdout } = await run('restart', 'here/echo');
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('1/1') as string });
    expect(isAlive(before)).toBe(false);
    expect(await pid()).not.toBe(before);
  });

  it('says how it went: a server that does not come up again is its exit code', async () => {
    const { run, json } = rig({ broken });
    await run('tools');
    const { code, stdout } = await run('restart', 'here/broken');
    expect(code).toBe(5);
    expect(stdout).toContain('✖ here/broken');
    const { host } = await json('restart', 'restart', 'here/broken');
    expect(host.servers[0]?.cause).toMatchObject({ code: 'SERVER_START_FAILED' });
    expect((await run('restart', 'her')).stderr).toContain('did you mean here?');
  });
});

describe('enable and disable', () => {
  it('take a server away, say so to who calls it, and give it back', async () => {
    const { run, json } = rig({ echo, slow });
    await run('tools');
    expect(await json('switch', 'disable', 'here/echo')).toMatchObject({ server: 'echo', enabled: false });
    const { tools } = await json('tools', 'tools');
    expect(new Set(tools.map(({ server }) => server))).toEqual(new Set(['slow']));
    const { hosts } = await json('status', 'status');
    expect(hosts[0]?.servers[0]).toMatchObject({ name: 'echo', state: 'disabled' });
    const refused = await run('call', 'here__echo__where');
    expect(refused.stderr).toContain('here/echo is switched off');
    expect(refused.stderr).toMatch(/mcp-anywhere --config \S+ enable here\/echo/);
    expect((await run('enable', 'here/echo')).code).toBe(0);
    expect((await run('call', 'here__echo__where')).code).toBe(0);
  });
});

describe('server disable', () => {
  it('is in force when it ends: the tools are gone, and a call says how to get them back', async () => {
    const { run, json } = rig({ echo, slow });
    await run('tools');
    expect((await run('server', 'disable', 'here/echo')).code).toBe(0);
    const { tools } = await json('tools', 'tools');
    expect(new Set(tools.map(({ server }) => server))).toEqual(new Set(['slow']));
    expect((await run('status')).stdout).toContain('1/2, echo off');
    const refused = await run('call', 'here__echo__where');
    expect(refused.stderr).toMatch(/mcp-anywhere --config \S+ server enable here\/echo/);
    expect((await run('server', 'enable', 'here/echo')).code).toBe(0);
    expect((await run('call', 'here__echo__where')).code).toBe(0);
  });
});

describe('reload', () => {
  it('tells an edit that the daemon has just applied by itself, and tells it once', async () => {
    const hosts = writeHostsFile({ here: { servers: { echo } } });
    const sandbox = makeSandbox();
    const run = (...args: readonly string[]): Promise<Outcome> =>
      runProgram([...args, '--config', hosts.path], sandbox);
    const face = await openFace(hosts.path, sandbox);
    await face.request('tools', {});
    // The watcher begins 2 s later than the daemon.
    await sleep(4000);
    hosts.rewrite({ here: { servers: { echo, slow } } });
    await until(async () => (await face.request('status', {})).hosts[0]?.servers.length === 2);
    expect((await run('reload')).stdout).toBe('here/slow: added\n');
    expect((await run('reload')).stdout).toMatch(/^The hosts file is in force as it is now/);
  });

  it('says what changed, and what is wrong with a file that does not count', async () => {
    const hosts = writeHostsFile({ here: { servers: { echo } } });
    const sandbox = makeSandbox();
    const run = (...args: readonly string[]): Promise<Outcome> =>
      runProgram([...args, '--config', hosts.path], sandbox);
    await run('tools');
    hosts.rewrite({ here: { servers: { echo, slow } } });
    const { code, stdout } = await run('reload');
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'here/slow: added\n' });
    hosts.rewrite({ here: { servers: { echo: { ...echo, comand: 'x' } } } });
    const bad = await run('reload');
    expect(bad.code).toBe(6);
    expect(bad.stderr).toContain('comand');
    const { problem } = printed('reload', (await run('reload', '--json')).stdout);
    expect(problem?.evidence?.join('\n')).toContain('comand');
    expect((await run('status')).stdout).toContain('comand');
    const called = await run('call', 'here__slow__sleep', '-a', 'ms=1');
    expect({ code: called.code, stderr: called.stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/stays in force:\n.*comand/s) as string,
    });
  });

  it('of a file of a working folder that was changed and not trusted is refused, and every command says so', async () => {
    const sandbox = makeSandbox();
    const cwd = scratch();
    const write = (server: string): void =>
      writeFileSync(
        join(cwd, 'mcp-anywhere.config.json'),
        JSON.stringify({ version: 1, hosts: { here: { local: true, servers: { [server]: echo } } } }),
      );
    const run = (...args: readonly string[]): Promise<Outcome> => runProgram(args, sandbox, { cwd });
    write('one');
    expect((await run('tools')).stderr).toContain('CONFIG_UNTRUSTED');
    expect((await run('config', 'trust', '--yes')).code).toBe(0);
    expect(await run('tools')).toMatchObject({ code: 0, stderr: '' });
    write('two');
    // The daemon follows the file.
    await expect.poll(async () => (await run('status')).stdout, { interval: 300 }).toContain('CONFIG_UNTRUSTED');
    const tools = await run('tools');
    expect(tools.code).toBe(0);
    expect(tools.stdout).toContain('here__one__echo');
    expect(tools.stderr).toMatch(/not in force.*CONFIG_UNTRUSTED.*config trust/s);
    const asJson = await run('call', 'here__one__where', '--json');
    expect(asJson).toMatchObject({ code: 0, stderr: '' });
    expect(printed('call', asJson.stdout)).toMatchObject({ problem: { code: 'CONFIG_UNTRUSTED' } });
    expect((await run('config', 'trust', '--yes')).code).toBe(0);
    await expect.poll(async () => (await run('tools')).stderr, { interval: 300 }).toBe('');
    expect((await run('tools')).stdout).toContain('here__two__echo');
  });
});

describe('explain', () => {
  it('has live state, evidence and the next command', async () => {
    const { run, json } = rig({ echo, broken });
    await run('tools');
    const server = await json('explain', 'explain', 'here/broken');
    expect(server).toMatchObject({ host: 'here', server: 'broken', hint: 'mcp-anywhere logs here/broken' });
    expect(server.lines.join('\n')).toContain('cannot open database');
    expect(server.causes).toMatchObject([{ code: 'SERVER_START_FAILED' }]);
    expect(server.lines).toContainEqual(expect.stringMatching(/^log [-\d: ]+ \[stderr\] .*cannot open database/));
    expect(server.lines).toContainEqual(
      expect.stringMatching(/^failing since \d\d:\d\d:\d\d, for less than a minute$/),
    );
    const { failingSinceMs } =
      (await json('status', 'status')).hosts[0]?.servers.find(({ name }) => name === 'broken') ?? {};
    expect(server.sinceMs).toBe(failingSinceMs);
    expect((await run('explain', 'here/broken')).stdout).toMatch(
      /more mcp-anywhere --config \S+ explain SERVER_START_FAILED\n/,
    );
    const host = await json('explain', 'explain', 'here');
    expect(host.title).toBe('host here is up; 1 of 2 servers failed');
    expect(host.lines).toContainEqual(expect.stringMatching(/^ {2}.*cannot open database/));
    expect(await json('explain code', 'explain', 'auth_failed')).toMatchObject({ code: 'AUTH_FAILED', exitCode: 3 });
  });
});

describe('ps', () => {
  it('lists the daemons of all hosts files, and their clients', async () => {
    const { file, sandbox, run, json } = rig();
    const other = writeHostsFile({ there: { servers: { echo } } }).path;
    const face = await openFace(file, sandbox);
    await face.request('tools', {});
    await runProgram(['tools', '--config', other], sandbox);
    const { daemons } = await json('ps', 'ps');
    expect(daemons).toMatchObject([
      { hostsFile: file, clients: [{ name: 'mcp-anywhere-cli' }] },
      { hostsFile: other, clients: [] },
    ]);
    expect((await run('ps')).stdout).toMatch(/^pid \d+ .*\n.*mcp-anywhere-cli.*\npid \d+ .*\n +no clients\n$/);
  });

  it('does not wait for one that was stopped in its tracks', async () => {
    const { sandbox, run } = rig();
    await run('tools');
    const pids = daemonsIn(sandbox.runtimeDir).map(({ pid }) => pid);
    expect(pids).toHaveLength(1);
    onTestFinished(() => {
      for (const pid of pids) signalPid(pid, 'SIGCONT');
    });
    for (const pid of pids) signalPid(pid, 'SIGSTOP');
    const { code, stdout } = await run('ps');
    expect(code).toBe(0);
    expect(stdout).toContain('does not answer');
    const status = await run('status');
    expect(status.code).toBe(7);
    expect(stdout).toContain(`kill -CONT ${pids[0] ?? 0}`);
    expect(status.stderr).toMatch(new RegExp(`does not answer.*SIGSTOP.*kill -CONT ${pids[0] ?? 0}`, 's'));
  });
});

describe('in a terminal', () => {
  it('a progress line is gone before an error is printed', async () => {
    const { file, sandbox, run } = rig();
    await run('tools');
    const screen = runInTerminal(['tools', 'nowhere', '--config', file], sandbox);
    await screen.shows('nowhere');
    expect(await screen.exit).not.toBe(0);
    expect(screen.written()).toContain('listing tools …');
    expect(screen.text()).not.toContain('listing tools …');
  });

  it('one tool is one tool', async () => {
    const { file, sandbox } = rig({ echo: { ...echo, tools: { allow: ['where'] } } });
    const screen = runInTerminal(['tools', '--config', file], sandbox);
    await screen.exit;
    expect(screen.text()).toMatch(/^1 tool$/m);
  });
});

describe('status --watch', () => {
  it('tells each change in a line, until the daemon ends', async () => {
    const { file, sandbox, run } = rig();
    await run('tools');
    const watcher = spawn(process.execPath, [BIN, 'status', '--watch', '--config', file], { env: sandbox.env });
    const said: string[] = [];
    createInterface({ input: watcher.stdout }).on('line', (line) => said.push(line));
    const closed = once(watcher, 'close');
    await until(() => said.some((line) => line.includes('here  ● up')));
    await until(async () => {
      await run('restart', 'here/echo');
      return said.some((line) => /Z here\/echo starting: /.test(line));
    });
    await run('stop', '--now');
    expect(await closed).toEqual([7, null]);
  });

  it('prints a document a line for programs', async () => {
    const { file, sandbox, run } = rig();
    await run('tools');
    const args = [BIN, 'status', '--watch', '--json', '--config', file];
    const watcher = spawn(process.execPath, args, { env: sandbox.env });
    const said: string[] = [];
    createInterface({ input: watcher.stdout }).on('line', (line) => said.push(line));
    const closed = once(watcher, 'close');
    await until(async () => {
      await run('restart', 'here/echo');
      return said.length > 1;
    });
    await run('stop', '--now');
    await closed;
    const [status = '', ...changes] = said;
    expect(printed('status', status).hosts[0]?.name).toBe('here');
    expect(changes.map((line) => printed('change', line).type)).toContain('server-state');
  });

  it('redraws in a terminal, and leaves with Ctrl-C', async () => {
    const { file, sandbox, run } = rig();
    await run('tools');
    const screen = runInTerminal(['status', '--watch', '--config', file], sandbox);
    await screen.shows('1/1');
    await run('disable', 'here/echo');
    await screen.shows('0/1, echo off');
    screen.type('\u0003');
    expect(await screen.exit).toBe(130);
  });
});

/** The command line as a black box, without a terminal. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { printed } from '../harness/control.ts';
import { daemonsIn } from '../harness/daemons.ts';
import { openFace } from '../harness/face.ts';
import { type ServerEntry, writeHostsFile } from '../harness/hosts-file.ts';
import { allProcesses } from '../harness/processes.ts';
import { BIN, type Outcome, runProgram } from '../harness/program.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { scratch } from '../harness/scratch.ts';
import { startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';

const SERVERS = fileURLToPath(new URL('../fixtures/servers', import.meta.url));
const echo: ServerEntry = { command: process.execPath, args: [join(SERVERS, 'echo.mjs')] };
const silent: ServerEntry = { command: '/bin/sh', args: [join(SERVERS, 'silent.sh')] };
const broken: ServerEntry = { command: '/bin/sh', args: [join(SERVERS, 'exits-at-once.sh')] };

function localHosts(servers: Readonly<Record<string, ServerEntry>> = { echo }): string {
  return writeHostsFile({ here: { servers } }).path;
}

/** Of a machine that accepts connections and never says a word. */
async function silentPort(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('the words on the command line', () => {
  it('prints its version', async () => {
    const { code, stdout, stderr } = await runProgram(['--version'], makeSandbox());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await runProgram(['status', '--version'], makeSandbox())).stdout).toBe(stdout);
  });

  it('helps, on stdout, and names only what is there', async () => {
    const { code, stdout } = await runProgram(['--help'], makeSandbox());
    expect(code).toBe(0);
    for (const command of [
      'serve',
      'status',
      'tools',
      'call',
      'logs',
      'doctor',
      'trust',
      'config',
      'demo',
      'explain',
      'restart',
      'enable',
      'disable',
      'reload',
      'ps',
      'stop',
      'init',
      'install',
      'uninstall',
      'completion',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
    expect(stdout).not.toMatch(/^  (audit|approvals|__complete)\b/m);
    const { stdout: callHelp } = await runProgram(['call', '--help'], makeSandbox());
    expect(callHelp).toContain('--json-args');
    expect(callHelp).toContain('--config <file>');
  });

  it.each([
    [['statis'], 'Did you mean `stat'],
    [['restart', 'a/b/c'], 'is not a host or host/server'],
    [['enable', 'here'], 'Name one of its servers'],
    [['completion', 'tcsh'], 'Allowed choices'],
    [['logs', '--stream', 'stdin'], 'Allowed choices'],
    [['config', 'validat'], 'Did you mean `config validate`?'],
    [['status', '--frob'], 'unknown option'],
    [['call'], 'missing required argument'],
    [['call', 'a', 'b'], 'too many arguments'],
    [['logs', '-n', '0'], 'expected a whole number above 0'],
    [['logs', '--since', '10 minutes'], 'mcp-anywhere logs --since 10m'],
    [['logs', '--grep', '('], 'mcp-anywhere logs --grep'],
    [['--log-level', 'loud', 'status'], 'Allowed choices'],
    [['trust', 'here', '--yes'], '--yes needs the fingerprint'],
    [['trust', 'here', '--fingerprint', 'MD5:1'], 'is not a fingerprint'],
    [['call', 't', '--arg', 'a=1', '--json-args', '{}'], 'cannot be given together'],
    [['call', 't', '--json-args', '[1]'], 'needs one JSON object'],
    [['config'], '`config` needs a command'],
  ])('%j is a mistake of the caller: exit 2', async (args, sentence) => {
    const { code, stdout, stderr } = await runProgram(args, makeSandbox());
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(sentence);
    expect(stderr).toContain('(USAGE)');
    const asJson = await runProgram([...args, '--json'], makeSandbox());
    expect(printed('failure', asJson.stderr).error.code).toBe('USAGE');
  });
});

describe('the hosts file', () => {
  it.each([['status'], ['tools'], ['call', 'a__b__c'], ['logs'], ['serve']])(
    'is missed by %s: exit 6',
    async (...args) => {
      const { code, stdout, stderr } = await runProgram(args, makeSandbox());
      expect({ code, stdout }).toEqual({ code: 6, stdout: '' });
      expect(stderr).toContain('CONFIG_NOT_FOUND');
    },
  );

  it('with mistakes is named with each of them: exit 6', async () => {
    const file = join(scratch(), 'config.yaml');
    writeFileSync(file, 'version: 1\nhosts:\n  here:\n    lokal: true\n    servers: {}\n');
    const { code, stderr } = await runProgram(['tools', '--json', '--config', file], makeSandbox());
    expect(code).toBe(6);
    const { error } = printed('failure', stderr);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.evidence?.join('\n')).toContain(`${file}:4:5`);
    const doctor = await runProgram(['doctor', '--config', file], makeSandbox());
    expect(doctor.code).toBe(6);
    expect(doctor.stdout).toMatch(/^✖ config/m);
    expect(doctor.stdout).toContain('lokal');
  });

  it('is found, checked and described by `config`', async () => {
    const file = localHosts();
    const sandbox = makeSandbox();
    expect(await runProgram(['config', 'path', '--config', file], sandbox)).toMatchObject({
      code: 0,
      stdout: `${file}\n`,
    });
    expect((await runProgram(['config', 'validate', file], sandbox)).stdout).toContain('valid, 1 host, 1 server');
    const schema = JSON.parse((await runProgram(['config', 'schema'], sandbox)).stdout) as { type: string };
    expect(schema.type).toBe('object');
  });

  it('of a working folder has to be trusted once', async () => {
    const sandbox = makeSandbox();
    const cwd = join(sandbox.home, 'project');
    mkdirSync(cwd);
    writeFileSync(
      join(cwd, 'mcp-anywhere.config.yaml'),
      'version: 1\nhosts: { here: { local: true, servers: { x: { command: "false" } } } }\n',
    );
    const before = await runProgram(['tools'], sandbox, { cwd });
    expect(before.code).toBe(6);
    expect(before.stderr).toContain('CONFIG_UNTRUSTED');
    expect((await runProgram(['config', 'trust', '--yes'], sandbox, { cwd })).code).toBe(0);
    expect((await runProgram(['tools'], sandbox, { cwd })).stderr).not.toContain('CONFIG_UNTRUSTED');
  });
});

describe('status', () => {
  it('is all up: exit 0', async () => {
    const [file, sandbox] = [localHosts(), makeSandbox()];
    await runProgram(['tools', '--config', file], sandbox);
    const { code, stdout, stderr } = await runProgram(['status', '--config', file], sandbox);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^host +state +servers +tools\nhere {2}● up +1\/1 +8\n$/);
  });

  it('is partly up: exit 8, with cause and next step', async () => {
    const [file, sandbox] = [localHosts({ echo, broken }), makeSandbox()];
    const face = await openFace(file, sandbox);
    await face.request('settle', { withinMs: 15_000 });
    // The broken server is started again now and then, and for that moment it is starting.
    let last = '';
    const statusThatHas = async (words: readonly string[], sign: string): Promise<{ code: number; stdout: string }> =>
      await until(
        async () => {
          const run = await runProgram(['status', ...words, '--config', file], sandbox);
          last = run.stdout;
          return run.stdout.includes(sign) ? run : undefined;
        },
        { what: () => `status to have ${sign}; the last one was\n${last}` },
      );
    const { code, stdout } = await statusThatHas([], '✖ here/broken');
    expect(code).toBe(8);
    expect(stdout).toContain('1/2');
    expect(stdout).toContain(`next mcp-anywhere --config ${file} logs here/broken`);
    const asJson = await statusThatHas(['--json'], '"failed"');
    expect(printed('status', asJson.stdout)).toMatchObject({
      daemon: { hostsFile: file },
      hosts: [
        {
          name: 'here',
          state: 'ready',
          servers: [
            { name: 'echo', state: 'ready', tools: 8 },
            { name: 'broken', state: 'failed' },
          ],
        },
      ],
    });
    const explained = await until(
      async () => {
        const run = await runProgram(['explain', 'here/broken', '--config', file], sandbox);
        return run.stdout.includes('is starting') ? undefined : run;
      },
      { what: 'it to have failed again' },
    );
    expect(explained.code).toBe(0);
    expect(explained.stdout).toMatch(/server here\/broken is (failed|crash-loop)/);
    expect(explained.stdout).toContain('cannot open database');
    expect(explained.stdout).toContain(`next mcp-anywhere --config ${file} logs here/broken`);
  });
});

describe('tools', () => {
  it('lists public names, one a line', async () => {
    const { code, stdout } = await runProgram(['tools', '--config', localHosts()], makeSandbox());
    expect(code).toBe(0);
    const names = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    expect(names).toHaveLength(8);
    expect(names).toContain('here__echo__echo');
  });

  it('narrows to a server, and gives definitions as JSON', async () => {
    const { stdout } = await runProgram(
      ['tools', 'here/two', '--json', '--config', localHosts({ echo, two: echo })],
      makeSandbox(),
    );
    const { tools } = printed('tools', stdout);
    expect(new Set(tools.map((tool) => tool.server))).toEqual(new Set(['two']));
    expect(tools.find((tool) => tool.original === 'echo')).toMatchObject({
      name: 'here__two__echo',
      definition: { name: 'here__two__echo', annotations: { readOnlyHint: true } },
    });
  });

  it('says which server stays silent, and lists the others: exit 8', async () => {
    const file = localHosts({ echo, silent: { ...silent, startTimeoutMs: 1_000 } });
    const sandbox = makeSandbox();
    const { code, stdout, stderr } = await runProgram(['tools', '--config', file], sandbox);
    expect(stdout).toContain('here__echo__echo');
    expect(stderr).toContain('here/silent did not answer initialize within 1 s');
    expect(code).toBe(8);
    const alone = await runProgram(['tools', 'here/silent', '--json', '--config', file], sandbox);
    expect(printed('tools', alone.stdout)).toMatchObject({ tools: [], missing: [{ code: 'SERVER_START_TIMEOUT' }] });
    expect(alone.code, 'where nothing came').toBe(4);
  });

  it('says which hosts and servers stay silent where nothing came: exit 4', { timeout: 90_000 }, async () => {
    const port = await silentPort();
    const ssh = { host: '127.0.0.1', port, user: 'nobody', connectTimeoutMs: 120_000 };
    const { path: file } = writeHostsFile({
      here: { servers: { silent } },
      mute: { entry: { local: undefined, ssh }, servers: { echo } },
    });
    const { code, stdout, stderr } = await runProgram(['tools', '--config', file], makeSandbox(), {
      timeoutMs: 60_000,
    });
    expect(stdout).toBe('');
    expect(stderr).toContain('here/silent has not listed its tools yet');
    expect(stderr).toContain('host mute has not answered yet');
    expect(code).toBe(4);
  });

  it('refuses a host that is not there: exit 2', async () => {
    const { code, stderr } = await runProgram(['tools', 'there', '--config', localHosts()], makeSandbox());
    expect(code).toBe(2);
    expect(stderr).toContain('there');
  });
});

describe('call', () => {
  it('types its arguments by the inputSchema and prints the text', async () => {
    const args = [
      'call',
      'here__echo__where',
      '--arg',
      'variables=HOME',
      '-a',
      'variables=NOPE',
      '--config',
      localHosts(),
    ];
    const { code, stdout, stderr } = await runProgram(args, makeSandbox());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect((JSON.parse(stdout) as { variables: object }).variables).toMatchObject({ NOPE: null });
  });

  it('names a wrong argument: exit 2', async () => {
    const { code, stdout, stderr } = await runProgram(
      ['call', 'here__echo__exit', '-a', 'code=many', '--config', localHosts()],
      makeSandbox(),
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('code: expected integer, got "many"');
  });

  it('takes whole arguments as JSON, and from stdin', async () => {
    const file = localHosts();
    const given = '{"message":{"deep":[1,null,"x"]}}';
    const direct = await runProgram(
      ['call', 'here__echo__echo', '--json-args', given, '--config', file],
      makeSandbox(),
    );
    expect(JSON.parse(direct.stdout)).toEqual(JSON.parse(given));
    const child = spawn(process.execPath, [BIN, 'call', 'here__echo__echo', '--json-args', '-', '--config', file], {
      env: makeSandbox().env,
    });
    child.stdin.end(given);
    let said = '';
    child.stdout.on('data', (chunk) => (said += String(chunk)));
    await once(child, 'close');
    expect(JSON.parse(said)).toEqual(JSON.parse(given));
  });

  it('gives the whole result as JSON', async () => {
    const { stdout } = await runProgram(
      ['call', 'here__echo__echo', '-a', 'message=hi', '--json', '--config', localHosts()],
      makeSandbox(),
    );
    const outcome = printed('call', stdout);
    expect(outcome).toMatchObject({
      host: 'here',
      server: 'echo',
      tool: 'echo',
      result: { content: [{ type: 'text', text: '{"message":"hi"}' }] },
    });
    expect(outcome.durationMs).toBeGreaterThan(0);
  });

  it('ends with 5 where the tool failed, its answer still on stdout', async () => {
    const { code, stdout, stderr } = await runProgram(
      ['call', 'here__echo__fail', '--config', localHosts()],
      makeSandbox(),
    );
    expect({ code, stdout }).toEqual({ code: 5, stdout: 'it went wrong\n' });
    expect(stderr).toContain('here/echo');
  });

  it('ends with 5 where the server answered with an error', async () => {
    const { code, stderr } = await runProgram(
      ['call', 'here__echo__error', '-a', 'message=no way', '--json', '--config', localHosts()],
      makeSandbox(),
    );
    expect(code).toBe(5);
    expect(printed('failure', stderr).error.message).toContain('no way');
  });

  it.each([['here__echo__ecko'], ['here__echo__ecko', '-a', 'message=x'], ['heer__echo__echo', '-a', 'message=x']])(
    'knows what was meant by %s: exit 2',
    async (...words) => {
      const file = localHosts({ echo, broken });
      const { code, stderr } = await runProgram(['call', ...words, '--config', file], makeSandbox());
      expect(code).toBe(2);
      expect(stderr).toContain('TOOL_UNKNOWN');
      expect(stderr).toContain(`mcp-anywhere --config ${file} call here__echo__echo`);
    },
  );

  it('says why a tool cannot be known: exit 5', async () => {
    for (const more of [[], ['-a', 'x=1']]) {
      const { code, stderr } = await runProgram(
        ['call', 'here__broken__x', ...more, '--config', localHosts({ echo, broken })],
        makeSandbox(),
      );
      expect(code).toBe(5);
      expect(stderr).toContain('SERVER_START_FAILED');
    }
  });
});

describe('logs', () => {
  it('are those of the hosts that this hosts file names', async () => {
    const sandbox = makeSandbox();
    const [first, second] = [
      writeHostsFile({ here: { servers: { echo } } }),
      writeHostsFile({ there: { servers: { echo } } }),
    ];
    const hostsIn = async (file: string): Promise<readonly string[]> => {
      await runProgram(['tools', '--config', file], sandbox);
      const { stdout } = await runProgram(['logs', '--json', '--config', file], sandbox);
      return [...new Set(printed('logs', stdout).entries.map(({ host }) => host))];
    };
    expect(await hostsIn(first.path)).toEqual(['here']);
    expect(await hostsIn(second.path)).toEqual(['there']);
  });

  it('show what servers said, and what they go on to say', async () => {
    const [file, sandbox] = [localHosts(), makeSandbox()];
    const face = await openFace(file, sandbox);
    const say = (line: string): Promise<unknown> =>
      face.request('call', { tool: 'here__echo__stderr', arguments: { line } });
    await say('first words');
    const logs = (): Promise<Outcome> => runProgram(['logs', 'here/echo', '--config', file], sandbox);
    const { stdout } = await until(async () => {
      const outcome = await logs();
      return outcome.stdout === '' ? undefined : outcome;
    });
    expect(stdout).toMatch(/^(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d here\/echo first words$/m);
    const whole = await runProgram(['logs', 'here/echo', '-t', '--config', file], sandbox);
    expect(whole.stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z here\/echo first words$/m);

    const follower = spawn(process.execPath, [BIN, 'logs', '-f', 'here/echo', '--json', '--config', file], {
      env: sandbox.env,
    });
    const said: string[] = [];
    createInterface({ input: follower.stdout }).on('line', (line) => said.push(printed('log line', line).line));
    await expect.poll(() => said).toContain('first words');
    await say('second words');
    await expect.poll(() => said).toContain('second words');
    follower.kill('SIGINT');
    expect(await once(follower, 'close')).toEqual([130, null]);
    expect(said.filter((line) => line === 'first words')).toHaveLength(1);
    expect(said.filter((line) => line === 'second words')).toHaveLength(1);
  });

  it('need no daemon, and with -f outlive its restarts', async () => {
    const [file, sandbox] = [localHosts(), makeSandbox()];
    const run = (...words: string[]): Promise<Outcome> => runProgram([...words, '--config', file], sandbox);
    const say = (line: string): Promise<Outcome> => run('call', 'here__echo__stderr', '--arg', `line=${line}`);
    await say('before');
    const follower = spawn(process.execPath, [BIN, 'logs', '-f', 'here/echo', '--config', file], { env: sandbox.env });
    onTestFinished(() => void follower.kill('SIGKILL'));
    let said = '';
    for (const stream of [follower.stdout, follower.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
    await until(() => said.includes('before'));
    expect((await run('stop')).code).toBe(0);
    await until(() => said.includes('new lines follow when it starts again'));
    const without = await run('logs', 'here/echo');
    expect(without).toMatchObject({ code: 0, stdout: expect.stringContaining('here/echo before') as string });
    expect(daemonsIn(sandbox.runtimeDir)).toEqual([]);
    await say('after');
    await until(() => said.includes('after'));
    expect(said.split('here/echo before')).toHaveLength(2);
    expect(said.split('here/echo after')).toHaveLength(2);
  });

  it('narrow to a pattern and to a time, before lines are counted, and while they follow', async () => {
    const [file, sandbox] = [localHosts(), makeSandbox()];
    const face = await openFace(file, sandbox);
    const say = (line: string): Promise<unknown> =>
      face.request('call', { tool: 'here__echo__stderr', arguments: { line } });
    await say('refused by one');
    for (let number = 0; number < 5; number += 1) await say(`noise ${number}`);
    const run = async (...words: string[]): Promise<readonly string[]> => {
      const outcome = await runProgram(['logs', 'here/echo', ...words, '--json', '--config', file], sandbox);
      return printed('logs', outcome.stdout).entries.map(({ line }) => line);
    };
    await expect.poll(() => run('-n', '1')).toEqual(['noise 4']);
    expect(await run('--grep', 'REFUSED|noise 2', '-n', '1')).toEqual(['noise 2']);
    expect(await run('--grep', 'refused|noise 2')).toEqual(['refused by one', 'noise 2']);
    expect(await run('--since', '1h', '--grep', 'refused')).toEqual(['refused by one']);
    expect(await run('--since', '2999-01-01')).toEqual([]);
    const words = ['logs', '-f', 'here/echo', '--grep', 'wanted', '--config', file];
    const follower = spawn(process.execPath, [BIN, ...words], { env: sandbox.env });
    onTestFinished(() => void follower.kill('SIGKILL'));
    let said = '';
    follower.stdout.on('data', (chunk) => (said += String(chunk)));
    await until(async () => {
      await say('not this');
      await say('wanted');
      return said.includes('wanted');
    });
    expect(said).not.toContain('not this');
  });

  it('end with the mistake of a pattern that takes too long, while they follow', async () => {
    const [file, sandbox] = [localHosts(), makeSandbox()];
    const face = await openFace(file, sandbox);
    await face.request('call', { tool: 'here__echo__stderr', arguments: { line: `${'a'.repeat(60)}b` } });
    const { code, stderr } = await runProgram(['logs', '-f', '--grep', '(a+)+$', '--config', file], sandbox);
    expect(code).toBe(2);
    expect(stderr).toContain('takes too long');
  });

  it('narrow to streams', async () => {
    const [file, sandbox] = [localHosts(), makeSandbox()];
    const face = await openFace(file, sandbox);
    await face.request('call', { tool: 'here__echo__stderr', arguments: { line: 'words' } });
    const ssh = await runProgram(['logs', '--stream', 'ssh', '--config', file], sandbox);
    expect(ssh.stdout).toContain('here [ssh] ready');
    expect(ssh.stdout).not.toContain('words');
    const stderr = await runProgram(['logs', '--stream', 'stderr', '--json', '--config', file], sandbox);
    const { entries } = printed('logs', stderr.stdout);
    expect(entries.map(({ line }) => line)).toContain('words');
    expect(new Set(entries.map(({ stream }) => stream))).toEqual(new Set(['stderr']));
  });

  it('of a name that is nobody’s are a mistake: exit 2', async () => {
    const [file, sandbox] = [localHosts(), makeSandbox()];
    await openFace(file, sandbox);
    const { code, stderr } = await runProgram(['logs', '-f', 'here/ecko', '--config', file], sandbox);
    expect(code).toBe(2);
    expect(stderr).toContain('did you mean echo?');
  });
});

describe('being stopped', () => {
  it('ends with 130 on Ctrl-C', async () => {
    const sandbox = makeSandbox();
    const child = spawn(process.execPath, [BIN, 'tools', '--config', localHosts({ silent })], { env: sandbox.env });
    let said = '';
    child.stderr.on('data', (chunk) => (said += String(chunk)));
    // The daemon starts its server: it is in the middle of its work.
    await until(() => daemonsIn(sandbox.runtimeDir).some(({ pid }) => childrenOf(pid).length > 0));
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([130, null]);
    expect(said).toContain('Stopped by the user.');
  });

  it.each([
    ['tools'],
    ['call', 'here__echo__echo', '-a', 'message=hi'],
    ['config', 'schema'],
    ['explain', 'USAGE'],
    ['completion', 'bash'],
    ['--version'],
    ['--version', '--json'],
    ['--help'],
    ['help', 'call'],
  ])('fails where its output cannot be written: %s', async (...words) => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [BIN, ...words], {
      env: { ...makeSandbox().env, MCP_ANYWHERE_CONFIG: localHosts() },
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);
    let said = '';
    child.stderr?.on('data', (chunk) => (said += String(chunk)));
    expect(await once(child, 'close'), said).toEqual([1, null]);
    expect(said).toContain('OUTPUT_FAILED');
  });

  it('is quiet when the reader of stdout leaves', async () => {
    const shell = spawn(
      '/bin/sh',
      ['-c', '{ "$0" "$@"; echo "exit $?" >&2; } | head -n 1', process.execPath, BIN, 'config', 'schema'],
      { env: makeSandbox().env },
    );
    let said = '';
    shell.stderr.on('data', (chunk) => (said += String(chunk)));
    let shown = '';
    shell.stdout.on('data', (chunk) => (shown += String(chunk)));
    await once(shell, 'close');
    expect({ shown, said }).toEqual({ shown: '{\n', said: 'exit 0\n' });
  });
});

it('completion gives programs the script', async () => {
  const { stdout } = await runProgram(['completion', 'fish', '--json'], makeSandbox());
  const plain = await runProgram(['completion', 'fish'], makeSandbox());
  expect(printed('completion', stdout)).toMatchObject({ shell: 'fish', script: plain.stdout });
});

describe('over ssh', () => {
  it('doctor goes through every step, and trust mends an unknown key', async () => {
    const sshd = await startSshd();
    const known = join(scratch(), 'known_hosts');
    const remoteEcho: ServerEntry = { command: process.execPath, args: [join(sshd.servers, 'echo.mjs')] };
    const file = writeHostsFile({ box: { sshd, knownHostsFile: known, servers: { echo: remoteEcho } } }).path;
    const sandbox = makeSandbox();
    const fingerprint = sshd.hostKeys[0]?.fingerprint ?? '';

    const refused = await runProgram(['doctor', '--config', file], sandbox);
    expect(refused.code).toBe(3);
    expect(refused.stdout).toContain('✖ host-key   box');
    expect(refused.stdout).toContain(`Fix: mcp-anywhere --config ${file} trust box`);
    expect(refused.stdout).toContain('○ server     box/echo');

    const nobody = await runProgram(['trust', 'box', '--config', file], sandbox);
    expect(nobody.code).toBe(3);
    expect(nobody.stderr).toContain(fingerprint);
    const other = `SHA256:${'A'.repeat(43)}`;
    const wrong = await runProgram(['trust', 'box', '--fingerprint', other, '--config', file], sandbox);
    expect(wrong.code).toBe(3);
    expect(wrong.stderr).toContain('shows no key with the given fingerprint');

    const trusted = await runProgram(['trust', 'box', '--fingerprint', fingerprint, '--config', file], sandbox);
    expect({ code: trusted.code, stdout: trusted.stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining(`to ${known}`) as string,
    });
    const again = await runProgram(['trust', 'box', '--json', '--config', file], sandbox);
    expect(printed('trust', again.stdout)).toMatchObject({
      host: 'box',
      written: [],
      candidates: [{ verdict: 'known' }],
    });

    const well = await runProgram(['doctor', '--json', '--config', file], sandbox);
    expect(well.code).toBe(0);
    const { steps } = printed('doctor', well.stdout);
    const checks = steps.filter((step) => step.outcome === 'ok').map((step) => step.check);
    for (const check of ['config', 'ssh-config', 'host-key', 'login', 'probe', 'server'])
      expect(checks).toContain(check);
  });

  it('a host that refuses connections is exit 4', async () => {
    const sshd = await startSshd();
    const file = writeHostsFile({ box: { sshd, servers: { echo } } }).path;
    await sshd.stop();
    const sandbox = makeSandbox();
    const { code, stderr } = await runProgram(['tools', '--config', file], sandbox);
    expect(code).toBe(4);
    expect(stderr).toContain('where  host box · server echo');
    const status = await runProgram(['status', '--config', file], sandbox);
    expect(status.code).toBe(4);
    expect(status.stdout).toContain('✖ box');
  });
});

function childrenOf(pid: number | undefined): readonly number[] {
  return allProcesses()
    .filter((one) => one.parent === pid)
    .map((one) => one.pid);
}

/** Secrets reach the server they are for, and nothing else: no process list, log, cache or error. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { printed } from '../harness/control.ts';
import { filesBelow, filesWith } from '../harness/files.ts';
import { fixture, type HostEntry, writeHostsFile } from '../harness/hosts-file.ts';
import { initialize, type Outcome, runProgram, startServe } from '../harness/program.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { call, callText, offers, textOf } from '../harness/tools.ts';
import { watchCommandLines } from '../harness/watch-command-lines.ts';
import { proves } from '../requirements.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

/** Secrets of all three kinds, with characters that shells love. */
function world(more: object = {}) {
  const secrets = {
    fromEnv: `e-${randomUUID()}'"$(id)`,
    fromCommand: `c-${randomUUID()}`,
    fromFile: `f-${randomUUID()}`,
  };
  const sandbox = makeSandbox({ TEST_TOKEN: secrets.fromEnv });
  writeFileSync(join(sandbox.home, 'token'), `${secrets.fromFile}\n`, { mode: 0o600 });
  writeFileSync(join(sandbox.home, 'source'), secrets.fromCommand, { mode: 0o600 });
  const env = {
    A: '${env:TEST_TOKEN}',
    B: `\${cmd:cat ${join(sandbox.home, 'source')}}`,
    C: `\${file:${join(sandbox.home, 'token')}}`,
    D: 'Bearer ${env:ABSENT_4711:-none}',
  };
  const entry = (script: string): HostEntry['servers'] => ({ echo: fixture(sshd, script, [], { env, ...more }) });
  const texts = Object.values(secrets).map((text) => text.slice(0, 38));
  return { secrets, texts, sandbox, entry };
}

const VARIABLES = { variables: ['A', 'B', 'C', 'D'] };

describe.each(['ssh2', 'openssh', 'local'] as const)('secrets on the way through %s', (kind) => {
  it(proves('arrive, and are in no process list, log, cache or output', 'secrets'), async () => {
    const { secrets, texts, sandbox, entry } = world();
    const host: HostEntry =
      kind === 'local'
        ? { servers: entry('echo.mjs') }
        : { sshd, servers: entry('echo.mjs'), entry: { ssh: { backend: kind } } };
    const decoy = randomUUID();
    const watch = watchCommandLines([...texts, decoy]);
    onTestFinished(() => {
      watch.stop();
    });
    // Shows that a text in a process list would be seen.
    await promisify(execFile)('/bin/sh', ['-c', 'sleep 0.05', decoy]);
    const { client } = startServe(writeHostsFile({ box: host }).path, sandbox, { args: ['--log-level', 'trace'] });
    await initialize(client);
    await offers(client, ['box__echo__where']);
    const where = JSON.parse(await callText(client, 'box__echo__where', VARIABLES)) as {
      variables: Record<string, string>;
    };
    expect(where.variables).toEqual({
      A: secrets.fromEnv,
      B: secrets.fromCommand,
      C: secrets.fromFile,
      D: 'Bearer none',
    });
    await callText(client, 'box__echo__stderr', { line: 'nothing secret' });
    // A server that tells its own secret, as a message about a refused token does.
    await callText(client, 'box__echo__stderr', { line: `refused: ${secrets.fromEnv}` });
    await call(client, 'box__echo__exit', { code: 1 });
    await client.close();
    watch.stop();
    expect(watch.found).toEqual([`/bin/sh -c sleep 0.05 ${decoy}`]);
    expect(texts.filter((text) => client.stderr.includes(text))).toEqual([]);
    for (const folder of [sandbox.cacheDir, sandbox.stateDir, sandbox.configDir, sandbox.runtimeDir])
      expect(filesWith(folder, texts)).toEqual([]);
    expect(filesWith(sandbox.stateDir, ['nothing secret'])).not.toEqual([]);
    expect(filesWith(sandbox.stateDir, ['refused: [redacted]'])).not.toEqual([]);
  });

  it('are not told when the server does not start', async () => {
    const { texts, sandbox, entry } = world();
    const host: HostEntry =
      kind === 'local'
        ? { servers: entry('exits-at-once.sh') }
        : { sshd, servers: entry('exits-at-once.sh'), entry: { ssh: { backend: kind } } };
    const file = writeHostsFile({ box: host });
    const run = (...command: readonly string[]): Promise<Outcome> =>
      runProgram([...command, '--log-level', 'trace', '--config', file.path], sandbox);
    const outcomes = [await run('tools'), ...(await Promise.all([run('status', '--json'), run('doctor')]))];
    for (const { stdout, stderr } of outcomes)
      expect(texts.filter((text) => (stdout + stderr).includes(text))).toEqual([]);
    expect(outcomes.map(({ code }) => code)).toEqual([5, 5, 5]);
  });
});

describe('references', () => {
  it('that cannot be resolved fail their own server, with the name and without a value', async () => {
    const { sandbox } = world();
    const env = { A: '${env:NOT_SET_4711}' };
    const file = writeHostsFile({
      box: { sshd, servers: { broken: fixture(sshd, 'echo.mjs', [], { env }), echo: fixture(sshd, 'echo.mjs') } },
    });
    const { stdout, code } = await runProgram(['tools', '--json', '--config', file.path], sandbox);
    expect(code).toBe(8);
    const { missing } = printed('tools', stdout);
    expect(missing).toMatchObject([{ code: 'SECRET_UNRESOLVED', server: 'broken' }]);
    expect(missing[0]?.message).toContain('NOT_SET_4711');
  });

  it('in args are refused, since everybody there can read them', async () => {
    const { sandbox } = world();
    const file = writeHostsFile({
      box: { sshd, servers: { echo: { command: 'x', args: ['--token=${env:TEST_TOKEN}'] } } },
    });
    const { stderr, stdout, code } = await runProgram(['config', 'validate', '--config', file.path], sandbox);
    expect(code).toBe(6);
    expect(stdout + stderr).toContain('allowSecretsInArgs');
  });
});

it("everything written is the user's alone", async () => {
  const { sandbox, entry } = world();
  const { client } = startServe(writeHostsFile({ box: { sshd, servers: entry('echo.mjs') } }).path, sandbox);
  await initialize(client);
  await offers(client, ['box__echo__where']);
  await callText(client, 'box__echo__stderr', { line: 'to the log' });
  const open = [sandbox.cacheDir, sandbox.stateDir, sandbox.runtimeDir, sandbox.configDir]
    .flatMap(filesBelow)
    .filter((one) => (one.mode & 0o077) !== 0);
  expect(open.map((one) => one.path)).toEqual([]);
  expect([sandbox.cacheDir, sandbox.stateDir].flatMap(filesBelow).some((one) => one.kind === 'file')).toBe(true);
});

it('a hosts file in the working folder starts nothing until it is trusted', async () => {
  const { sandbox, entry } = world();
  const file = writeHostsFile({ box: { sshd, servers: entry('echo.mjs') } });
  const cwd = dirname(file.path);
  const project = join(cwd, 'mcp-anywhere.config.yaml');
  writeFileSync(project, readFileSync(file.path));
  const before = sshd.log().length;
  const refused = await runProgram(['tools'], sandbox, { cwd });
  expect(refused.code).toBe(6);
  expect(refused.stderr).toContain('config trust');
  expect(sshd.log().length).toBe(before);
  const trusted = await runProgram(['config', 'trust', '--yes'], sandbox, { cwd });
  expect(trusted).toMatchObject({ code: 0 });
  const works = await runProgram(['tools'], sandbox, { cwd });
  expect(works.stdout).toContain('box__echo__echo');
  // The daemon goes on with what was trusted; nobody else is given it.
  writeFileSync(project, readFileSync(file.path, 'utf8').replaceAll('echo:', 'sneaky:'));
  const changed = await runProgram(['reload'], sandbox, { cwd });
  expect(changed.code).toBe(6);
  expect(changed.stderr).toContain('config trust');
  expect((await runProgram(['tools'], sandbox, { cwd })).stdout).not.toContain('sneaky');
  await runProgram(['stop'], sandbox, { cwd });
  const anew = await runProgram(['tools'], sandbox, { cwd });
  expect(anew).toMatchObject({ code: 6, stdout: '' });
});

it('an error names the place and not the value, also for the AI client', async () => {
  const { texts, sandbox, entry } = world();
  const { client } = startServe(writeHostsFile({ box: { sshd, servers: entry('echo.mjs') } }).path, sandbox);
  await initialize(client);
  await offers(client, ['box__echo__exit']);
  const result = await call(client, 'box__echo__exit', { code: 9 });
  expect(result.isError).toBe(true);
  expect(textOf(result)).toContain('box');
  for (const text of texts) expect(textOf(result)).not.toContain(text);
});

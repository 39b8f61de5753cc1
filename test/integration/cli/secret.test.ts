/** `secret set|ls|rm|move` through the built program. Without a keychain, as on a server. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { secretList, secretStored, secretsMoved } from '../../../src/api/secrets.ts';
import { filesBelow, filesWith } from '../../harness/files.ts';
import { BIN, initialize, type Outcome, runProgram, startServe } from '../../harness/program.ts';
import { makeSandbox, type Sandbox } from '../../harness/sandbox.ts';
import { runInTerminal } from '../../harness/terminal.ts';
import { callText, offers } from '../../harness/tools.ts';

const SECRET = 'hunter2-hunter2';
const ECHO = join(process.cwd(), 'test/fixtures/servers/echo.mjs');

const file = (env: string): string => `# mine
version: 1
hosts:
  here:
    local: true
    servers:
      echo: # the one
        command: ${process.execPath}
        args: [${ECHO}]
        env: { ${env} } # variables
`;

interface Rig {
  readonly sandbox: Sandbox;
  readonly path: string;
  readonly run: (...args: readonly string[]) => Promise<Outcome>;
  readonly text: () => string;
}

function rig(env = 'LEVEL: debug'): Rig {
  const sandbox = makeSandbox();
  const folder = join(sandbox.configDir, 'mcp-anywhere');
  mkdirSync(folder, { mode: 0o700 });
  const path = join(folder, 'config.yaml');
  writeFileSync(path, file(env), { mode: 0o600 });
  return { sandbox, path, run: (...args) => runProgram(args, sandbox), text: () => readFileSync(path, 'utf8') };
}

function piped(sandbox: Sandbox, input: string, ...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [BIN, ...args],
      { env: sandbox.env, cwd: sandbox.home },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      },
    );
    child.stdin?.end(input);
  });
}

describe('secret set', () => {
  it('reads stdin, and a running server gets a changed value with reload', async () => {
    const { sandbox, path } = rig('A: "Bearer ${keychain:echo.A}"');
    const first = await piped(sandbox, `${SECRET}\n`, 'secret', 'set', 'echo.A', '--json');
    expect(secretStored.parse(JSON.parse(first.stdout))).toEqual({
      name: 'echo.A',
      where: 'file',
      usedBy: ['here/echo: A'],
    });
    const { client } = startServe(path, sandbox, { throughDaemon: true, args: ['--log-level', 'trace'] });
    await initialize(client);
    await offers(client, ['here__echo__where']);
    const value = async (): Promise<unknown> => {
      const text = await callText(client, 'here__echo__where', { variables: ['A'] });
      return (JSON.parse(text) as { variables: { A: string } }).variables.A;
    };
    expect(await value()).toBe(`Bearer ${SECRET}`);
    await callText(client, 'here__echo__stderr', { line: `refused: ${SECRET}` });
    const second = await piped(sandbox, 'another-value-4711', 'secret', 'set', 'echo.A');
    expect(second.stderr).toContain('mcp-anywhere reload');
    // The watch of the hosts file may have begun meanwhile, and have found the change already.
    expect((await runProgram(['reload'], sandbox)).code).toBe(0);
    await expect.poll(value).toBe('Bearer another-value-4711');
    expect((await runProgram(['reload', '--json'], sandbox)).stdout).toContain('"changed":[]');
    await client.close();
    await runProgram(['stop'], sandbox);
    const mine = join(sandbox.stateDir, 'mcp-anywhere', 'secrets', 'echo.A.secret');
    const texts = [SECRET, 'another-value-4711'];
    expect(
      [sandbox.stateDir, sandbox.cacheDir, sandbox.configDir, sandbox.runtimeDir].flatMap((folder) =>
        filesWith(folder, texts),
      ),
    ).toEqual([mine]);
    expect(texts.filter((text) => client.stderr.includes(text))).toEqual([]);
    expect(filesBelow(sandbox.stateDir).filter(({ mode }) => (mode & 0o077) !== 0)).toEqual([]);
  });

  it('asks in a terminal, shows nothing of the answer, and says once where the secret goes', async () => {
    const { sandbox } = rig();
    const run = runInTerminal(['secret', 'set', 'github'], sandbox, { columns: 240 });
    await run.shows('Value of github');
    expect(run.text().match(/No keychain was found/g)).toHaveLength(1);
    run.type(`${SECRET}\r`);
    await run.shows('Stored github in a file');
    expect(await run.exit).toBe(0);
    expect(run.written()).not.toContain('hunter2');
    expect(run.text()).toContain('${keychain:github}');
    const stopped = runInTerminal(['secret', 'set', 'other'], sandbox);
    await stopped.shows('Value of other');
    stopped.type('\u0003');
    expect(await stopped.exit).toBe(130);
    expect(JSON.parse((await runProgram(['secret', 'ls', '--json'], sandbox)).stdout)).toMatchObject({
      secrets: [{ name: 'github' }],
    });
  });

  it.each([
    ['a value on the command line', ['github', SECRET], '', 'seen in process lists'],
    ['a name that is no file', ['../../x'], SECRET, 'not a valid name for a secret'],
    ['an empty value', ['github'], '\n', 'The value is empty'],
    ['a NUL', ['github'], 'a\0b', 'NUL'],
    ['a huge value', ['github'], 'x'.repeat(200_000), '128 KiB'],
  ])('refuses %s', async (_what, args, input, why) => {
    const { sandbox } = rig();
    const { code, stdout, stderr } = await piped(sandbox, input, 'secret', 'set', ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(why);
    expect(stderr).not.toContain('hunter2');
    expect(filesBelow(sandbox.stateDir).filter(({ path }) => path.endsWith('.secret'))).toEqual([]);
  });
});

describe('secret ls and rm', () => {
  it('show names and uses, also of missing ones, and never values', async () => {
    const { sandbox, run } = rig('A: "${keychain:a}", B: "${keychain:lost}"');
    await piped(sandbox, SECRET, 'secret', 'set', 'a');
    await piped(sandbox, SECRET, 'secret', 'set', 'unused');
    const { stdout } = await run('secret', 'ls', '--json');
    expect(secretList.parse(JSON.parse(stdout)).secrets).toEqual([
      { name: 'a', where: 'file', usedBy: ['here/echo: A'] },
      { name: 'lost', where: 'missing', usedBy: ['here/echo: B'] },
      { name: 'unused', where: 'file', usedBy: [] },
    ]);
    const shown = await run('secret', 'ls');
    expect(shown.stdout).toMatch(/^a +file +here\/echo: A\nlost +missing +here\/echo: B\nunused +file +not used\n$/);
    expect(stdout + shown.stdout + shown.stderr).not.toContain('hunter2');
  });

  it('ask before a used secret goes, and say which name was meant', async () => {
    const { sandbox, run } = rig('A: "${keychain:github}"');
    await piped(sandbox, SECRET, 'secret', 'set', 'github');
    const refused = await run('secret', 'rm', 'github');
    expect([refused.code, refused.stderr.includes('here/echo: A')]).toEqual([2, true]);
    expect((await run('secret', 'rm', 'gihub')).stderr).toContain('Did you mean github?');
    expect((await run('secret', 'rm', 'github', '--yes')).code).toBe(0);
    const { stderr, code } = await run('tools');
    expect([code, stderr.includes('mcp-anywhere secret set github')]).toEqual([6, true]);
  });

  it('work without a hosts file', async () => {
    const sandbox = makeSandbox();
    await piped(sandbox, SECRET, 'secret', 'set', 'a');
    expect((await runProgram(['secret', 'ls'], sandbox)).stdout).toBe('a  file  not used\n');
  });
});

describe('secret move', () => {
  it('is what doctor advises, shows no value, and leaves a file that starts as before', async () => {
    const { sandbox, run, text, path } = rig(`API_TOKEN: ${SECRET}, LEVEL: debug`);
    const found = await run('doctor');
    expect(found.stdout).toContain('holds 1 secret in plain text');
    expect(found.stdout).toContain('here/echo: API_TOKEN');
    expect(found.stdout).toContain('Fix: mcp-anywhere secret move');
    const tried = await run('secret', 'move', '--dry-run');
    expect(tried.stdout).toContain('"${keychain:echo.API_TOKEN}"');
    expect(text()).toBe(file(`API_TOKEN: ${SECRET}, LEVEL: debug`));
    expect(filesBelow(sandbox.stateDir).filter((one) => one.path.endsWith('.secret'))).toEqual([]);
    const asked = await run('secret', 'move');
    expect([asked.code, asked.stderr.includes('--yes')]).toEqual([2, true]);
    const { stdout, code } = await run('secret', 'move', '--yes', '--json');
    const { moved, written, where, keys, left } = secretsMoved.parse(JSON.parse(stdout));
    expect({ code, moved, written, where, keys, left }).toEqual({
      code: 0,
      moved: [{ name: 'echo.API_TOKEN', places: ['here/echo: API_TOKEN'] }],
      written: true,
      where: 'file',
      keys: ['hosts.here.servers.echo.env.API_TOKEN'],
      left: [],
    });
    expect(text()).toBe(file('API_TOKEN: "${keychain:echo.API_TOKEN}", LEVEL: debug'));
    for (const each of [found, tried, asked, { stdout, stderr: '' }])
      expect(each.stdout + each.stderr).not.toContain('hunter2');
    const { client } = startServe(path, sandbox);
    await initialize(client);
    await offers(client, ['here__echo__where']);
    expect(await callText(client, 'here__echo__where', { variables: ['API_TOKEN'] })).toContain(SECRET);
    expect((await run('doctor')).stdout).not.toContain('plain text');
  });

  it('asks in a terminal, and a declined question changes nothing', async () => {
    const { sandbox, text } = rig(`API_TOKEN: ${SECRET}`);
    const declined = runInTerminal(['secret', 'move'], sandbox, { columns: 160 });
    await declined.shows('Store echo.API_TOKEN');
    declined.type('\r');
    expect(await declined.exit).toBe(130);
    expect(text()).toContain(SECRET);
    const sure = runInTerminal(['secret', 'move'], sandbox, { columns: 160 });
    await sure.shows('Store echo.API_TOKEN');
    sure.type('y');
    await sure.shows('Moved echo.API_TOKEN');
    expect(await sure.exit).toBe(0);
    expect(declined.written() + sure.written()).not.toContain('hunter2');
  });

  it('stores nothing where the file cannot be written', async () => {
    const { sandbox, path, run } = rig(`API_TOKEN: ${SECRET}`);
    chmodSync(path, 0o400);
    const { code, stderr } = await run('secret', 'move', '--yes');
    expect([code, stderr.includes('chmod u+w')]).toEqual([1, true]);
    expect(JSON.parse((await run('secret', 'ls', '--json')).stdout)).toMatchObject({ secrets: [] });
    expect(filesBelow(sandbox.stateDir).filter((one) => one.path.endsWith('.secret'))).toEqual([]);
  });

  it('has nothing to do without plain-text secrets', async () => {
    const { run } = rig('API_TOKEN: "${env:X}"');
    const { code, stdout, stderr } = await run('secret', 'move');
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain('no plain-text secret');
  });
});

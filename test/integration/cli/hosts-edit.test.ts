/** `add`, `rm` and `server …` through the built program, from an empty home to an answering tool. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostsFileEdit } from '../../../src/api/hosts-file.ts';
import type { ErrorReport } from '../../../src/base/errors.ts';
import { resolvePaths } from '../../../src/config/paths.ts';
import { openForEdit, prepareEdit, saveEdit } from '../../../src/setup/hosts-file.ts';
import { BIN, type Outcome, runProgram } from '../../harness/program.ts';
import { makeSandbox, type Sandbox } from '../../harness/sandbox.ts';
import { type Sshd, startSshd } from '../../harness/sshd.ts';
import { until } from '../../harness/until.ts';

const HERE = '# mine\nversion: 1\nhosts:\n  here: # this machine\n    local: true\n';

interface Rig {
  readonly sandbox: Sandbox;
  readonly file: string;
  readonly run: (...args: readonly string[]) => Promise<Outcome>;
  readonly text: () => string;
}

/** @param text of the user's hosts file; left out: there is none */
function rig(text?: string, name = 'config.yaml'): Rig {
  const sandbox = makeSandbox();
  const folder = join(sandbox.configDir, 'mcp-anywhere');
  const file = join(folder, name);
  if (text !== undefined) {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(file, text, { mode: 0o600 });
  }
  return { sandbox, file, run: (...args) => runProgram(args, sandbox), text: () => readFileSync(file, 'utf8') };
}

async function json(run: Rig['run'], ...args: readonly string[]): Promise<ReturnType<typeof hostsFileEdit.parse>> {
  const { stdout, stderr } = await run(...args, '--json');
  expect(stderr).toBe('');
  return hostsFileEdit.parse(JSON.parse(stdout));
}

async function refused(run: Rig['run'], ...args: readonly string[]): Promise<ErrorReport> {
  const { code, stdout, stderr } = await run(...args, '--json');
  expect({ stdout, isRefused: code > 0 }).toEqual({ stdout: '', isRefused: true });
  return (JSON.parse(stderr) as { error: ErrorReport }).error;
}

describe('with a real machine', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());

  it('leads from an empty home to a tool that answers, and back', { timeout: 90_000 }, async () => {
    const { run, file, text } = rig();
    const added = await run('add', 'box', '--ssh', `${sshd.user}@127.0.0.1:${String(sshd.port)}`, '--tag', 'lab');
    expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('+  box:\n') as string });
    expect(added.stderr).toContain(`Created ${file}.`);
    expect([statSync(file).mode & 0o777, statSync(join(file, '..')).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(text()).toBe(
      `version: 1\nhosts:\n  box:\n    ssh:\n      host: 127.0.0.1\n      user: ${sshd.user}\n      port: ${String(sshd.port)}\n    tags: [lab]\n`,
    );
    // In place of a ~/.ssh with this key.
    appendFileSync(
      file,
      `defaults: { ssh: { configFile: none, identityFile: ${sshd.identityFile}, knownHostsFile: ${sshd.knownHostsFile} } }\n`,
    );

    const echo = await run('server', 'add', process.execPath, join(sshd.servers, 'echo.mjs'), '--host', 'box');
    expect(echo).toMatchObject({ code: 0 });
    expect((await run('tools')).stdout).toContain('box__echo__echo');
    expect((await run('call', 'box__echo__echo', '--arg', 'message=hello')).stdout).toContain('hello');

    // The daemon runs by now, and follows the file.
    expect(await run('server', 'disable', 'box/echo')).toMatchObject({ code: 0 });
    expect(text()).toContain('        enabled: false\n');
    await until(async () => !(await run('tools')).stdout.includes('box__echo__echo'), {
      what: 'the tools of the disabled server to go',
      withinMs: 30_000,
    });
    expect(await run('server', 'enable', 'box/echo')).toMatchObject({ code: 0 });
    await until(async () => (await run('tools')).stdout.includes('box__echo__echo'), {
      what: 'the tools to come back',
      withinMs: 30_000,
    });
    expect(await run('rm', 'box')).toMatchObject({ code: 0 });
    expect(text()).toMatch(/^version: 1\nhosts:\ndefaults: .*\n$/);
  });
});

describe('what is printed', () => {
  it('is the difference on stdout, and the next step on stderr', async () => {
    const { run, file, text } = rig(HERE);
    const { stdout, stderr, code } = await run('server', 'add', '@scope/x', '--host', 'here', '--dry-run');
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `--- ${file}\n+++ ${file}\n@@ -3,3 +3,7 @@\n hosts:\n   here: # this machine\n     local: true\n+    servers:\n+      x:\n+        command: npx\n+        args: [-y, "@scope/x"]\n`,
    });
    expect(stderr).toContain('@scope/x is taken for an npm package');
    expect(stderr).toContain('Nothing was written');
    expect(text()).toBe(HERE);
  });

  it('is data with --json, and a second time nothing is written', async () => {
    const { run, file } = rig(HERE);
    expect(await json(run, 'server', 'add', 'npx', '-y', 'x', '--host', 'here')).toMatchObject({
      file,
      written: true,
      created: false,
      keys: ['hosts.here.servers.x'],
    });
    expect(await json(run, 'server', 'add', 'npx', '-y', 'x', '--host', 'here')).toMatchObject({
      written: false,
      diff: '',
    });
    expect(await json(run, 'server', 'enable', 'here/x')).toMatchObject({ written: false, keys: [] });
    expect(await json(run, 'server', 'rm', 'here/x')).toMatchObject({ written: true, keys: ['hosts.here.servers.x'] });
  });

  it('names an alias that ssh does not know, and adds the host all the same', async () => {
    const { run } = rig(HERE);
    const { notes, written } = await json(run, 'add', 'nowhere-known');
    expect({ written, notes: notes.join() }).toEqual({
      written: true,
      notes: expect.stringContaining('nowhere-known') as string,
    });
  });
});

describe('servers', () => {
  it('come from stdin, on several hosts, under free names', async () => {
    const { sandbox, run, text } = rig(HERE);
    await run('add', 'gpu');
    const snippet = '{ "mcpServers": { "my x": { "command": "x" }, "b": { "command": "b", "env": { "A": "${A}" } } } }';
    const child = spawn(process.execPath, [BIN, 'server', 'add', '-', '--host', 'here', '--host', 'gpu'], {
      env: sandbox.env,
    });
    child.stdin.end(snippet);
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(await run('server', 'add', 'other --flag', '--host', 'gpu', '--name', 'c')).toMatchObject({ code: 0 });
    expect(await run('server', 'add', '{"b":{"command":"b2"}}', '--host', 'gpu')).toMatchObject({ code: 0 });
    for (const line of [
      '      my-x:\n        command: x\n',
      '          A: ${env:A}\n',
      '      c:\n        command: other\n',
      '      b-2:\n        command: b2\n',
    ])
      expect(text()).toContain(line);
    expect(text()).toContain('# mine\n');
  });

  it('with a literal secret need --yes, and the value is never shown', async () => {
    const { run, text } = rig(HERE);
    const words = ['server', 'add', '--host', 'here', '{"gh":{"command":"x","env":{"GH_TOKEN":"hunter2"}}}'];
    const outcome = await run(...words);
    expect(outcome).toMatchObject({ code: 2 });
    expect(outcome.stderr).toContain('GH_TOKEN');
    expect(outcome.stderr).toContain('${env:NAME}');
    expect(text()).toBe(HERE);
    const halved = await run(...words, 'more');
    expect(halved.code).toBe(2);
    const dry = await json(run, 'server', 'add', words[4] ?? '', '--host', 'here', '--dry-run');
    const written = await run('server', 'add', words[4] ?? '', '--host', 'here', '--yes');
    expect(written).toMatchObject({ code: 0 });
    expect(dry.secrets).toEqual(['here/gh: GH_TOKEN']);
    for (const shown of [outcome, halved, written]
      .flatMap(({ stdout, stderr }) => [stdout, stderr])
      .concat(JSON.stringify(dry)))
      expect(shown).not.toContain('hunter2');
    expect(written.stdout).toContain('GH_TOKEN: •••');
    expect(text()).toContain('GH_TOKEN: hunter2');
    // Also not as a neighbour of a later change.
    expect(JSON.stringify(await run('server', 'disable', 'here/gh'))).not.toContain('hunter2');
  });

  it('whose values run a command here need --yes', async () => {
    const { run, text } = rig(HERE);
    const error = await refused(
      run,
      'server',
      'add',
      '{"a":{"command":"x","env":{"A":"${cmd:id}"}}}',
      '--host',
      'here',
    );
    expect(error).toMatchObject({ code: 'USAGE', message: expect.stringContaining('run a command') as string });
    expect(text()).toBe(HERE);
  });
});

describe('nothing is written', () => {
  it.each([
    [['add', 'a__b'], 'mcp-anywhere add a_b --ssh a__b'],
    [['add', 'gpu1.lab'], 'mcp-anywhere add gpu1-lab --ssh gpu1.lab'],
    [['add', 'here', '--tag', 'x'], 'mcp-anywhere rm here'],
    [['add', 'box', '--ssh', 'a b'], 'mcp-anywhere add box --ssh me@192.0.2.7:2222'],
    [['rm', 'heer'], 'Did you mean here?'],
    [['rm', 'heer'], 'mcp-anywhere rm here'],
    [['rm', 'nosuch'], 'mcp-anywhere rm <host>'],
    [['server', 'add', 'x'], '--host'],
    [['server', 'add', 'x', '--host', 'heer'], 'Did you mean here?'],
    [['server', 'add', 'x', '--host', 'here', '--name', 'a__b'], '--name a_b'],
    [['server', 'add', 'https://example.com/mcp', '--host', 'here'], 'HTTP servers come later'],
    [['server', 'rm', 'here/x'], 'here has no server x'],
    [['server', 'disable', 'here'], 'Name one of its servers'],
    [['server', 'ad', 'x'], 'Did you mean `server add`?'],
  ])('for %j', async (words, advice) => {
    const { run, text } = rig(HERE);
    const { message, hint, code } = await refused(run, ...words);
    expect(code).toBe('USAGE');
    expect(`${message} ${hint}`).toContain(advice);
    expect(text()).toBe(HERE);
  });

  it('where the result would be no hosts file, in the words of the validator', async () => {
    const { run, text } = rig(HERE);
    const before = text();
    const error = await refused(run, 'server', 'add', '{"x":{"command":"x","args":["${env:A}"]}}', '--host', 'here');
    expect(error.code).toBe('USAGE');
    expect(error.evidence?.join()).toContain('every user of that machine can read arguments');
    expect(text()).toBe(before);
  });

  it('with a next command that a shell reads as one word', async () => {
    const { run } = rig(HERE);
    expect((await refused(run, 'add', 'x;id', '--ssh', 'a@b;id')).hint).toBe("mcp-anywhere add x-id --ssh 'a@b;id'");
  });

  it.each([
    ['broken', 'hosts: [\n'],
    ['not UTF-8', Buffer.from([0x68, 0xff, 0x0a]).toString('latin1')],
    ['not a mapping', '- a\n'],
  ])('to a file that is %s', async (_what, content) => {
    const { run, file } = rig('');
    writeFileSync(file, content, 'latin1');
    const before = readFileSync(file);
    expect(await run('add', 'x')).toMatchObject({ stdout: '' });
    expect(await refused(run, 'add', 'x')).toMatchObject({
      code: expect.stringMatching(/^(CONFIG_INVALID|USAGE)$/) as string,
    });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('to a file that is read-only', async () => {
    const { run, file, text } = rig(HERE);
    chmodSync(file, 0o400);
    expect(await refused(run, 'add', 'x')).toMatchObject({
      code: 'OUTPUT_FAILED',
      message: expect.stringContaining('read-only') as string,
    });
    expect(text()).toBe(HERE);
  });

  it('to a file that changed while the command ran', async () => {
    const { sandbox, file, text } = rig(HERE);
    const { env, home: homeDir } = sandbox;
    const place = { env, cwd: homeDir, homeDir, paths: resolvePaths(env, process.platform, homeDir), now: Date.now };
    const open = await openForEdit(place, { creates: false });
    const prepared = prepareEdit(open, [{ kind: 'put', path: ['hosts', 'x'], value: null }], homeDir);
    appendFileSync(file, '# saved by an editor\n');
    await expect(saveEdit(open, prepared, place)).rejects.toThrow('has changed while this command ran');
    expect(text()).toBe(`${HERE}# saved by an editor\n`);
    expect(existsSync(`${file}.lock`)).toBe(false);
  });
});

it('of many commands at once, each is in the file', { timeout: 60_000 }, async () => {
  const { run, text } = rig(HERE);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const outcomes = await Promise.all(names.map((name) => run('add', name, '--ssh', '192.0.2.7')));
  expect(outcomes.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual(names.map(() => 0));
  for (const name of names) expect(text()).toContain(`\n  ${name}:\n`);
});

it('a link stays a link, and the file keeps its permissions', async () => {
  const { sandbox, run, file } = rig();
  const real = join(sandbox.home, 'dotfiles.yaml');
  writeFileSync(real, HERE, { mode: 0o640 });
  chmodSync(real, 0o640);
  mkdirSync(join(file, '..'), { mode: 0o700 });
  symlinkSync(real, file);
  expect(await run('add', 'x', '--ssh', '192.0.2.7')).toMatchObject({ code: 0 });
  expect(lstatSync(file).isSymbolicLink()).toBe(true);
  expect(readFileSync(real, 'utf8')).toContain('  x:\n');
  expect(statSync(real).mode & 0o777).toBe(0o640);
});

it('a JSON hosts file stays JSON', async () => {
  const { run, text } = rig(`${JSON.stringify({ hosts: { here: { local: true } } }, null, 4)}\n`, 'config.json');
  expect(await run('server', 'add', 'npx -y x', '--host', 'here')).toMatchObject({ code: 0 });
  const servers = { x: { command: 'npx', args: ['-y', 'x'] } };
  expect(text()).toBe(`${JSON.stringify({ hosts: { here: { local: true, servers } } }, null, 4)}\n`);
});

it('a trusted file of a working folder stays trusted, and nothing is written into an untrusted one', async () => {
  const { sandbox } = rig();
  const cwd = join(sandbox.home, 'project');
  mkdirSync(cwd);
  const file = join(cwd, 'mcp-anywhere.config.yaml');
  writeFileSync(file, HERE);
  const run = (...args: string[]): Promise<Outcome> => runProgram(args, sandbox, { cwd });
  const refused = await run('server', 'add', 'x', '--host', 'here');
  expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('nothing was written') as string });
  expect(refused.stderr).toContain('config trust');
  expect(readFileSync(file, 'utf8')).toBe(HERE);
  expect(JSON.parse((await run('config', 'validate', '--json')).stdout)).toMatchObject({ trusted: false });
  const silent = await run('config', 'trust');
  expect(silent).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') as string });
  expect(JSON.parse((await run('config', 'validate', '--json')).stdout)).toMatchObject({ trusted: false });
  expect((await run('config', 'trust', '--yes')).code).toBe(0);
  expect((await run('server', 'add', 'y', '--host', 'here')).stderr).not.toContain('not trusted');
  expect(JSON.parse((await run('config', 'validate', '--json')).stdout)).toMatchObject({ trusted: true, servers: 1 });
});

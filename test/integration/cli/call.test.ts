/** `tools` and `call` as a person and a script use them, with the reference server of MCP. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { printed } from '../../harness/control.ts';
import { fixture, writeHostsFile } from '../../harness/hosts-file.ts';
import { type Outcome, runProgram } from '../../harness/program.ts';
import { makeSandbox, type Sandbox } from '../../harness/sandbox.ts';
import { startSshd } from '../../harness/sshd.ts';
import { runInTerminal } from '../../harness/terminal.ts';

const EVERYTHING = fileURLToPath(
  new URL('../../../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url),
);

const ECHO = fileURLToPath(new URL('../../fixtures/servers/echo.mjs', import.meta.url));

interface Rig {
  readonly sandbox: Sandbox;
  readonly file: string;
  readonly run: (...args: readonly string[]) => Promise<Outcome>;
}

function rig(): Rig {
  const servers = {
    every: { command: process.execPath, args: [EVERYTHING, 'stdio'] },
    echo: { command: process.execPath, args: [ECHO] },
  };
  const { path: file } = writeHostsFile({ here: { servers } });
  const sandbox = makeSandbox();
  return { sandbox, file, run: (...args) => runProgram(['--config', file, ...args], sandbox) };
}

describe('tools', () => {
  it('shows at a terminal how each tool is called, and in a pipe the title as always', async () => {
    const { sandbox, file, run } = rig();
    const terminal = runInTerminal(['tools', '--config', file], sandbox, { columns: 100 });
    await terminal.shows('here__every__get-sum(a: number, b: number)  Returns the sum of two numbers');
    expect(await terminal.exit).toBe(0);
    expect(terminal.text()).toContain('here__every__get-structured-content(location: New York|Chicago|Los Angeles)');
    for (const row of terminal.screen()) expect(row.length).toBeLessThanOrEqual(100);
    const piped = await run('tools', 'here/every');
    expect(piped.stdout).toMatch(/^here__every__get-sum {2,}Get Sum Tool · here\/every$/m);

    const narrow = runInTerminal(['tools', '--config', file], sandbox, { columns: 40, rows: 60 });
    await narrow.shows('here__every__get-sum(a: number, b: num');
    expect(await narrow.exit).toBe(0);
    expect(
      narrow
        .text()
        .split('\n')
        .filter((row) => row.startsWith('here__every__get-sum')),
    ).toHaveLength(1);
  });

  it('shows one tool in full, as does `call <tool> --help`, with a command that works', async () => {
    const { run } = rig();
    const shown = await run('tools', 'here__every__get-structured-content');
    expect(shown.stdout).toContain('location  New York|Chicago|Los Angeles, required  Choose city');
    expect((await run('call', 'here__every__get-structured-content', '--help')).stdout).toBe(shown.stdout);
    expect(shown.stdout).toMatch(/mcp-anywhere .*call here__every__get-structured-content --arg 'location=New York'\n/);
    const answered = await run('call', 'here__every__get-structured-content', '--arg', 'location=New York');
    expect(answered).toMatchObject({ code: 0 });
    expect(printed('tools', (await run('tools', 'here__every__echo', '--json')).stdout).tools).toMatchObject([
      { name: 'here__every__echo' },
    ]);
    const unknown = await run('tools', 'here__evry__echo');
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.stderr).toMatch(
      /did you mean here__every__echo or here__echo__echo\? mcp-anywhere .*tools here__every__echo/,
    );
  });
});

describe('call', () => {
  it('reads arguments from files and stdin', async () => {
    const { run, sandbox } = rig();
    const text = join(sandbox.home, 'text');
    writeFileSync(text, 'one\ntwo\n');
    const number = join(sandbox.home, 'number');
    writeFileSync(number, '40\n');
    const echo = (pair: string): Promise<Outcome> => run('call', 'here__echo__echo', '--arg', pair);
    expect(JSON.parse((await echo(`message=@${text}`)).stdout)).toEqual({ message: 'one\ntwo\n' });
    expect(JSON.parse((await echo('message=@@home')).stdout)).toEqual({ message: '@home' });
    const sum = await run('call', 'here__every__get-sum', '--arg', `a=@${number}`, '--arg', 'b=2');
    expect(sum.stdout).toContain('42');
    for (const [pair, why] of [
      ['message=@/nowhere/file', '/nowhere/file cannot be read: it does not exist (ENOENT)'],
      [`message=@${sandbox.home}`, 'it is a folder (EISDIR)'],
    ] as const) {
      const refused = await echo(pair);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toContain(why);
    }
    const binary = join(sandbox.home, 'binary');
    writeFileSync(binary, Buffer.from([0xff, 0x00]));
    expect((await echo(`message=@${binary}`)).stderr).toContain('is not UTF-8 text');
  });

  it('writes images into a file, prints the text, and a result as the server wrote it', async () => {
    const { run, sandbox } = rig();
    const file = join(sandbox.home, 'image.png');
    const saved = await run('call', 'here__every__get-tiny-image', '--output', file);
    expect(saved.code).toBe(0);
    expect(saved.stderr).toContain(`Wrote ${file}: image/png, `);
    expect(saved.stdout).toContain('The image above is the MCP logo');
    expect(saved.stdout).not.toContain('[image');
    expect(readFileSync(file).subarray(1, 4).toString()).toBe('PNG');

    const result = '{"content":[{"type":"text","text":"x"}],"_meta":{"big":12345678901234567890,"one":1.0}}';
    const raw = await run('call', 'here__echo__result', '--arg', `json=${result}`, '--raw');
    expect(raw.stdout).toBe(`${result}\n`);
    expect(await run('call', 'here__echo__result', '--raw', '--json')).toMatchObject({ code: 2, stdout: '' });

    const blob = (text: string): object => ({ type: 'resource', resource: { uri: 'x:y', blob: btoa(text) } });
    const two = JSON.stringify({ content: [blob('first'), blob('second')] });
    const both = await run('call', 'here__echo__result', '--arg', `json=${two}`, '-o', join(sandbox.home, 'a.bin'));
    expect(both.code).toBe(0);
    expect(readFileSync(join(sandbox.home, 'a.bin'), 'utf8')).toBe('first');
    expect(readFileSync(join(sandbox.home, 'a-2.bin'), 'utf8')).toBe('second');

    const nowhere = await run('call', 'here__every__get-tiny-image', '--output', '/nowhere/image.png');
    expect(nowhere).toMatchObject({ code: 1 });
    expect(nowhere.stderr).toContain('The call was made');
    expect(existsSync('/nowhere')).toBe(false);
  });

  it('asks at a terminal for required arguments that are missing', async () => {
    const { sandbox, file } = rig();
    const run = runInTerminal(['call', 'here__every__get-sum', '--config', file], sandbox);
    await run.shows('a: First number (number)');
    run.type('x\r');
    await run.shows('expected number');
    run.type('\u007f20\r');
    await run.shows('b: Second number (number)');
    run.type('22\r');
    await run.shows('The sum of 20 and 22 is 42');
    expect(await run.exit).toBe(0);

    const choice = runInTerminal(['call', 'here__every__get-structured-content', '--config', file], sandbox);
    await choice.shows('location: Choose city');
    choice.type('\u001b[B\r');
    await choice.shows('Chicago');
    expect(await choice.exit).toBe(0);

    const stopped = runInTerminal(['call', 'here__every__get-sum', '--config', file], sandbox);
    await stopped.shows('a: First number');
    stopped.type('\u0003');
    expect(await stopped.exit).toBe(130);
  });

  it('to a host that went down has the code of the cause', async () => {
    const sshd = await startSshd();
    onTestFinished(() => sshd.stop());
    const { path } = writeHostsFile({ box: { sshd, servers: { echo: fixture(sshd, 'echo.mjs') } } });
    const sandbox = makeSandbox();
    const call = (): Promise<Outcome> =>
      runProgram(['--config', path, 'call', 'box__echo__echo', '--arg', 'message=x', '--json'], sandbox);
    expect(await call()).toMatchObject({ code: 0 });
    await sshd.halt();
    const down = await call();
    expect(down).toMatchObject({ code: 4, stdout: '' });
    expect(printed('failure', down.stderr).error).toMatchObject({ host: 'box', server: 'echo', tool: 'echo' });
  });
});

it('--fields keeps what was asked for', async () => {
  const { run } = rig();
  const { stdout } = await run('tools', 'here/every', '--fields', 'name,from');
  const { tools, schemaVersion } = JSON.parse(stdout) as { tools: object[]; schemaVersion: number };
  expect(schemaVersion).toBe(1);
  expect(tools[0]).toEqual({ name: expect.stringMatching(/^here__every__/) as string, from: null });
  const typo = await run('status', '--json', '--fields', 'stat');
  expect(typo).toMatchObject({ code: 2, stdout: '' });
  expect(printed('failure', typo.stderr).error.hint).toContain('did you mean state?');
});

it.each(['exit-codes', 'environment', 'json', 'config'])('help %s is a page', async (topic) => {
  const { code, stdout, stderr } = await runProgram(['help', topic], makeSandbox());
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.split('\n').length).toBeGreaterThan(8);
  if (topic === 'json') expect(stdout).toMatch(/^tools\n {2}\{\n {4}schemaVersion: 1\n/m);
});

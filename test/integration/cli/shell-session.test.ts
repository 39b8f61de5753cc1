/** `call` from a shell: the daemon keeps the shell's session, so that the next call finds its server running. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { writeHostsFile } from '../../harness/hosts-file.ts';
import { isAlive } from '../../harness/processes.ts';
import { type Outcome, runProgram } from '../../harness/program.ts';
import { makeSandbox, type Sandbox } from '../../harness/sandbox.ts';

const SERVERS = fileURLToPath(new URL('../../fixtures/servers', import.meta.url));
const TOKEN = 'hunter2-and-more';

interface Where {
  readonly pid: number;
  readonly variables: Readonly<Record<string, string | null>>;
}

interface Shell {
  readonly run: (...words: readonly string[]) => Promise<Outcome>;
  /** Calls a tool that tells which process ran it, and its variables. */
  readonly where: (...words: readonly string[]) => Promise<Where>;
  readonly pid: (...words: readonly string[]) => Promise<number>;
}

interface Rig {
  readonly file: string;
  readonly sandbox: Sandbox;
  readonly shell: (env?: Readonly<Record<string, string>>) => Shell;
}

function rig(): Rig {
  const echo = {
    command: process.execPath,
    args: [join(SERVERS, 'echo.mjs')],
    env: { TOKEN: '${env:MY_TOKEN:-none}' },
    inheritEnv: ['MY_WORD'],
  };
  const slow = { command: process.execPath, args: [join(SERVERS, 'slow.mjs')] };
  const asking = { command: process.execPath, args: [join(SERVERS, 'asking.mjs')] };
  const file = writeHostsFile({ here: { entry: { local: true }, servers: { echo, slow, asking } } }).path;
  const sandbox = makeSandbox();
  const shell = (env: Readonly<Record<string, string>> = {}): Shell => {
    const run = (...words: readonly string[]): Promise<Outcome> =>
      runProgram([...words, '--config', file], { ...sandbox, env: { ...sandbox.env, ...env } });
    const where: Shell['where'] = async (...words) => {
      const asked = JSON.stringify({ variables: ['TOKEN', 'MY_WORD'] });
      const { code, stdout, stderr } = await run('call', 'here__echo__where', '--json-args', asked, ...words);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      return JSON.parse(stdout) as Where;
    };
    return { run, where, pid: async (...words) => (await where(...words)).pid };
  };
  return { file, sandbox, shell };
}

describe('the next call of a shell', () => {
  it('finds the server of the last one, from another terminal too', async () => {
    const { shell } = rig();
    const pid = await shell({ TERM: 'xterm' }).pid();
    expect(await shell({ TERM: 'screen' }).pid()).toBe(pid);
    const both = await Promise.all([shell().pid(), shell().pid()]);
    expect(both).toEqual([pid, pid]);
    expect(isAlive(pid)).toBe(true);
  });

  it('starts no second server for its arguments', async () => {
    const { shell } = rig();
    const { run } = shell();
    expect((await run('call', 'here__echo__echo', '--arg', 'message=hi')).code).toBe(0);
    const { stdout } = await run('status', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ hosts: [{ servers: [{ name: 'echo', instances: [{}] }, {}, {}] }] });
  });

  it('gets a new one with --fresh, which is kept in turn', async () => {
    const { shell } = rig();
    const { pid } = shell();
    const first = await pid();
    const second = await pid('--fresh');
    expect(second).not.toBe(first);
    await expect.poll(() => isAlive(first)).toBe(false);
    expect(await pid()).toBe(second);
  });

  it('lets a call that runs in the replaced session end', async () => {
    const { shell } = rig();
    const { run } = shell();
    const running = run('call', 'here__slow__sleep', '--arg', 'ms=2500');
    await expect.poll(async () => (await run('status', '--json')).stdout).toContain('"tool":"sleep"');
    expect((await run('call', 'here__echo__where', '--fresh')).code).toBe(0);
    expect((await run('status', '--json')).stdout).toContain('"tool":"sleep"');
    expect((await running).code).toBe(0);
  });

  it('gets a new one after a restart, and after a change of its definition', async () => {
    const { file, shell } = rig();
    const { pid, run } = shell();
    const first = await pid();
    expect((await run('restart', 'here/echo')).code).toBe(0);
    const second = await pid();
    expect(second).not.toBe(first);
    writeFileSync(file, readFileSync(file, 'utf8').replace(':-none', ':-nothing'));
    expect((await run('reload')).code).toBe(0);
    const third = await shell().where();
    expect(third.pid).not.toBe(second);
    expect(third.variables['TOKEN']).toBe('nothing');
  });
});

describe('shells that differ', () => {
  it.each([
    { what: 'a variable of the hosts file', one: { MY_TOKEN: 'a' }, other: { MY_TOKEN: 'b' }, seen: 'TOKEN' },
    { what: 'a variable that a server inherits', one: { MY_WORD: 'a' }, other: { MY_WORD: 'b' }, seen: 'MY_WORD' },
    { what: 'a variable that only one has', one: { MY_TOKEN: 'a' }, other: {}, seen: 'TOKEN' },
  ])('in $what never share', async ({ one, other, seen }) => {
    const { shell } = rig();
    const first = await shell(one).where();
    const second = await shell(other).where();
    expect(first.variables[seen]).toBe('a');
    expect(second.variables[seen]).not.toBe('a');
    expect(second.pid).not.toBe(first.pid);
    // Each has its own again.
    expect((await shell(one).where()).pid).toBe(first.pid);
  });

  it.each(['PATH', 'SSH_AUTH_SOCK'])('in %s do not share', async (name) => {
    const { sandbox, shell } = rig();
    expect(await shell({ [name]: `${sandbox.env[name] ?? ''}:/elsewhere` }).pid()).not.toBe(await shell().pid());
  });
});

describe('a kept session', () => {
  it('is shown as what it is, and shows no value', async () => {
    const { shell } = rig();
    const { pid, run } = shell({ MY_TOKEN: TOKEN });
    await pid();
    const ps = await run('ps');
    expect(ps.stdout).toMatch(/mcp-anywhere-cli .* kept for a shell, ends in (?:\d+s|1m)\n/);
    const status = await run('status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({
      clients: [{ name: 'mcp-anywhere-cli', shell: { endsMs: expect.any(Number) as number } }],
    });
    expect(ps.stdout + status.stdout).not.toContain(TOKEN);
  });

  it('lets no call wait for a question of the server, which nobody could answer', async () => {
    const { shell } = rig();
    const { run } = shell();
    const outcomes = [
      await run('call', 'here__asking__ask', '--json'),
      await run('call', 'here__asking__ask', '--json'),
    ];
    // The fixture puts into its text what it was answered: nothing.
    for (const { code, stdout } of outcomes)
      expect([code, JSON.parse(stdout)]).toMatchObject([0, { result: { content: [{ type: 'text' }] } }]);
  });

  it('cancels a call whose command was stopped, and serves the next one', async () => {
    const { sandbox, file, shell } = rig();
    const { run } = shell();
    await runProgram(['call', 'here__slow__sleep', '--arg', 'ms=60000', '--config', file], sandbox, {
      timeoutMs: 3000,
    });
    await expect.poll(async () => (await run('status', '--json')).stdout).toContain('"calls":[]');
    expect((await run('call', 'here__slow__sleep', '--arg', 'ms=1')).code).toBe(0);
  });
});

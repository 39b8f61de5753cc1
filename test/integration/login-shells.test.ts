/** Machines as they are: any login shell, start files that talk, PATH set where only a login shell reads it. */
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeFolder } from '../harness/folder.ts';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { initialize, startServe } from '../harness/program.ts';
import { loginPathFiles, noisyFiles } from '../harness/rc-files.ts';
import { type SshdOptions, startSshd } from '../harness/sshd.ts';
import { callText, offers } from '../harness/tools.ts';

interface Where {
  readonly cwd: string;
  readonly argv: string[];
  readonly path: string;
  readonly variables: Record<string, string | null>;
}

const SHELLS = {
  bash: '/bin/bash',
  dash: '/bin/dash',
  zsh: '/usr/bin/zsh',
  fish: '/usr/bin/fish',
  tcsh: '/usr/bin/tcsh',
  mksh: '/usr/bin/mksh',
  busybox: '/usr/bin/busybox',
};

/** busybox is the shell that it is called as. */
function shellPath(name: keyof typeof SHELLS): string {
  if (!existsSync(SHELLS[name])) throw new Error(`these tests need ${name}: node test/prepare.mjs`);
  if (name !== 'busybox') return SHELLS[name];
  const folder = makeFolder('public');
  onTestFinished(folder.remove);
  const path = join(folder.path, 'ash');
  symlinkSync(SHELLS.busybox, path);
  return path;
}

async function machine(options: SshdOptions) {
  const sshd = await startSshd(options);
  onTestFinished(() => sshd.stop());
  return sshd;
}

const NASTY = {
  DOLLAR: 'a$HOME`id`',
  QUOTES: `'"\\'`,
  LINES: 'one\ntwo',
  BANG: '!history ~ * ? [x]',
  UNICODE: 'ümläut €',
  EMPTY: '',
};

describe.each(Object.keys(SHELLS) as (keyof typeof SHELLS)[])('a login shell of %s', (name) => {
  it.each(['quiet', 'noisy'] as const)('with %s start files runs a server as it was written', async (rc) => {
    const sshd = await machine({ shell: shellPath(name), ...(rc === 'noisy' ? { homeFiles: 'noisy' as const } : {}) });
    const args = ['$HOME', `it's "quoted"`, '', 'a  b', '*', '!x', 'back\\slash', 'ümläut'];
    const { client } = startServe(
      writeHostsFile({ box: { sshd, servers: { echo: fixture(sshd, 'echo.mjs', args, { env: NASTY, cwd: '~' }) } } })
        .path,
    );
    await initialize(client);
    await offers(client, ['box__echo__where']);
    const where = JSON.parse(await callText(client, 'box__echo__where', { variables: Object.keys(NASTY) })) as Where;
    expect(where.argv).toEqual(args);
    expect(where.variables).toEqual(NASTY);
    expect(where.cwd).toBe(sshd.home);
    expect(await callText(client, 'box__echo__echo', { message: 'x'.repeat(100_000) })).toHaveLength(
      100_000 + '{"message":""}'.length,
    );
  });

  it('finds a command that only the PATH of a login knows, and gives that PATH to it', async () => {
    const tools = makeFolder('public');
    onTestFinished(tools.remove);
    const sshd = await machine({ shell: shellPath(name), homeFiles: loginPathFiles(tools.path) });
    writeFileSync(
      join(tools.path, 'only-at-login'),
      `#!/bin/sh\nexec "${process.execPath}" "${sshd.servers}/echo.mjs"\n`,
      { mode: 0o755 },
    );
    const { client } = startServe(
      writeHostsFile({ box: { sshd, servers: { echo: { command: 'only-at-login' } } } }).path,
    );
    await initialize(client);
    await offers(client, ['box__echo__where']);
    const where = JSON.parse(await callText(client, 'box__echo__where')) as Where;
    expect(where.path.split(':')).toContain(tools.path);
  });
});

describe('a machine whose start files read stdin', () => {
  it('runs nothing of what comes behind the line that they took, and says what is wrong', async () => {
    const sshd = await machine({ shell: '/bin/bash', homeFiles: { '.bashrc': 'read -r -t 5 taken\n' } });
    const { client } = startServe(writeHostsFile({ box: { sshd, servers: { echo: fixture(sshd, 'echo.mjs') } } }).path);
    const mark = join(sshd.home, 'run-by-the-shell');
    await client.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: `x$(touch ${mark})\`touch ${mark}\`;touch ${mark};`, version: '1' },
    });
    const reply = await client.request('tools/call', { name: 'box__echo__where', arguments: {} });
    expect(JSON.stringify(reply)).toMatch(/start file .* reads stdin/u);
    expect(existsSync(mark)).toBe(false);
  });
});

describe('a noisy machine', () => {
  it("whose start files talk on every channel keeps its servers' stderr apart", async () => {
    const sshd = await machine({ shell: '/bin/bash', homeFiles: { ...noisyFiles() } });
    const { client } = startServe(
      writeHostsFile({ box: { sshd, servers: { echo: fixture(sshd, 'echo.mjs'), noisy: fixture(sshd, 'noisy.mjs') } } })
        .path,
    );
    await initialize(client);
    await offers(client, ['box__echo__stderr', 'box__noisy__echo']);
    expect(await callText(client, 'box__echo__stderr', { line: 'a complaint of its own' })).toBe('written');
    expect(await callText(client, 'box__noisy__echo', { message: 'between noise' })).toBe(
      '{"message":"between noise"}',
    );
    for (const { line, message } of client.received) expect(message, line).toHaveProperty('jsonrpc', '2.0');
  });
});

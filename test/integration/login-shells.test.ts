/** Machines as they are: any login shell, start files that talk, PATH set where only a login shell reads it. */
import { copyFileSync, existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeFolder } from '../harness/folder.ts';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { initialize, runProgram, startServe } from '../harness/program.ts';
import { loginPathFiles, noisyFiles } from '../harness/rc-files.ts';
import { makeSandbox } from '../harness/sandbox.ts';
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
  elvish: '/usr/bin/elvish',
  xonsh: '/usr/bin/xonsh',
  rc: '/usr/bin/rc',
  nu: fileURLToPath(new URL(`../tools/node_modules/@nushell/linux-${process.arch}/bin/nu`, import.meta.url)),
};

/** busybox is the shell that it is called as; nu lies where not every user may look. */
function shellPath(name: keyof typeof SHELLS): string {
  if (!existsSync(SHELLS[name])) throw new Error(`these tests need ${name}: node test/prepare.mjs`);
  if (name !== 'busybox' && name !== 'nu') return SHELLS[name];
  const folder = makeFolder('public');
  onTestFinished(folder.remove);
  const path = join(folder.path, name === 'nu' ? 'nu' : 'ash');
  if (name === 'nu') copyFileSync(SHELLS.nu, path);
  else symlinkSync(SHELLS.busybox, path);
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

describe('the environment of a program', () => {
  /** A folder of tools, and what a program on a machine with these start files has for PATH and variables. */
  async function seen(
    options: SshdOptions | ((tools: string) => SshdOptions),
    variables: readonly string[] = [],
  ): Promise<Where & { readonly tools: string }> {
    const tools = makeFolder('public');
    onTestFinished(tools.remove);
    const sshd = await machine(typeof options === 'function' ? options(tools.path) : options);
    const servers = { echo: fixture(sshd, 'echo.mjs') };
    const { client } = startServe(writeHostsFile({ box: { sshd, servers } }).path);
    await initialize(client);
    await offers(client, ['box__echo__where']);
    const text = await callText(client, 'box__echo__where', { variables });
    return { ...(JSON.parse(text) as Where), tools: tools.path };
  }

  it('keeps a PATH that .bashrc alone sets, which the login files do not read', async () => {
    const { path, tools } = await seen((folder) => ({
      shell: '/bin/bash',
      homeFiles: { '.bashrc': `export PATH=${folder}:$PATH\n`, '.bash_profile': ': written by an installer\n' },
    }));
    expect(path.split(':')[0]).toBe(tools);
  });

  it("keeps what sshd's SetEnv says, and has the rest of the login shell's PATH as it is", async () => {
    const { path, variables } = await seen(
      {
        shell: '/bin/bash',
        config: ['SetEnv PATH=/from/sshd:/usr/bin TZ=Asia/Tokyo'],
        homeFiles: { '.bash_profile': 'export PATH=/from/login:/usr/bin:/bin TZ=UTC GOPATH=/go\n' },
      },
      ['TZ', 'GOPATH'],
    );
    expect(path).toBe('/from/sshd:/from/login:/usr/bin:/bin');
    expect(variables).toEqual({ TZ: 'Asia/Tokyo', GOPATH: '/go' });
  });

  it('has the folder of nvm before /usr/bin, although the session has /usr/bin too', async () => {
    const { path, tools } = await seen((folder) => ({
      shell: '/bin/bash',
      homeFiles: { '.profile': `PATH=${folder}:$PATH\n` },
    }));
    const folders = path.split(':');
    expect(folders.indexOf(tools)).toBeLessThan(folders.indexOf('/usr/bin'));
    expect(folders).toContain(tools);
  });

  it('is that of another shell which the start files run instead', async () => {
    const { path, tools } = await seen((folder) => ({
      shell: '/bin/bash',
      homeFiles: { '.bash_profile': 'exec zsh\n', '.zshrc': `export PATH=${folder}:$PATH\n` },
    }));
    expect(path.split(':')).toContain(tools);
  });

  it('is that of the session where the login shell says nothing, and doctor says so', async () => {
    const sshd = await machine({ shell: '/bin/bash', homeFiles: { '.bash_profile': 'exit 0\n' } });
    const { path } = writeHostsFile({ box: { sshd, servers: { echo: fixture(sshd, 'echo.mjs') } } });
    const { stdout } = await runProgram(['doctor', 'box', '--config', path], makeSandbox());
    expect(stdout).toMatch(/✓ probe +box: Linux .*login shell \/bin\/bash did not print its environment/u);
  });

  it('doctor says what was learned from where', async () => {
    const sshd = await machine({ shell: '/usr/bin/tcsh', homeFiles: { '.login': 'setenv GOPATH /go\n' } });
    const { path } = writeHostsFile({ box: { sshd, servers: { echo: fixture(sshd, 'echo.mjs') } } });
    const { stdout } = await runProgram(['doctor', 'box', '--config', path], makeSandbox());
    expect(stdout).toMatch(/from login shell \/usr\/bin\/tcsh \(-ic with ~\/\.login\): PATH of \d+ folders.*GOPATH/u);
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

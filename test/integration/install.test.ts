/** `install` and `uninstall` on files as AI clients write them, and a client started exactly from what was written. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clientChange } from '../../src/api/clients.ts';
import { type AiClient, CLIENTS, filesOf } from '../../src/discovery/clients.ts';
import { readEntries } from '../../src/discovery/document.ts';
import { checkLasting, makeChange, ourselves, planChange } from '../../src/setup/install.ts';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { BIN, type Outcome, runProgram } from '../harness/program.ts';
import { makeSandbox, type Sandbox } from '../harness/sandbox.ts';
import { scratch } from '../harness/scratch.ts';
import { startSshd } from '../harness/sshd.ts';
import { runInTerminal } from '../harness/terminal.ts';

/** As each client's documentation shows its file, with comments where the format has them. */
const DOCUMENTED: Readonly<Record<AiClient['shape'], string>> = {
  mcpServers:
    '{\n  "theme": "dark",\n  "mcpServers": {\n    "git": { "command": "uvx", "args": ["mcp-server-git"] }\n  }\n}\n',
  vscode:
    '{\n\t// servers of mine\n\t"servers": {\n\t\t"git": { "type": "stdio", "command": "uvx" },\n\t},\n\t"inputs": []\n}\n',
  copilot:
    '{\n  "mcpServers": {\n    "git": { "type": "local", "command": "uvx", "args": [], "tools": ["*"] }\n  }\n}\n',
  zed: '// Zed settings\n{\n  "context_servers": {\n    "git": { "source": "custom", "command": "uvx", "args": [] }, // mine\n  },\n  "vim_mode": true,\n}\n',
  amp: '{\n  "amp.mcpServers": {\n    "git": { "command": "uvx" }\n  }\n}\n',
  openCode:
    '{\n  "$schema": "https://opencode.ai/config.json",\n  "mcp": {\n    "git": { "type": "local", "command": ["uvx", "git"], "enabled": true } /* mine */\n  }\n}\n',
  codex: 'model = "o3" # the best\n\n[mcp_servers.git]\ncommand = "uvx"\nargs = ["git"]\n\n[tui]\ntheme = "x"\n',
  vibe: 'model = "m" # mine\n\n[[mcp_servers]]\nname = "git"\ntransport = "stdio"\ncommand = "uvx"\n',
  goose:
    'extensions:\n  git: # mine\n    name: git\n    type: stdio\n    cmd: uvx\n    args: []\n    enabled: true\nGOOSE_MODEL: m\n',
  continue: 'name: Local\nmcpServers:\n  - name: git # mine\n    command: uvx\nmodels: []\n',
};

const ECHO = fileURLToPath(new URL('../fixtures/servers/echo.mjs', import.meta.url));

const machine = ({ home, env }: Sandbox) => ({ homeDir: home, env, platform: process.platform });

function fileOf(client: AiClient, sandbox: Sandbox): string {
  return filesOf(client, machine(sandbox))[0] ?? '';
}

function write(file: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode });
}

function named(id: string): AiClient {
  const client = CLIENTS.find((one) => one.id === id);
  if (client === undefined) throw new Error(id);
  return client;
}

interface Reported {
  readonly clients: readonly {
    readonly client: string;
    readonly action: string;
    readonly cause?: { readonly message: string };
  }[];
}

function reported({ stdout }: Outcome): Reported {
  const found = JSON.parse(stdout) as Reported;
  clientChange.array().parse(found.clients);
  return found;
}

describe('install', () => {
  it('reaches a machine over ssh from the entry of every client, and uninstall leaves each file as it was', async () => {
    const sshd = await startSshd();
    onTestFinished(() => sshd.stop());
    const token = '${env:SOME_TOKEN:-none}';
    const hosts = writeHostsFile({
      box: { sshd, servers: { echo: fixture(sshd, 'echo.mjs', [], { env: { TOKEN: token } }) } },
    });
    const sandbox = makeSandbox();
    for (const client of CLIENTS) write(fileOf(client, sandbox), DOCUMENTED[client.shape], 0o640);
    const outcome = await runProgram(['install', '--yes', '--json', '--config', hosts.path], sandbox);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(reported(outcome).clients.map(({ client, action }) => `${client} ${action}`)).toEqual(
      CLIENTS.map(({ id }) => `${id} add`),
    );
    const launches = CLIENTS.map((client) => {
      const file = fileOf(client, sandbox);
      expect(statSync(file).mode & 0o777).toBe(0o640);
      expect(statSync(`${file}.before-anywhere`).mode & 0o777).toBe(0o600);
      const entries = readEntries(client, readFileSync(file, 'utf8'));
      expect(entries.map(({ name }) => name)).toEqual(['git', 'anywhere']);
      const entry = entries[1]?.entry;
      expect(JSON.stringify(entry?.env ?? {}) + String(entry?.inherits)).toContain(
        client.reference === undefined && client.inherits === undefined ? '{}' : 'SOME_TOKEN',
      );
      return { command: entry?.command ?? '', args: [...(entry?.args ?? [])] };
    });
    for (const launch of launches)
      expect(launch).toEqual({ command: process.execPath, args: [BIN, '--config', hosts.path] });
    const [launch = { command: '', args: [] }] = launches;
    const client = new Client({ name: 'sdk', version: '1' }, { capabilities: {} });
    onTestFinished(() => client.close());
    await client.connect(new StdioClientTransport({ ...launch, env: { ...sandbox.env }, cwd: '/', stderr: 'pipe' }));
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('box__echo__echo');

    expect(reported(await runProgram(['install', '--yes', '--json', '--config', hosts.path], sandbox)).clients).toEqual(
      CLIENTS.map(({ id }) => expect.objectContaining({ client: id, action: 'keep' }) as unknown),
    );
    expect((await runProgram(['uninstall', '--yes'], sandbox)).code).toBe(0);
    for (const one of CLIENTS) {
      expect(readFileSync(fileOf(one, sandbox), 'utf8')).toBe(DOCUMENTED[one.shape]);
      expect(existsSync(`${fileOf(one, sandbox)}.before-anywhere`)).toBe(false);
    }
  });

  it('asks first, and changes nothing in a dry run', async () => {
    const sandbox = makeSandbox();
    const file = fileOf(named('cursor'), sandbox);
    write(file, DOCUMENTED.mcpServers);
    expect(await runProgram(['install'], sandbox)).toMatchObject({ code: 2 });
    const preview = await runProgram(['install', '--dry-run'], sandbox);
    expect(preview.code).toBe(0);
    expect(preview.stdout).toContain(file);
    expect(readFileSync(file, 'utf8')).toBe(DOCUMENTED.mcpServers);
  });

  it('shows a person the change, and makes it only after a yes', async () => {
    const sandbox = makeSandbox();
    const file = fileOf(named('cursor'), sandbox);
    write(file, DOCUMENTED.mcpServers);
    const declined = runInTerminal(['install'], sandbox);
    await declined.shows('will be added to');
    await declined.shows('Make these changes?');
    declined.type('\r');
    expect(await declined.exit).toBe(130);
    expect(readFileSync(file, 'utf8')).toBe(DOCUMENTED.mcpServers);
    const agreed = runInTerminal(['install'], sandbox);
    await agreed.shows('Make these changes?');
    agreed.type('y');
    await agreed.shows('restart Cursor');
    expect(await agreed.exit).toBe(0);
    expect(readEntries(named('cursor'), readFileSync(file, 'utf8'))).toHaveLength(2);
  });

  it('creates the file of a named client, and uninstall removes the file again', async () => {
    const sandbox = makeSandbox();
    const file = fileOf(named('zed'), sandbox);
    expect((await runProgram(['install', 'zed', '--yes'], sandbox)).code).toBe(0);
    expect(existsSync(file)).toBe(true);
    expect((await runProgram(['uninstall', 'zed', '--yes'], sandbox)).code).toBe(0);
    expect(existsSync(file)).toBe(false);
  });

  it('goes through a link, and leaves a read-only file and a damaged one alone', async () => {
    const sandbox = makeSandbox();
    const real = join(scratch(), 'dotfiles-mcp.json');
    write(real, DOCUMENTED.mcpServers);
    const link = fileOf(named('cursor'), sandbox);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(real, link);
    const readOnly = fileOf(named('kiro'), sandbox);
    write(readOnly, DOCUMENTED.mcpServers);
    chmodSync(readOnly, 0o444);
    const damaged = fileOf(named('warp'), sandbox);
    write(damaged, '{ "mcpServers": { "a": ');
    const device = fileOf(named('qoder'), sandbox);
    mkdirSync(dirname(device), { recursive: true });
    symlinkSync('/dev/null', device);
    const outcome = await runProgram(['install', '--yes', '--json'], sandbox);
    expect(outcome.code).toBe(8);
    const causes = new Map(
      reported(outcome).clients.map(({ client, action, cause }) => [client, cause?.message ?? action]),
    );
    expect(causes.get('cursor')).toBe('add');
    expect(causes.get('kiro')).toContain(`${readOnly} cannot be changed: read-only.`);
    expect(causes.get('warp')).toContain('not valid JSON at line 1');
    expect(causes.get('qoder')).toContain('not a regular file');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
    expect(readEntries(named('cursor'), readFileSync(real, 'utf8'))).toHaveLength(2);
    expect(execFileSync('readlink', [link], { encoding: 'utf8' }).trim()).toBe(real);
    expect(readFileSync(readOnly, 'utf8')).toBe(DOCUMENTED.mcpServers);
    expect(existsSync(`${readOnly}.before-anywhere`)).toBe(false);
    expect(readFileSync(damaged, 'utf8')).toBe('{ "mcpServers": { "a": ');
  });

  it('finds its entry by what it starts, and brings back with --undo what the entry was', async () => {
    const sandbox = makeSandbox();
    const file = fileOf(named('cursor'), sandbox);
    write(
      file,
      '{"mcpServers":{"mine":{"command":"/gone/node","args":["/gone/mcp-anywhere/dist/bin.js"],"timeout":5}}}',
    );
    const doctor = await runProgram(['doctor', '--json'], sandbox);
    expect(JSON.parse(doctor.stdout)).toMatchObject({
      steps: expect.arrayContaining([
        expect.objectContaining({
          check: 'client',
          outcome: 'warning',
          text: expect.stringContaining('/gone/node does not exist') as unknown,
        }),
      ]) as unknown,
    });
    expect((await runProgram(['install', '--yes'], sandbox)).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      mcpServers: { mine: { command: process.execPath, args: [BIN], timeout: 5 } },
    });
    write(file, readFileSync(file, 'utf8').replace('{"mcp', '{"new":1,"mcp'));
    expect((await runProgram(['install', '--undo', '--yes'], sandbox)).code).toBe(0);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      new: 1,
      mcpServers: { mine: { command: '/gone/node', args: ['/gone/mcp-anywhere/dist/bin.js'], timeout: 5 } },
    });
  });

  it('prefers the client’s own command, and edits the file where that fails', async () => {
    const folder = scratch();
    const program = join(folder, 'claude');
    const sandbox = makeSandbox({ PATH: `${folder}:/usr/bin:/bin` });
    const file = fileOf(named('claude-code'), sandbox);
    write(file, '{}');
    const script = `require('node:fs').writeFileSync(${JSON.stringify(file)}, JSON.stringify({ by: 'claude', mcpServers: { [process.argv[4]]: JSON.parse(process.argv[5]) } }))`;
    write(program, `#!${process.execPath}\n${script}\n`, 0o755);
    const add = ['install', 'claude-code', '--yes', '--json'];
    expect(reported(await runProgram(add, sandbox)).clients).toMatchObject(
      [{ action: 'add', command: ['claude', 'mcp', 'add-json', 'anywhere'] }].map(({ action, command }) => ({
        action,
        command: expect.arrayContaining(command) as unknown,
      })),
    );
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      by: 'claude',
      mcpServers: { anywhere: { args: [BIN] } },
    });
    write(program, '#!/bin/sh\nexit 3\n', 0o755);
    write(file, '{ "mcpServers": {} }');
    expect(reported(await runProgram(add, sandbox)).clients[0]).not.toHaveProperty('command');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ mcpServers: { anywhere: { args: [BIN] } } });
  });

  it('does not write over a change of the entry since the preview, and keeps any other change', async () => {
    const sandbox = makeSandbox();
    const client = named('cursor');
    const file = fileOf(client, sandbox);
    write(file, DOCUMENTED.mcpServers);
    const surroundings = {
      ...machine(sandbox),
      cwd: sandbox.home,
      program: { node: process.execPath, file: BIN },
      config: undefined,
    };
    const us = await ourselves(surroundings);
    const never = new AbortController().signal;
    const change = await planChange('install', client, us, surroundings);
    const taken = DOCUMENTED.mcpServers.replace('"git"', '"anywhere"');
    write(file, taken);
    await expect(makeChange('install', change, us, surroundings, never)).rejects.toThrow(
      'has changed since the preview',
    );
    expect(readFileSync(file, 'utf8')).toBe(taken);
    write(file, DOCUMENTED.mcpServers.replace('dark', 'light'));
    await makeChange('install', change, us, surroundings, never);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      theme: 'light',
      mcpServers: { git: {}, anywhere: {} },
    });
  });

  it('replaces an entry of another program only with a description of names', async () => {
    const sandbox = makeSandbox();
    const file = fileOf(named('cursor'), sandbox);
    write(file, '{"mcpServers":{"anywhere":{"command":"uvx","args":["secret-word"],"env":{"KEY":"secret-value"}}}}');
    const preview = await runProgram(['install', '--dry-run', '--json'], sandbox);
    expect(reported(preview).clients).toMatchObject([{ action: 'replace', replaces: 'uvx, 1 argument, sets KEY' }]);
    expect(preview.stdout).not.toContain('secret-');
  });

  it('refuses a program from the cache of npx', () => {
    const file = '/home/me/.npm/_npx/1a2b/node_modules/mcp-anywhere/dist/bin.js';
    expect(() => checkLasting({ node: '/usr/bin/node', file })).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        hint: expect.stringContaining('npm i -g mcp-anywhere') as unknown,
      }) as Error,
    );
    expect(() => checkLasting({ node: '/usr/bin/node', file: BIN })).not.toThrow();
  });

  it('says so where a client may not find the hosts file', async () => {
    const hosts = writeHostsFile({ here: { servers: {} } });
    const outcome = await runProgram(
      ['install', 'cursor', '--dry-run'],
      makeSandbox({ MCP_ANYWHERE_CONFIG: hosts.path }),
    );
    expect(outcome.stderr).toContain(`mcp-anywhere install --config ${hosts.path}`);
  });

  it('starts no daemon where node is the program of an Electron app', async () => {
    const hosts = writeHostsFile({ here: { servers: { echo: { command: process.execPath, args: [ECHO] } } } });
    const sandbox = makeSandbox();
    const electron = 'data:text/javascript,process.versions.electron="30.0.0"';
    const client = new Client({ name: 'sdk', version: '1' }, { capabilities: {} });
    onTestFinished(() => client.close());
    const args = ['--import', electron, BIN, '--config', hosts.path];
    await client.connect(
      new StdioClientTransport({ command: process.execPath, args, env: { ...sandbox.env }, stderr: 'pipe' }),
    );
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('here__echo__echo');
    expect(await runProgram(['status', '--config', hosts.path], sandbox)).toMatchObject({ code: 7 });
  });
});

/** The first two minutes in a fresh home: `init`, `install`, and a client started exactly from the entry that was written. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type AiClient, CLIENTS, filesOf, type Machine } from '../../src/discovery/clients.ts';
import { readEntries } from '../../src/discovery/document.ts';
import { makeChange, ourselves, planChange } from '../../src/setup/install.ts';
import { printed } from '../harness/control.ts';
import { BIN, runProgram } from '../harness/program.ts';
import type { Sandbox } from '../harness/sandbox.ts';
import { giveNpx, makeSshHome } from '../harness/ssh-home.ts';
import { startSshd } from '../harness/sshd.ts';

/** A file that the client has already, with an entry of somebody else. */
const OTHERS: Readonly<Record<AiClient['shape'], string>> = {
  mcpServers: '{ "mcpServers": { "git": { "command": "uvx", "args": ["mcp-server-git"] } } }\n',
  vscode: '{\n\t// mine\n\t"servers": { "git": { "type": "stdio", "command": "uvx" } },\n}\n',
  copilot: '{ "mcpServers": { "git": { "type": "local", "command": "uvx", "args": [], "tools": ["*"] } } }\n',
  zed: '// mine\n{ "context_servers": { "git": { "source": "custom", "command": "uvx", "args": [] } } }\n',
  amp: '{ "amp.mcpServers": { "git": { "command": "uvx" } } }\n',
  openCode: '{ "mcp": { "git": { "type": "local", "command": ["uvx", "git"], "enabled": true } } }\n',
  codex: '# mine\n[mcp_servers.git]\ncommand = "uvx"\n',
  vibe: '# mine\n[[mcp_servers]]\nname = "git"\ntransport = "stdio"\ncommand = "uvx"\n',
  goose: 'extensions:\n  git: { name: git, type: stdio, cmd: uvx, args: [], enabled: true } # mine\n',
  continue: 'name: Local\nmcpServers:\n  - { name: git, command: uvx } # mine\n',
};

function layout(sandbox: Sandbox, platform: NodeJS.Platform): Machine {
  const app = { APPDATA: join(sandbox.home, 'AppData/Roaming'), LOCALAPPDATA: join(sandbox.home, 'AppData/Local') };
  return { platform, homeDir: sandbox.home, env: { ...sandbox.env, ...(platform === 'win32' ? app : {}) } };
}

function fileOf(client: AiClient, machine: Machine): string {
  return (filesOf(client, machine)[0] ?? '').replace('*', 'x1');
}

function prepare(machine: Machine): void {
  for (const client of CLIENTS) {
    const file = fileOf(client, machine);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, OTHERS[client.shape]);
  }
}

interface Launch {
  readonly command: string;
  readonly args: string[];
}

function written(client: AiClient, machine: Machine): Launch {
  const entries = readEntries(client, readFileSync(fileOf(client, machine), 'utf8'));
  expect(entries.map(({ name }) => name)).toEqual(['git', 'anywhere']);
  const entry = entries[1]?.entry;
  return { command: entry?.command ?? '', args: [...(entry?.args ?? [])] };
}

/** The first client of each shape. */
const ONE_OF_EACH = CLIENTS.filter(
  ({ shape }, index) => CLIENTS.findIndex((client) => client.shape === shape) === index,
);

async function answeredBy(launch: Launch, { home, env }: Sandbox): Promise<unknown> {
  const client = new Client({ name: 'sdk', version: '1' }, { capabilities: {} });
  onTestFinished(() => client.close());
  await client.connect(new StdioClientTransport({ ...launch, env: { ...env }, cwd: home, stderr: 'pipe' }));
  expect((await client.listTools()).tools.map(({ name }) => name)).toContain('box__files__echo');
  const { content } = await client.callTool({ name: 'box__files__echo', arguments: { message: 'hello' } });
  await client.close();
  return content;
}

const ANSWER = [{ type: 'text', text: '{"message":"hello"}' }];

describe('from a fresh home to an answered tool', () => {
  it('init --install writes an entry for every client, and each kind of entry works as it is', async () => {
    const sshd = await startSshd();
    onTestFinished(() => sshd.stop());
    giveNpx(sshd);
    const sandbox = makeSshHome({ box: { sshd } });
    const here = layout(sandbox, process.platform);
    prepare(here);
    const run = await runProgram(['init', '--hosts', 'box', '--yes', '--install', '--json'], sandbox);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    const { clients = [], servers } = printed('init', run.stdout);
    expect(servers).toMatchObject([{ host: 'box', server: 'files', state: 'started' }]);
    expect(clients.map(({ client, action }) => `${client} ${action}`)).toEqual(CLIENTS.map(({ id }) => `${id} add`));
    for (const client of CLIENTS) expect(written(client, here)).toEqual({ command: process.execPath, args: [BIN] });
    for (const client of ONE_OF_EACH) expect(await answeredBy(written(client, here), sandbox)).toEqual(ANSWER);
  }, 60_000);

  it.each(['darwin', 'win32'] as const)(
    'the entries of the layout of %s work too',
    async (platform) => {
      const sshd = await startSshd();
      onTestFinished(() => sshd.stop());
      giveNpx(sshd);
      const sandbox = makeSshHome({ box: { sshd } });
      expect((await runProgram(['init', '--hosts', 'box', '--yes'], sandbox)).code).toBe(0);
      const machine = layout(sandbox, platform);
      prepare(machine);
      const program = { node: process.execPath, file: BIN };
      const us = await ourselves({ ...machine, cwd: sandbox.home, program, config: undefined });
      for (const client of CLIENTS) {
        const change = await planChange('install', client, us, { ...machine, env: { ...machine.env, PATH: '' } });
        await makeChange('install', change, us, machine, new AbortController().signal);
        expect(written(client, machine)).toEqual({ command: process.execPath, args: [BIN] });
      }
      for (const client of ONE_OF_EACH) expect(await answeredBy(written(client, machine), sandbox)).toEqual(ANSWER);
    },
    60_000,
  );
});

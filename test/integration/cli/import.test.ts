/** `import` through the built program: from the files of AI clients on this machine to a server that answers. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importResult } from '../../../src/api/import.ts';
import { SecretStore } from '../../../src/config/secret-store.ts';
import { filesBelow } from '../../harness/files.ts';
import { initialize, type Outcome, runProgram, startServe } from '../../harness/program.ts';
import { makeSandbox, type Sandbox } from '../../harness/sandbox.ts';
import { runInTerminal } from '../../harness/terminal.ts';
import { callText, offers } from '../../harness/tools.ts';

const NODE = process.execPath;
const ECHO = join(process.cwd(), 'test/fixtures/servers/echo.mjs');
const SECRET = 'client-secret-4711';

interface Rig {
  readonly sandbox: Sandbox;
  readonly hostsFile: string;
  readonly run: (...args: readonly string[]) => Promise<Outcome>;
  readonly plan: (...args: readonly string[]) => Promise<ReturnType<typeof importResult.parse>>;
}

/** @param files of clients, below the home folder, or below the config folder with a leading `config:` */
function rig(files: Readonly<Record<string, string>>): Rig {
  const sandbox = makeSandbox({ SHARED_TOKEN: 'from-the-variable' });
  for (const [name, text] of Object.entries(files)) {
    const path = name.startsWith('config:') ? join(sandbox.configDir, name.slice(7)) : join(sandbox.home, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  const run = (...args: readonly string[]): Promise<Outcome> => runProgram(['import', ...args], sandbox);
  return {
    sandbox,
    hostsFile: join(sandbox.configDir, 'mcp-anywhere', 'config.yaml'),
    run,
    plan: async (...args) => importResult.parse(JSON.parse((await run('--json', ...args)).stdout)),
  };
}

const CURSOR = `{
  // mine
  "mcpServers": {
    "echo": { "command": "${NODE}", "args": ["${ECHO}", "--token", "argument-secret-4711"], "env": { "API_TOKEN": "${SECRET}", "SHARED": "\${env:SHARED_TOKEN}", "HOME_OF": "\${userHome}/x" } },
    "anywhere": { "command": "npx", "args": ["-y", "mcp-anywhere"] },
    "web": { "url": "https://example.com/mcp" },
  },
}`;
const VSCODE = JSON.stringify({
  inputs: [{ id: 'key', type: 'promptString' }],
  servers: {
    'needs input': { type: 'stdio', command: 'x', env: { KEY: '${input:key}' } },
    echo: {
      type: 'stdio',
      command: NODE,
      args: [ECHO, '--token', 'argument-secret-4711'],
      env: { API_TOKEN: SECRET, SHARED: '${env:SHARED_TOKEN}', HOME_OF: '${userHome}/x' },
    },
  },
});
const CODEX = `[mcp_servers.off]\ncommand = "off-mcp"\nenabled = false\n\n[mcp_servers.lines]\ncommand = "two words"\n`;

describe('import', () => {
  it('brings the servers of all clients, each once, with their secrets stored, and they answer', async () => {
    const { sandbox, hostsFile, run } = rig({
      '.cursor/mcp.json': CURSOR,
      'config:Code/User/mcp.json': VSCODE,
      '.codex/config.toml': CODEX,
    });
    mkdirSync(dirname(hostsFile), { mode: 0o700 });
    writeFileSync(hostsFile, '# mine\nversion: 1\nhosts:\n  laptop: { local: true } # this machine\n', { mode: 0o600 });
    const before = filesBelow(sandbox.home)
      .filter(({ kind }) => kind === 'file')
      .map(({ path }) => readFileSync(path, 'utf8'));
    const terminal = runInTerminal(['import'], sandbox, { columns: 200, rows: 60 });
    await terminal.shows('Add 2 servers, and store');
    expect(terminal.text()).toContain('No keychain was found');
    for (const secret of [SECRET, 'argument-secret']) expect(terminal.written()).not.toContain(secret);
    terminal.type('y');
    await terminal.shows('Added 2 servers');
    expect(await terminal.exit).toBe(0);
    for (const text of [
      'web of cursor (HTTP servers come later)',
      'the input key of VS Code',
      'anywhere of cursor (it is MCP-Anywhere itself)',
      'lines of codex',
    ])
      expect(terminal.text()).toContain(text);
    const text = readFileSync(hostsFile, 'utf8');
    expect(text).toMatch(/^# mine\n/);
    expect(text).toContain('# this machine');
    expect(text).toContain('enabled: false');
    for (const secret of [SECRET, 'argument-secret']) expect(text).not.toContain(secret);
    const { client } = startServe(hostsFile, sandbox);
    await initialize(client);
    await offers(client, ['laptop__echo__where']);
    const where = await callText(client, 'laptop__echo__where', { variables: ['API_TOKEN', 'SHARED', 'HOME_OF'] });
    expect(JSON.parse(where)).toMatchObject({
      argv: ['--token', 'argument-secret-4711'],
      variables: { API_TOKEN: SECRET, SHARED: 'from-the-variable', HOME_OF: `${sandbox.home}/x` },
    });
    await client.close();
    const again = await run('--yes');
    expect([again.code, again.stdout]).toEqual([0, '']);
    expect(again.stderr).toContain('name no server that the hosts file lacks');
    expect(readFileSync(hostsFile, 'utf8')).toBe(text);
    expect(
      filesBelow(sandbox.home)
        .filter(({ kind }) => kind === 'file')
        .map(({ path }) => readFileSync(path, 'utf8')),
    ).toEqual(before);
  });

  it('makes the hosts file where there is none, and only shows with --dry-run', async () => {
    const { hostsFile, plan } = rig({
      '.codex/config.toml': '[mcp_servers.files]\ncommand = "files-mcp"\nargs = ["/data"]\n',
    });
    const shown = await plan('--dry-run');
    expect(shown).toMatchObject({
      written: false,
      created: false,
      imported: [{ target: 'here/files', clients: ['codex'], isEnabled: true }],
    });
    expect(shown.diff).toContain('+    local: true');
    expect(existsSync(hostsFile)).toBe(false);
    expect(await plan('--yes')).toMatchObject({ written: true, created: true });
    expect(readFileSync(hostsFile, 'utf8')).toContain('command: files-mcp');
  });

  it('refuses --yes where secrets would go into files, and takes those that a person has stored', async () => {
    const { sandbox, hostsFile, run, plan } = rig({
      '.cursor/mcp.json': JSON.stringify({ mcpServers: { e: { command: 'x', env: { API_TOKEN: SECRET } } } }),
    });
    const refused = await run('--yes');
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain('no keychain for the secrets (e.API_TOKEN)');
    expect(refused.stdout + refused.stderr).not.toContain(SECRET);
    expect(existsSync(hostsFile)).toBe(false);
    await new SecretStore(sandbox.env, join(sandbox.stateDir, 'mcp-anywhere')).set('e.API_TOKEN', SECRET);
    expect(await plan('--yes')).toMatchObject({ written: true, imported: [{ secrets: ['e.API_TOKEN'] }] });
    expect((await run('cursr')).stderr).toContain('Did you mean cursor?');
  });

  it('leaves a server of the hosts file alone, and asks before anything else', async () => {
    const { hostsFile, run, plan } = rig({
      '.cursor/mcp.json': JSON.stringify({
        mcpServers: { files: { command: 'other' }, copy: { command: 'mine', args: ['a'] }, fresh: { command: 'x' } },
      }),
    });
    mkdirSync(dirname(hostsFile), { mode: 0o700 });
    const text = 'version: 1\nhosts:\n  me: { local: true, servers: { files: { command: mine, args: [a] } } }\n';
    writeFileSync(hostsFile, text, { mode: 0o600 });
    const shown = await plan('--dry-run');
    expect(shown.imported.map(({ target }) => target)).toEqual(['me/fresh']);
    expect(shown.skipped.map(({ name, why }) => `${name}: ${why}`).sort()).toEqual([
      'copy: the hosts file has the server already: me/files',
      'files: the hosts file has another server me/files',
    ]);
    const asked = await run();
    expect([asked.code, asked.stderr.includes('--yes')]).toEqual([2, true]);
    expect(readFileSync(hostsFile, 'utf8')).toBe(text);
  });

  it('reads what it can: a broken, a foreign, a huge and a closed file are named, and nothing is lost', async () => {
    const { sandbox, run } = rig({
      '.cursor/mcp.json': '{ "mcpServers": { "e": ',
      '.codex/config.toml': '[mcp_servers.files]\ncommand = "files-mcp"\n',
      '.kiro/settings/mcp.json': '{"mcpServers":{"a":{"command":"\u00e9"}}}',
      '.gemini/settings.json': `{"x":"${'x'.repeat(40 * 1024 * 1024)}"}`,
    });
    writeFileSync(
      join(sandbox.home, '.kiro/settings/mcp.json'),
      Buffer.from('{"mcpServers":{"a":{"command":"\u00e9"}}}', 'latin1'),
    );
    mkdirSync(join(sandbox.home, '.junie/mcp/mcp.json'), { recursive: true });
    const { code, stderr } = await run('--yes', '--dry-run');
    expect(code).toBe(8);
    for (const text of [
      '.cursor/mcp.json (not valid JSON',
      '.kiro/settings/mcp.json (not UTF-8',
      '.gemini/settings.json (larger than',
      '.junie/mcp/mcp.json (not a regular file',
    ])
      expect(stderr).toContain(text);
    chmodSync(sandbox.home, 0o700);
  });

  it('takes the servers of a project only where the project is named', async () => {
    const { sandbox, plan } = rig({
      'site/.mcp.json': JSON.stringify({ mcpServers: { site: { command: 'site-mcp' } } }),
    });
    expect((await plan('--dry-run')).imported).toEqual([]);
    const { imported, diff } = await plan('--dry-run', '--project', 'site');
    expect(imported.map(({ target }) => target)).toEqual(['here/site']);
    expect(diff).toContain(`cwd: ${join(sandbox.home, 'site')}`);
  });
});

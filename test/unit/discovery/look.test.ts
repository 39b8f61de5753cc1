/** One look at the files of all AI clients, by the real script under every shell. */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LookRequest, lookAt, type OpenScript } from '../../../src/discovery/look.ts';
import { type Sighting, serversOf } from '../../../src/discovery/sighting.ts';
import { makeFolder } from '../../harness/folder.ts';
import { SHELLS } from '../launch/run-launcher.ts';

let folder = makeFolder('public');
let home = '';
beforeEach(() => {
  folder = makeFolder('public');
  home = join(folder.path, "ho me's");
  mkdirSync(home);
});
afterEach(() => {
  folder.remove();
});

function put(path: string, content: unknown): string {
  const file = path.startsWith('/') ? path : join(home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content));
  return file;
}

function under(shell: readonly string[], env: Record<string, string> = {}): OpenScript {
  return (script) => {
    const [file = '', ...args] = shell;
    const path = env['PATH'] ?? '/usr/bin:/bin';
    const child = spawn(file, [...args, '-c', script], {
      env: { HOME: home, ...env, PATH: path },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return Promise.resolve({ output: child.stdout, close: () => child.kill('SIGKILL') });
  };
}

async function seen(request: LookRequest = {}, open = under(['/bin/sh'])) {
  const look = await lookAt(open, request, AbortSignal.timeout(20_000));
  const { servers, problems } = serversOf(look);
  return {
    look,
    servers: servers.map(({ name, client, isEnabled }) => `${client} ${name}${isEnabled ? '' : ' off'}`),
    problems: problems.map(({ file, problem }) => `${file.replace(`${home}/`, '')}: ${problem}`),
  };
}

const entry = { command: 'npx', args: ['-y', 'pkg'] };

describe.each(SHELLS.map((shell) => [shell.join(' '), shell] as const))('under %s', (_name, shell) => {
  it('finds the files of clients, servers and profiles', async () => {
    put('.claude.json', { mcpServers: { a: entry } });
    put('.config/Claude/claude_desktop_config.json', { mcpServers: { b: entry } });
    put('.config/Code/User/profiles/-1 x/mcp.json', { servers: { c: entry } });
    put('.vscode-server/data/User/mcp.json', { servers: { d: entry } });
    put('.codex/config.toml', '[mcp_servers.e]\ncommand = "x"\n');
    put('.config/goose/config.yaml', 'extensions: { f: { cmd: x } }\n');
    put('.continue/config.yaml', 'mcpServers: [{ name: g, command: x }]\n');
    put('.gemini/settings.json', { mcpServers: { h: entry, i: entry } });
    put('.gemini/mcp-server-enablement.json', { h: { enabled: false } });
    const { servers, problems, look } = await seen({}, under(shell));
    expect(servers).toEqual(
      [
        ...['claude-desktop b', 'claude-code a', 'vscode c', 'vscode d', 'codex e'],
        ...['gemini h off', 'gemini i', 'continue g', 'goose f'],
      ].toSorted(byClient),
    );
    expect(problems).toEqual([]);
    expect(look.homeDir).toBe(home);
  });

  it('brings every byte', async () => {
    const odd = Buffer.concat([
      Buffer.from('{"mcpServers":{"a":{"command":"\n:file 0\n:done\n'),
      Buffer.from('ü€😀 "}}}'),
    ]);
    put('.cursor/mcp.json', odd);
    const all = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256));
    put('.kiro/settings/mcp.json', all);
    put('.junie/mcp/mcp.json', '');
    const withoutBase64 = join(folder.path, 'bin');
    put(join(withoutBase64, 'base64'), '#!/bin/sh\nexit 1\n');
    chmodSync(join(withoutBase64, 'base64'), 0o755);
    for (const env of [{}, { PATH: `${withoutBase64}:/usr/bin:/bin` }]) {
      const { look } = await seen({}, under(shell, env));
      const bytes = Object.fromEntries(look.files.map(({ client, bytes: one }) => [client.id, one]));
      expect(bytes['cursor']?.equals(odd)).toBe(true);
      expect(bytes['kiro']?.equals(all)).toBe(true);
      expect(bytes['junie']?.length).toBe(0);
    }
  });

  it('follows the variables of the machine', async () => {
    put('x d/opencode/opencode.json', { mcp: { a: { command: ['x'] } } });
    put('c d/config.toml', '[mcp_servers.b]\ncommand = "x"\n');
    const env = { XDG_CONFIG_HOME: join(home, 'x d'), CODEX_HOME: join(home, 'c d') };
    expect((await seen({}, under(shell, env))).servers).toEqual(['codex b', 'opencode a']);
  });

  it('looks into projects only where it is asked to', async () => {
    const project = join(home, 'my project');
    put(join(project, '.mcp.json'), { mcpServers: { a: entry, b: entry } });
    put(join(project, '.vscode/mcp.json'), { servers: { c: { command: '${workspaceFolder}/x' } } });
    put(join(project, '.claude/settings.local.json'), { disabledMcpjsonServers: ['b'] });
    put('.claude.json', { projects: { [project]: { mcpServers: { d: entry }, disabledMcpServers: ['d'] } } });
    expect((await seen({}, under(shell))).servers).toEqual([]);
    const { servers } = await seen(
      { projects: ['~/my project', '/nowhere'], clients: ['claude-code', 'vscode'] },
      under(shell),
    );
    expect(servers).toEqual(['claude-code d off', 'claude-code a', 'claude-code b off', 'vscode c']);
  });

  it('reports what it cannot read, and goes on', async () => {
    put('.claude.json', { mcpServers: { a: entry } });
    put('.cursor/mcp.json', '{ "mcpServers": { "x": ');
    put('.codex/config.toml', Buffer.from([0xff, 0xfe, 0x5b, 0x00]));
    put('.gemini/settings.json', `{"a":${'['.repeat(100_000)}`);
    put('.kiro/settings/mcp.json', 'a\0b');
    put('.lmstudio/mcp.json', Buffer.alloc(9 * 1024 * 1024, ' '));
    mkdirSync(join(home, '.junie/mcp/mcp.json'), { recursive: true });
    mkdirSync(join(home, '.warp'));
    execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', join(home, '.warp/.mcp.json')]);
    mkdirSync(join(home, '.qoder'));
    symlinkSync('mcp.json', join(home, '.qoder/mcp.json'));
    mkdirSync(join(home, '.factory'));
    symlinkSync(put('dotfiles/factory.json', { mcpServers: { b: entry } }), join(home, '.factory/mcp.json'));
    const { servers, problems } = await seen({}, under(shell));
    expect(servers).toEqual(['claude-code a', 'factory b']);
    expect(problems.toSorted()).toEqual([
      '.codex/config.toml: not UTF-8',
      '.cursor/mcp.json: not valid JSON at line 1, column 24',
      expect.stringMatching(/^\.gemini\/settings\.json: /),
      '.junie/mcp/mcp.json: not a regular file',
      '.kiro/settings/mcp.json: not UTF-8',
      '.lmstudio/mcp.json: larger than 8 MiB',
      '.qoder/mcp.json: a link that leads nowhere',
      '.warp/.mcp.json: not a regular file',
    ]);
  });
});

function byClient(one: string, other: string): number {
  const order = ['claude-desktop', 'claude-code', 'cursor', 'vscode', 'codex', 'gemini', 'continue', 'goose'];
  return order.indexOf(one.split(' ')[0] ?? '') - order.indexOf(other.split(' ')[0] ?? '');
}

describe('a look that fails', () => {
  it.each([
    ['nothing', ''],
    ['another program', 'hello\n'],
    ['a beginning', ':look 1 Linux\nL2g=\n:file 1\n'],
  ])('says so where the machine answers with %s', async (_what, text) => {
    const output = new PassThrough();
    output.end(text);
    const open: OpenScript = () => Promise.resolve({ output, close: () => undefined });
    await expect(lookAt(open, {}, AbortSignal.timeout(5_000))).rejects.toMatchObject({ code: 'CLIENT_CONFIG' });
  });

  it('ends a flood', async () => {
    const output = new PassThrough();
    const flood = setInterval(() => output.write(Buffer.alloc(8 * 1024 * 1024, 'x')), 1);
    let isClosed = false;
    const open: OpenScript = () =>
      Promise.resolve({
        output,
        close: () => {
          isClosed = true;
        },
      });
    await expect(lookAt(open, {}, AbortSignal.timeout(20_000))).rejects.toMatchObject({ code: 'CLIENT_CONFIG' });
    clearInterval(flood);
    expect(isClosed).toBe(true);
  });

  it('ends with its signal', async () => {
    const stop = new AbortController();
    const open: OpenScript = () => Promise.resolve({ output: new PassThrough(), close: () => undefined });
    const look = lookAt(open, {}, stop.signal);
    stop.abort(new Error('over'));
    await expect(look).rejects.toThrow('over');
  });
});

describe('between two looks', () => {
  it('a file that cannot be read counts as it was', async () => {
    put('.cursor/mcp.json', { mcpServers: { a: entry } });
    const before = serversOf(await lookAt(under(['/bin/sh']), {}, AbortSignal.timeout(20_000)));
    put('.cursor/mcp.json', '{ "mcpServers": { "a"');
    const after = serversOf(await lookAt(under(['/bin/sh']), {}, AbortSignal.timeout(20_000)), before);
    expect(after.servers).toEqual(before.servers);
    expect(after.problems).toHaveLength(1);
  });

  it.each(['a folder', 'no JSON'])('%s in the place of the file is told of at each look', async (kind) => {
    if (kind === 'a folder') mkdirSync(join(home, '.cursor/mcp.json'), { recursive: true });
    else put('.cursor/mcp.json', '{ "mcpServers": { "a"');
    const look = async (before?: Sighting): Promise<Sighting> =>
      serversOf(await lookAt(under(['/bin/sh']), {}, AbortSignal.timeout(20_000)), before);
    const first = await look();
    const third = await look(await look(first));
    expect(first.problems).toMatchObject([{ client: 'cursor' }]);
    expect(third.problems).toEqual(first.problems);
  });
});

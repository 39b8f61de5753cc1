/** What the files of AI clients say, in the shapes that the clients document. */
import { describe, expect, it } from 'vitest';
import { CLIENT_IDS } from '../../../src/config/discover.ts';
import { READ_CLIENTS } from '../../../src/discovery/clients.ts';
import {
  type ClientText,
  type FoundServer,
  foundServers,
  switchedBy,
  whyNotStarted,
} from '../../../src/discovery/found.ts';
import { shapeOf, written } from '../../../src/discovery/shown.ts';
import { secretsOf } from '../../../src/discovery/start.ts';

function client(id: string) {
  const found = READ_CLIENTS.find((one) => one.id === id);
  if (found === undefined) throw new Error(id);
  return found;
}

function read(id: string, content: unknown, more: Partial<ClientText> = {}): readonly FoundServer[] {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  return foundServers(client(id), { path: '/home/me/file', text, ...more });
}

function only(id: string, content: unknown, more: Partial<ClientText> = {}): FoundServer {
  const [server, ...others] = read(id, content, more);
  if (server === undefined || others.length > 0) throw new Error(`${String(others.length + 1)} servers`);
  return server;
}

function words({ command, args }: FoundServer): string[] {
  return [command, ...args].map((word) => (word === undefined ? '' : written(word)));
}

function env({ env: variables }: FoundServer): Record<string, string> {
  return Object.fromEntries([...variables].map(([name, value]) => [name, `${value.kind} ${written(value)}`]));
}

const S = { command: 'npx', args: ['-y', 'pkg'], env: { A: 'b' } };

describe('entries of each documented shape', () => {
  const plain = [
    'claude-desktop',
    'claude-code',
    'cursor',
    'gemini',
    'qwen',
    'windsurf',
    'cline',
    'cline-cli',
    'kiro',
    'amazon-q',
  ];
  const more = [
    'junie',
    'lmstudio',
    'warp',
    'trae',
    'pi',
    'mcporter',
    'antigravity',
    'kimi',
    'factory',
    'qoder',
    'mastra',
    'roo',
    'mcp',
  ];
  const json = JSON.stringify(S);
  it.each<[string, string]>([
    ...[...plain, ...more].map((id): [string, string] => [id, `{ // mine\n"mcpServers": { "x": ${json}, } }`]),
    ['vscode', `{ "inputs": [], "servers": { "x": ${JSON.stringify({ type: 'stdio', ...S })} } }`],
    ['vscode-insiders', `{ "servers": { "x": ${json} } }`],
    ['copilot', JSON.stringify({ mcpServers: { x: { type: 'local', tools: ['*'], ...S } } })],
    ['zed', JSON.stringify({ theme: 'One', context_servers: { x: { source: 'custom', ...S } } })],
    ['amp', JSON.stringify({ 'amp.mcpServers': { x: S } })],
    ['codex', 'model = "o"\n[mcp_servers.x]\ncommand = "npx"\nargs = ["-y", "pkg"]\n[mcp_servers.x.env]\nA = "b"\n'],
    ['grok', '[mcp_servers.x]\ncommand = "npx"\nargs = ["-y", "pkg"]\nenv = { A = "b" }\n'],
    [
      'vibe',
      '[[mcp_servers]]\nname = "x"\ntransport = "stdio"\ncommand = "npx"\nargs = ["-y", "pkg"]\nenv = { A = "b" }\n',
    ],
    [
      'opencode',
      JSON.stringify({
        mcp: { timeout: 5, x: { type: 'local', command: ['npx', '-y', 'pkg'], environment: { A: 'b' } } },
      }),
    ],
    [
      'opencode',
      JSON.stringify({
        mcp: { servers: { x: { type: 'local', command: ['npx', '-y', 'pkg'], environment: { A: 'b' } } } },
      }),
    ],
    ['kilo', JSON.stringify({ mcp: { x: { type: 'local', command: ['npx', '-y', 'pkg'], environment: { A: 'b' } } } })],
    ['crush', JSON.stringify({ mcp: { x: { type: 'stdio', ...S } } })],
    ['fx', JSON.stringify({ mcp: { x: S } })],
    [
      'goose',
      'extensions:\n  developer: { type: builtin, enabled: true, bundled: true }\n  x:\n    type: stdio\n    cmd: npx\n    args: [-y, pkg]\n    envs: { A: b }\n    enabled: true\n',
    ],
    ['continue', 'name: Local\nmcpServers:\n  - name: x\n    command: npx\n    args: ["-y", pkg]\n    env: { A: b }\n'],
  ])('%s', (id, text) => {
    const server = only(id, text);
    expect(server).toMatchObject({ name: 'x', client: id, isEnabled: true, lacks: [], isOurselves: false });
    expect(words(server)).toEqual(['npx', '-y', 'pkg']);
    expect(env(server)).toEqual({ A: 'literal b' });
  });

  it('knows every client of the table by one of these', () => {
    expect(READ_CLIENTS).toHaveLength(plain.length + more.length + 14);
  });

  it('is what the hosts file can name', () => {
    expect(CLIENT_IDS).toEqual(READ_CLIENTS.map(({ id }) => id));
  });

  it('takes numbers and booleans as the text that they are written as', () => {
    const server = only('cursor', {
      mcpServers: { x: { command: 'a', args: ['--port', 8080], env: { PORT: 1, ON: true, NO: null } } },
    });
    expect(words(server)).toEqual(['a', '--port', '8080']);
    expect(env(server)).toEqual({ PORT: 'literal 1', ON: 'literal true' });
  });
});

describe('references in the notation of each client', () => {
  it.each([
    ['cursor', '${env:TOKEN}', 'reference $TOKEN'],
    ['vscode', 'Bearer ${env:TOKEN}', 'reference Bearer $TOKEN'],
    ['vscode', '${userHome}${/}x', 'reference $HOME/x'],
    ['vscode', '${command:pick}', 'missing …'],
    ['vscode', '${constructor}', 'missing …'],
    ['claude-code', '${TOKEN}', 'reference $TOKEN'],
    ['claude-code', '$TOKEN', 'literal $TOKEN'],
    ['gemini', '$TOKEN', 'reference $TOKEN'],
    ['gemini', 'a${TOKEN}b', 'reference a$TOKENb'],
    ['copilot', '${TOKEN}', 'reference $TOKEN'],
    ['kiro', '${TOKEN}', 'reference $TOKEN'],
    ['claude-desktop', '${TOKEN}', 'literal ${TOKEN}'],
    ['zed', '${env:TOKEN}', 'literal ${env:TOKEN}'],
    ['mcporter', '$env:TOKEN', 'reference $TOKEN'],
    ['windsurf', '${env:TOKEN}', 'reference $TOKEN'],
    ['lmstudio', '${env:TOKEN}', 'reference $TOKEN'],
  ])('%s: %s', (id, value, expected) => {
    const key = { vscode: 'servers', zed: 'context_servers' }[id] ?? 'mcpServers';
    expect(env(only(id, { [key]: { x: { command: 'a', env: { V: value } } } }))['V']).toBe(expected);
  });

  it('keeps defaults', () => {
    const server = only('claude-code', { mcpServers: { x: { command: '${BIN:-npx}', args: ['${DIR:-/data}/in'] } } });
    expect(server.command?.pieces).toEqual([{ variable: 'BIN', fallback: 'npx' }]);
    expect(server.args[0]?.pieces).toEqual([{ variable: 'DIR', fallback: '/data' }, '/in']);
  });

  it('reads `{env:}` and `{file:}` of OpenCode', () => {
    const server = only('opencode', {
      mcp: { x: { type: 'local', command: ['a', '{file:./key.txt}'], environment: { T: '{env:TOKEN}' } } },
    });
    expect(server.args[0]?.pieces).toEqual([{ file: './key.txt' }]);
    expect(server.env.get('T')).toMatchObject({ kind: 'reference', pieces: [{ variable: 'TOKEN' }] });
  });

  it('takes the variables that Codex passes on', () => {
    const server = only('codex', '[mcp_servers.x]\ncommand = "a"\nenv_vars = ["TOKEN"]\n');
    expect(server.env.get('TOKEN')).toMatchObject({ kind: 'reference', pieces: [{ variable: 'TOKEN' }] });
  });

  it('puts the folder of the project where VS Code says `${workspaceFolder}`', () => {
    const content = { servers: { x: { command: '${workspaceFolder}/run', env: {} } } };
    expect(words(only('vscode', content, { project: '/p/q' }))).toEqual(['/p/q/run']);
    expect(only('vscode', content).lacks).toEqual(['${workspaceFolder}, which VS Code knows']);
  });
});

describe('what keeps a server from being started', () => {
  it.each<[string, unknown, string[]]>([
    ['vscode', { servers: { x: { command: 'a', env: { T: '${input:token}' } } } }, ['the input token of VS Code']],
    [
      'continue',
      { mcpServers: [{ name: 'x', command: 'a', env: { T: '${{ secrets.T }}' } }] },
      ['the secret T of Continue'],
    ],
    ['goose', { extensions: { x: { type: 'stdio', cmd: 'a', env_keys: ['T'] } } }, ['the secret T of Goose']],
    ['cursor', { mcpServers: { x: { url: 'https://a.example/mcp?key=s3cret' } } }, ['HTTP']],
    ['gemini', { mcpServers: { x: { httpUrl: 'https://a.example/mcp' } } }, ['HTTP']],
    ['goose', { extensions: { x: { type: 'streamable_http', uri: 'https://a.example/mcp' } } }, ['HTTP']],
    ['codex', '[mcp_servers.x]\nurl = "https://a.example/mcp"\nbearer_token_env_var = "T"\n', ['HTTP']],
    ['zed', { context_servers: { x: { source: 'extension', settings: {} } } }, ['a command']],
    [
      'cursor',
      { mcpServers: { x: { command: 'a', env: { 'A-B': '1' } } } },
      ['names of variables that a shell can set'],
    ],
    ['cursor', { mcpServers: { x: { command: 'a', args: ['\0'] } } }, ['values without NUL characters']],
    ['cursor', { mcpServers: { x: { command: 'a', args: ['y'.repeat(200_000)] } } }, ['words of a usual length']],
  ])('%s', (id, content, lacks) => {
    const server = only(id, content);
    const isLater = lacks[0] === 'HTTP';
    expect(server.lacks).toEqual(isLater ? [] : lacks);
    expect(whyNotStarted(server)).toBe(isLater ? 'HTTP servers come later' : `needs ${lacks.join(', ')}`);
  });

  it('leaves out what is no server at all', () => {
    expect(read('goose', { extensions: { developer: { type: 'builtin', enabled: true, bundled: true } } })).toEqual([]);
    expect(read('opencode', { mcp: { x: { enabled: false } } })).toEqual([]);
    expect(read('cursor', { mcpServers: { a: 1, b: null, c: [] } })).toEqual([]);
  });

  it('reads no more than 200 entries of a file', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`s${String(index)}`, S]));
    expect(read('cursor', { mcpServers: many })).toHaveLength(200);
  });
});

describe('hostile texts', () => {
  it.each(['${env:', '${', '${a:-', '{file:', '${{ secrets.', '$a', '\\', '"', '://'])(
    '%s without end take no time',
    (piece) => {
      const text = piece.repeat(400_000 / piece.length);
      for (const id of ['vscode', 'claude-code', 'gemini', 'opencode', 'continue', 'cursor']) {
        const entry = { command: 'a', args: [text], env: { V: text } };
        const content = {
          mcpServers: id === 'continue' ? [{ name: 'x', ...entry }] : { x: entry },
          servers: { x: entry },
          mcp: { x: { type: 'local', ...entry } },
        };
        const [server] = read(id, JSON.stringify(content));
        if (server === undefined) throw new Error(id);
        secretsOf(server);
        expect([shapeOf(server).length, server.lacks.length > 0]).toEqual([2, true]);
      }
    },
  );

  it('bounds what is said of them', () => {
    const [server] = read('vscode', { servers: { x: { command: '${input:' + 'x'.repeat(100_000) + '}' } } });
    expect(server?.lacks[0]?.length).toBeLessThan(200);
  });

  it('bounds a file of comments, and reads a large plain one', () => {
    const filling = 'x'.repeat(2_000_000);
    expect(read('claude-code', JSON.stringify({ filling, mcpServers: { x: { command: 'a' } } }))).toHaveLength(1);
    expect(() => read('claude-code', `// ${filling}\n{}`)).toThrow('larger than 1 MiB, and not plain JSON');
    expect(() => read('goose', `a: ${filling}\n`)).toThrow('larger than 1 MiB, and not plain JSON');
  });

  it('reads a YAML file with aliases that expand without end as not readable', () => {
    const bomb = [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...'bcdefghi'
        .split('')
        .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[index]}`).join(', ')}]`),
    ].join('\n');
    expect(() => read('goose', bomb)).toThrow('not readable');
  });
});

describe('switched off', () => {
  const x = { command: 'a' };

  it.each<[string, unknown]>([
    ['cline', { mcpServers: { x: { ...x, disabled: true } } }],
    ['windsurf', { mcpServers: { x: { ...x, disabled: true } } }],
    ['codex', '[mcp_servers.x]\ncommand = "a"\nenabled = false\n'],
    ['goose', { extensions: { x: { cmd: 'a', enabled: false } } }],
    ['zed', { context_servers: { x: { ...x, enabled: false } } }],
    ['opencode', { mcp: { x: { type: 'local', command: ['a'], enabled: false } } }],
    ['opencode', { mcp: { servers: { x: { type: 'local', command: ['a'], disabled: true } } } }],
    ['gemini', { mcp: { excluded: ['x'] }, mcpServers: { x } }],
    ['gemini', { mcp: { allowed: ['y'] }, mcpServers: { x } }],
    ['qwen', { excludeMCPServers: ['x'], mcpServers: { x } }],
  ])('%s', (id, content) => {
    expect(only(id, content).isEnabled).toBe(false);
  });

  it("follows Gemini's file of switches, whatever the letters", () => {
    const found = read('gemini', { mcpServers: { Files: x, other: x } });
    const after = switchedBy(client('gemini'), { path: '', text: '{ "files": { "enabled": false } }' }, found);
    expect(after.map(({ name, isEnabled }) => [name, isEnabled])).toEqual([
      ['Files', false],
      ['other', true],
    ]);
  });

  it('follows what Claude Code says of a folder', () => {
    const text = JSON.stringify({
      mcpServers: { user: x },
      projects: { '/p': { mcpServers: { a: x, b: x }, disabledMcpServers: ['b'], disabledMcpjsonServers: ['c'] } },
    });
    const own = foundServers(client('claude-code'), { path: '', text, projects: ['/p'] });
    expect(own.map(({ name, project, isEnabled }) => [name, project, isEnabled])).toEqual([
      ['user', undefined, true],
      ['a', '/p', true],
      ['b', '/p', false],
    ]);
    const shared = foundServers(client('claude-code'), {
      path: '',
      text: JSON.stringify({ mcpServers: { c: x, d: x } }),
      project: '/p',
    });
    const after = switchedBy(client('claude-code'), { path: '', text, projects: ['/p'] }, shared);
    expect(after.map(({ name, isEnabled }) => [name, isEnabled])).toEqual([
      ['c', false],
      ['d', true],
    ]);
  });

  it('reads entries of a folder only where it was asked for', () => {
    const content = { projects: { '/p': { mcpServers: { a: x } }, '/q': { mcpServers: { b: x } } } };
    expect(read('claude-code', content)).toEqual([]);
    expect(read('claude-code', content, { projects: ['/q'] }).map(({ name }) => name)).toEqual(['b']);
  });
});

describe('the folder of a server', () => {
  it.each([
    ['gemini', { cwd: './srv' }, undefined, '~/srv'],
    ['gemini', { cwd: 'srv' }, '/p', '/p/srv'],
    ['codex', {}, '/p', '/p'],
    ['cursor', { cwd: '/abs' }, '/p', '/abs'],
    ['warp', { working_directory: '~/w' }, undefined, '~/w'],
  ])('%s %o', (id, more, project, expected) => {
    const entry = { command: 'a', ...more };
    const content = id === 'codex' ? '[mcp_servers.x]\ncommand = "a"\n' : { mcpServers: { x: entry } };
    const server = only(id, content, { project });
    expect(server.cwd === undefined ? undefined : written(server.cwd)).toBe(expected);
  });
});

describe('our own entry', () => {
  it.each<[string, string[]]>([
    ['mcp-anywhere', []],
    ['/usr/local/bin/mcp-anywhere', ['--config', 'x']],
    ['C:\\Users\\me\\AppData\\Roaming\\npm\\mcp-anywhere.cmd', []],
    ['npx', ['-y', 'mcp-anywhere']],
    ['npx', ['-y', 'mcp-anywhere@latest', '--config', '/x']],
    ['npx', ['--package', 'mcp-anywhere', 'mcp-anywhere']],
    ['cmd', ['/c', 'npx', '-y', 'mcp-anywhere']],
    ['npm', ['exec', '-y', 'mcp-anywhere']],
    ['pnpm', ['dlx', 'mcp-anywhere@1']],
    ['/usr/bin/node', ['/usr/lib/node_modules/mcp-anywhere/dist/bin.js']],
    ['/opt/node22', ['--no-warnings', '/srv/mcp-anywhere/dist/bin.js']],
    ['node', ['/usr/local/bin/mcp-anywhere']],
    ['ssh', ['hub', 'mcp-anywhere']],
    ['ssh', ['-T', '-p', '2222', 'me@hub', 'mcp-anywhere', '--group', 'dev']],
    ['ssh', ['hub', 'cd /srv && exec mcp-anywhere']],
    ['ssh', ['hub', 'PATH=$HOME/bin:$PATH mcp-anywhere']],
    ['bash', ['-lc', 'npx -y mcp-anywhere']],
    ['sh', ['-c', 'mcp-anywhere']],
    ['env', ['A=b', 'mcp-anywhere']],
    ['docker', ['run', '-i', '--rm', 'ghcr.io/me/mcp-anywhere:1']],
    ['docker', ['exec', '-i', 'box', 'mcp-anywhere']],
    ['npx', ['-y', 'mcp-remote', 'http://127.0.0.1:5555/mcp']],
    ['wsl', ['-d', 'Ubuntu', 'mcp-anywhere']],
  ])('%s %j', (command, args) => {
    expect(only('cursor', { mcpServers: { tools: { command, args } } }).isOurselves).toBe(true);
  });

  it.each<[string, string[]]>([
    ['npx', ['-y', '@modelcontextprotocol/server-filesystem', '/home/me/mcp-anywhere']],
    ['npx', ['-y', 'server-git', '--repository', 'mcp-anywhere']],
    ['node', ['--import', 'tsx', '/home/me/server.js', '/home/me/mcp-anywhere']],
    ['ssh', ['hub', 'other-server /srv/mcp-anywhere']],
    ['docker', ['run', '-i', '-v', '/home/me/mcp-anywhere:/w', 'mcp/filesystem', '/w']],
    ['bash', ['-c', 'cd /srv/mcp-anywhere && ./serve']],
    ['uvx', ['mcp-server-git', '--repository', '/src/mcp-anywhere']],
    ['mcp-anywhere-notes', []],
    ['npx', ['-y', 'mcp-remote', 'https://mcp.example.com/mcp']],
  ])('is not %s %j', (command, args) => {
    expect(only('cursor', { mcpServers: { tools: { command, args } } }).isOurselves).toBe(false);
  });

  it('is found by the name that `install` gives where the checkout has another name', () => {
    const entry = { command: '/usr/bin/node', args: ['/work/app/dist/bin.js'] };
    expect(only('cursor', { mcpServers: { anywhere: entry } }).isOurselves).toBe(true);
    expect(only('cursor', { mcpServers: { other: entry } }).isOurselves).toBe(false);
    expect(only('cursor', { mcpServers: { x: { url: 'http://localhost:5555/mcp' } } }).isOurselves).toBe(true);
  });
});

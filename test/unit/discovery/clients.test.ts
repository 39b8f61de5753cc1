/** The table of AI clients, their files per platform, and their shapes as documented. */
import { describe, expect, it } from 'vitest';
import { CLIENTS, filesOf, signsOf } from '../../../src/discovery/clients.ts';
import { decoded, MAX_BYTES, rawEntry, readEntries, withEntry } from '../../../src/discovery/document.ts';
import { SHAPES, type Shape } from '../../../src/discovery/shapes.ts';

const program = { command: '/usr/bin/node', args: ['/opt/dist/bin.js'], variables: ['TOKEN'] };

function client(id: string) {
  const found = CLIENTS.find((one) => one.id === id);
  if (found === undefined) throw new Error(id);
  return found;
}

function parse(id: string, text: string): unknown {
  const shape: Shape = SHAPES[client(id).shape];
  return shape.format.parse(text);
}

function installed(id: string, text?: string): unknown {
  return parse(id, withEntry(client(id), text, 'anywhere', rawEntry(client(id), 'anywhere', program)));
}

describe('the table of clients', () => {
  it('names twenty clients and more, each once', () => {
    expect(CLIENTS.length).toBeGreaterThanOrEqual(20);
    expect(new Set(CLIENTS.map(({ id }) => id)).size).toBe(CLIENTS.length);
  });

  it.each(['linux', 'darwin', 'win32'] as const)('says an absolute path for each client on %s', (platform) => {
    const machine = { platform, env: {}, homeDir: platform === 'win32' ? 'C:\\Users\\me' : '/home/me' };
    for (const one of CLIENTS) {
      for (const path of [...filesOf(one, machine), ...signsOf(one, machine)])
        expect(path).toMatch(platform === 'win32' ? /^C:\/Users\/me\/[^<~$]+$/ : /^\/home\/me\/[^<~$\\]+$/);
    }
  });

  it('follows the variables of clients and platforms', () => {
    const env = { CODEX_HOME: '/c', XDG_CONFIG_HOME: '/x', APPDATA: 'D:\\App', GROK_HOME: '' };
    const at = (id: string, platform: NodeJS.Platform) => filesOf(client(id), { platform, env, homeDir: '/h' })[0];
    expect(at('codex', 'linux')).toBe('/c/config.toml');
    expect(at('grok', 'linux')).toBe('/h/.grok/config.toml');
    expect(at('zed', 'linux')).toBe('/x/zed/settings.json');
    expect(at('zed', 'darwin')).toBe('/h/.config/zed/settings.json');
    expect(at('vscode', 'darwin')).toBe('/h/Library/Application Support/Code/User/mcp.json');
    expect(at('vscode', 'win32')).toBe('D:/App/Code/User/mcp.json');
  });
});

describe('an entry', () => {
  const plain = { command: '/usr/bin/node', args: ['/opt/dist/bin.js'] };

  it.each([
    ['claude-desktop', { mcpServers: { anywhere: plain } }],
    ['claude-code', { mcpServers: { anywhere: { ...plain, env: { TOKEN: '${TOKEN:-}' } } } }],
    ['cursor', { mcpServers: { anywhere: { ...plain, env: { TOKEN: '${env:TOKEN}' } } } }],
    ['vscode', { servers: { anywhere: { type: 'stdio', ...plain, env: { TOKEN: '${env:TOKEN}' } } } }],
    ['gemini', { mcpServers: { anywhere: { ...plain, env: { TOKEN: '$TOKEN' } } } }],
    ['copilot', { mcpServers: { anywhere: { type: 'local', tools: ['*'], ...plain, env: { TOKEN: '$TOKEN' } } } }],
    ['zed', { context_servers: { anywhere: { source: 'custom', ...plain } } }],
    ['amp', { 'amp.mcpServers': { anywhere: plain } }],
    ['codex', { mcp_servers: { anywhere: { ...plain, env_vars: ['TOKEN'] } } }],
    ['grok', { mcp_servers: { anywhere: plain } }],
    ['vibe', { mcp_servers: [{ name: 'anywhere', transport: 'stdio', ...plain }] }],
    ['continue', { name: 'Local', version: '1.0.0', schema: 'v1', mcpServers: [{ name: 'anywhere', ...plain }] }],
    [
      'opencode',
      {
        mcp: {
          anywhere: { type: 'local', command: [plain.command, ...plain.args], environment: { TOKEN: '{env:TOKEN}' } },
        },
      },
    ],
    [
      'goose',
      {
        extensions: {
          anywhere: {
            name: 'anywhere',
            type: 'stdio',
            cmd: plain.command,
            args: plain.args,
            enabled: true,
            timeout: 300,
          },
        },
      },
    ],
  ])('is written as %s documents it', (id, whole) => {
    expect(installed(id)).toEqual(whole);
    const text = withEntry(client(id), undefined, 'anywhere', rawEntry(client(id), 'anywhere', program));
    expect(readEntries(client(id), text)).toMatchObject([{ name: 'anywhere', entry: { ...plain, isEnabled: true } }]);
  });

  it('is read whatever the client calls its parts', () => {
    const entries = (id: string, text: string) => readEntries(client(id), text).map(({ entry }) => entry);
    expect(
      entries('gemini', '{"mcpServers":{"a":{"httpUrl":"http://x"},"b":{"command":"c","cwd":"/d"}}}'),
    ).toMatchObject([
      { name: 'a', url: 'http://x' },
      { name: 'b', command: 'c', cwd: '/d' },
    ]);
    expect(entries('cline', '{"mcpServers":{"a":{"command":"c","disabled":true}}}')).toMatchObject([
      { isEnabled: false },
    ]);
    expect(entries('codex', '[mcp_servers.a]\ncommand = "c"\nenabled = false\nenv_vars = ["T"]\n')).toMatchObject([
      { isEnabled: false, inherits: ['T'] },
    ]);
    expect(
      entries('goose', 'extensions:\n  a: { type: stdio, cmd: c, envs: { E: "1" }, env_keys: [K] }\n'),
    ).toMatchObject([{ command: 'c', env: { E: '1' }, inherits: ['K'] }]);
    expect(entries('windsurf', '{"mcpServers":{"a":{"serverUrl":"http://w"}, "b": 1}}')).toMatchObject([
      { url: 'http://w' },
    ]);
  });

  it('of OpenCode stands in the layout that the file has', () => {
    const second = '{"mcp":{"timeout":5,"old":{"type":"local","command":["x"]},"servers":{"a":{"command":["y"]}}}}';
    expect(installed('opencode', second)).toMatchObject({
      mcp: { timeout: 5, servers: { a: {}, anywhere: { type: 'local' } } },
    });
    expect(readEntries(client('opencode'), second).map(({ name }) => name)).toEqual(['old', 'a']);
    const named = '{"mcp":{"servers":{"type":"remote","url":"http://x"}}}';
    expect(installed('opencode', named)).toMatchObject({ mcp: { anywhere: { type: 'local' } } });
  });

  it('keeps what a person added to it', () => {
    const before = { command: 'old', args: [], timeout: 5, env: { MINE: '1' } };
    expect(rawEntry(client('cursor'), 'anywhere', program, before)).toEqual({
      ...plain,
      timeout: 5,
      env: { MINE: '1', TOKEN: '${env:TOKEN}' },
    });
  });
});

describe('an odd file', () => {
  const add = (id: string, text: string) => withEntry(client(id), text, 'anywhere', { command: 'x', args: [] });

  it('keeps its byte order mark and its line endings', () => {
    const text = '\uFEFF{\r\n\t"mcpServers": {\r\n\t\t"a": {}\r\n\t}\r\n}\r\n';
    expect(add('cursor', text)).toBe(
      '\uFEFF{\r\n\t"mcpServers": {\r\n\t\t"a": {},\r\n\t\t"anywhere": {\r\n\t\t\t"command": "x",\r\n\t\t\t"args": []\r\n\t\t}\r\n\t}\r\n}\r\n',
    );
  });

  it('may be empty, or hold comments alone', () => {
    expect(parse('cursor', add('cursor', ''))).toEqual({ mcpServers: { anywhere: { command: 'x', args: [] } } });
    expect(add('cursor', '// mine\n')).toMatch(/^\/\/ mine\n\{/);
    expect(add('goose', '# mine\n')).toMatch(/^# mine\nextensions:\n {2}anywhere:/);
    expect(add('goose', 'extensions: {} # none\nB: 1\n')).toBe(
      'extensions: # none\n  anywhere:\n    command: x\n    args: []\nB: 1\n',
    );
  });

  it.each([
    ['cursor', '{ "mcpServers": ', 'not valid JSON at line 1'],
    ['cursor', '[1]', 'the file holds no object'],
    ['cursor', '{ "mcpServers": [] }', '`mcpServers` is no object'],
    ['cursor', '{ "mcpServers": {}, "mcpServers": {} }', '`mcpServers` stands there twice'],
    ['cursor', '['.repeat(200_000), /nested too deeply|not valid JSON/],
    ['codex', 'a = 1\nb = \n', 'not valid TOML at line 2'],
    ['codex', 'mcp_servers = 5\n', '`mcp_servers` is no object'],
    ['continue', 'mcpServers: { a: 1 }\n', '`mcpServers` is no list'],
    ['goose', 'a: 1\n b: [\n', 'not valid YAML at line'],
    ['goose', 'a: 1\na: 2\n', 'not valid YAML'],
    ['goose', 'a: 1\n---\nb: 2\n', 'not valid YAML'],
    ['goose', `a: &a [1]\nb: [${'*a, '.repeat(200)}]\nc: &c [*a, *a]\nd: [${'*c, '.repeat(200)}]\n`, 'not readable'],
  ])('of %s is refused: %s', (id, text, message) => {
    expect(() => add(id, text)).toThrow(message);
  });

  it('is refused where writing it again would damage it', () => {
    expect(() => decoded(new Uint8Array([0xff, 0xfe, 0x7b, 0x00]))).toThrow('not UTF-8');
    expect(() => decoded(new Uint8Array([0x7b, 0xe9, 0x7d]))).toThrow('not UTF-8');
    expect(() => decoded(new Uint8Array([0x7b, 0x00, 0x7d, 0x00]))).toThrow('not UTF-8');
    expect(() => decoded(new Uint8Array(MAX_BYTES + 1))).toThrow('larger than 32 MiB');
  });
});

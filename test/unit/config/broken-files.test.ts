/** Every kind of mistake, each with its place, its key and an advice. */
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../../src/config/problem.ts';
import { FILE, problemsIn } from './helpers.ts';

/** Name, text, line:column, key, and what the sentence must say. */
type Case = readonly [name: string, text: string | Uint8Array, place: string, key: string, says: RegExp];

const server = (more: string): string => `hosts:\n  h:\n    servers:\n      s:\n        command: x\n        ${more}\n`;
const ssh = (more: string): string => `hosts:\n  h:\n    ssh:\n      ${more}\n`;

const SYNTAX: readonly Case[] = [
  ['an empty file', '', '1:1', '', /found nothing/],
  ['only a comment', '# later\n', '1:1', '', /found nothing/],
  ['a list', '- a\n', '1:1', '', /expected a mapping.*found a list/],
  ['a text', 'hello\n', '1:1', '', /expected a mapping.*found "hello"/],
  ['a tab as indentation', 'hosts:\n\th: {}\n', '2:1', '', /found a tab/],
  ['an unclosed bracket', 'hosts: { h: {}\n', '2:1', '', /`}` before this place, for the `{` of line 1, column 8/],
  [
    'a server whose `}` is missing',
    'hosts:\n  h:\n    servers:\n      a: { command: x, args: [y]\n      b: { command: x }\n',
    '5:7',
    '',
    /for the `{` of line 4, column 10.*close the `{` of line 4/,
  ],
  [
    'a list that ends with }',
    'hosts:\n  h:\n    tags: [a }\n',
    '3:14',
    '',
    /`\]` before this place, for the `\[` of line 3/,
  ],
  ['an unclosed quote', 'hosts:\n  h: { tags: ["a] }\n', '3:1', '', /closing quote/],
  [
    'an unknown alias, as an unquoted glob is',
    server('tools: { deny: [*_secret] }'),
    '6:25',
    'hosts.h.servers.s.tools.deny[0]',
    /in quotes/,
  ],
  ['a tag', 'hosts: !!python/object {}\n', '1:8', '', /tag/],
  ['a second document', 'hosts: {}\n---\nhosts: {}\n', '2:1', '', /second one/],
  ['two colons on a line', 'hosts:\n  h: a: b\n', '2:6', '', /in quotes/],
  ['a list as key', 'hosts:\n  [a]: {}\n', '2:3', '', /name as key/],
  ['UTF-16', Buffer.from('\ufeffhosts: {}\n', 'utf16le'), '1:1', '', /UTF-16.*save the file as UTF-8/],
  ['Latin-1', Buffer.from('hosts: {}\n# \u00e4\n', 'latin1'), '2:1', '', /not UTF-8/],
  ['endless aliases', bomb(), '1:1', '', /aliases that expand without end/],
  ['nesting without end', `hosts: ${'['.repeat(60_000)}`, '1:1', '', /nested too deeply/],
  ['a huge file', new Uint8Array(5 * 1024 * 1024).fill(0x20), '1:1', '', /at most 4 MiB/],
];

const KEYS: readonly Case[] = [
  ['a key twice', 'hosts:\n  h: {}\n  h: {}\n', '3:3', '', /second time/],
  ['an unknown key near a known one', 'hots: {}\nhosts: {}\n', '1:1', 'hots', /did you mean `hosts`\?/],
  ['an unknown key far from all', 'zzzzzz: {}\nhosts: {}\n', '1:1', 'zzzzzz', /expected one of .*hosts/],
  [
    "another tool's word",
    'hosts:\n  h:\n    mcpServers: {}\n',
    '3:5',
    'hosts.h.mcpServers',
    /did you mean `servers`\?/,
  ],
  [
    'a near-miss word of another tool',
    server('timout: 5'),
    '6:9',
    'hosts.h.servers.s.timout',
    /did you mean `timeoutMs`\?/,
  ],
  ['an option of ssh', ssh('ProxyCommand: nc %h %p'), '4:7', 'hosts.h.ssh.ProxyCommand', /belong in ~\/\.ssh\/config/],
  ['no hosts', 'version: 1\n', '1:1', 'hosts', /found nothing/],
  ['__proto__', 'hosts:\n  __proto__: {}\n', '2:3', 'hosts.__proto__', /reserved/],
  ['__proto__ deep inside', server('env: { __proto__: x }'), '6:16', 'hosts.h.servers.s.env.__proto__', /reserved/],
];

const NAMES: readonly Case[] = [
  [
    'a host with a dot',
    'hosts: { gpu.example: {} }\n',
    '1:10',
    'hosts."gpu.example"',
    /gpu-example: \{ ssh: \{ alias: "gpu\.example" \} \}/,
  ],
  ['a host with two underscores', 'hosts: { a__b: {} }\n', '1:10', 'hosts.a__b', /single `_`/],
  ['a host with an underscore at its end', 'hosts: { a_: {} }\n', '1:10', 'hosts.a_', /letter or digit/],
  ['a host like an option', 'hosts: { -oProxyCommand=x: {} }\n', '1:10', 'hosts."-oProxyCommand=x"', /letter or digit/],
  [
    'a server with a space',
    'hosts: { h: { servers: { a b: { command: x } } } }\n',
    '1:26',
    'hosts.h.servers."a b"',
    /for instance `a-b`/,
  ],
  ['a name without an end', `hosts: { ${'a'.repeat(64)}: {} }\n`, '1:10', `hosts.${'a'.repeat(64)}`, /expected a name/],
  ['an empty name', 'hosts: { "": {} }\n', '1:10', 'hosts.""', /expected a name/],
];

const LATER: readonly Case[] = [
  ...['policy', 'http', 'audit'].map(
    (key): Case => [key, `hosts: {}\n${key}: {}\n`, '2:1', key, /this version does not support yet/],
  ),
  ['pool of a host', 'hosts:\n  h:\n    pool: {}\n', '3:5', 'hosts.h.pool', /not support yet/],
  [
    'url of a server',
    'hosts:\n  h:\n    servers:\n      s:\n        url: http://x\n',
    '5:9',
    'hosts.h.servers.s.url',
    /not support yet/,
  ],
  ['headers of a server', server('headers: {}'), '6:9', 'hosts.h.servers.s.headers', /not support yet/],
];

const found = (value: string, more = ''): string => `hosts:\n  h:\n    discover: ${value}\n${more}`;

const DISCOVER: readonly Case[] = [
  ['discover: yes as a text', found('"yes"'), '3:15', 'hosts.h.discover', /true, false, or a mapping/],
  [
    'an unknown key of discover',
    found('{ client: [cursor] }'),
    '3:17',
    'hosts.h.discover.client',
    /did you mean `clients`/,
  ],
  ['an unknown client', found('{ clients: [curser] }'), '3:27', 'hosts.h.discover.clients[0]', /did you mean `cursor`/],
  ['no client at all', found('{ clients: [] }'), '3:26', 'hosts.h.discover.clients', /leave the key out/],
  [
    'a relative project',
    found('{ projects: [src/app] }'),
    '3:28',
    'hosts.h.discover.projects[0]',
    /write `~\/src\/app`/,
  ],
  [
    'discover with a subsystem',
    found('true', '    ssh: { subsystem: mcp }\n'),
    '3:5',
    'hosts.h.discover',
    /no file can be read on such a host/,
  ],
];

const SSH: readonly Case[] = [
  ['a host like an option', ssh('host: -oProxyCommand=x'), '4:13', 'hosts.h.ssh.host', /host name or an address/],
  ['a host with its user', ssh('host: me@box'), '4:13', 'hosts.h.ssh.host', /`user: me` and `host: box`/],
  ['a host with its port', ssh('host: box:2222'), '4:13', 'hosts.h.ssh.host', /`host: box` and `port: 2222`/],
  ['a URL', ssh('host: ssh://box'), '4:13', 'hosts.h.ssh.host', /write `host: box`$/],
  [
    'a URL with everything',
    ssh('host: ssh://me@box:2222/'),
    '4:13',
    'hosts.h.ssh.host',
    /`user: me` and `host: box` and `port: 2222`/,
  ],
  ['an address in brackets', ssh('host: "[fe80::1]"'), '4:13', 'hosts.h.ssh.host', /write `host: fe80::1`$/],
  [
    'an address in brackets with its port',
    ssh('host: "[fe80::1]:2222"'),
    '4:13',
    'hosts.h.ssh.host',
    /`host: fe80::1` and `port: 2222`/,
  ],
  [
    'a user, a host and a port in one',
    ssh('host: CORP\\me@box:2222'),
    '4:13',
    'hosts.h.ssh.host',
    /`user: CORP\\me` and `host: box` and `port: 2222`/,
  ],
  ['a host of several words', ssh('host: a b'), '4:13', 'hosts.h.ssh.host', /found "a b"/],
  ['a number as host', ssh('host: 10'), '4:13', 'hosts.h.ssh.host', /write the text in quotes: "10"/],
  ['a user like an option', ssh('user: -x'), '4:13', 'hosts.h.ssh.user', /login name/],
  ['a user that a shell would read', ssh('user: "a$(id)"'), '4:13', 'hosts.h.ssh.user', /login name/],
  ['an alias like an option', ssh('alias: -x'), '4:14', 'hosts.h.ssh.alias', /not starting with `-`/],
  ['a pattern as alias', ssh('alias: "*.example"'), '4:14', 'hosts.h.ssh.alias', /without wildcards/],
  ['a port out of range', ssh('port: 65536'), '4:13', 'hosts.h.ssh.port', /from 1 to 65535, found 65536/],
  ['a port in quotes', ssh('port: "22"'), '4:13', 'hosts.h.ssh.port', /found "22"/],
  ['half a port', ssh('port: 22.5'), '4:13', 'hosts.h.ssh.port', /found 22.5/],
  [
    'a jump host like an option',
    ssh('proxyJump: a,-oProxyCommand=x'),
    '4:18',
    'hosts.h.ssh.proxyJump',
    /\[user@\]host/,
  ],
  ['a jump host that a shell would read', ssh('proxyJump: "a;id"'), '4:18', 'hosts.h.ssh.proxyJump', /\[user@\]host/],
  ['an identity like an option', ssh('identityFile: -x'), '4:21', 'hosts.h.ssh.identityFile', /`\.\/-x`/],
  ['tokens in a path', ssh('identityFile: "%d/key"'), '4:21', 'hosts.h.ssh.identityFile', /without `%`/],
  [
    "another user's home",
    ssh('knownHostsFile: ~you/x'),
    '4:23',
    'hosts.h.ssh.knownHostsFile',
    /only `~\/` is expanded/,
  ],
  ['no identities', ssh('identityFile: []'), '4:21', 'hosts.h.ssh.identityFile', /a path/],
  [
    'an unknown backend',
    ssh('backend: putty'),
    '4:16',
    'hosts.h.ssh.backend',
    /`auto`, `ssh2` or `openssh`, found "putty"/,
  ],
  ['a subsystem like an option', ssh('subsystem: -x'), '4:18', 'hosts.h.ssh.subsystem', /subsystem of sshd/],
  [
    'a text for a flag',
    ssh('reuseControlMaster: "yes"'),
    '4:27',
    'hosts.h.ssh.reuseControlMaster',
    /true or false, found "yes"/,
  ],
  ['a line break', ssh('host: "a\\nb"'), '4:13', 'hosts.h.ssh.host', /control characters/],
  [
    'local and ssh',
    'hosts:\n  h:\n    local: true\n    ssh: {}\n',
    '4:5',
    'hosts.h.ssh',
    /`local: true` or `ssh`, found both/,
  ],
];

const SERVERS: readonly Case[] = [
  ['no command', 'hosts: { h: { servers: { s: {} } } }\n', '1:26', 'hosts.h.servers.s.command', /add `command`/],
  [
    'nothing behind command',
    'hosts: { h: { servers: { s: { command: } } } }\n',
    '1:31',
    'hosts.h.servers.s.command',
    /empty value/,
  ],
  [
    'a command line',
    server('').replace('command: x', 'command: npx -y foo'),
    '5:18',
    'hosts.h.servers.s.command',
    /`command: npx`.*`args`/,
  ],
  [
    'a reference as command',
    server('').replace('command: x', 'command: ${env:X}'),
    '5:18',
    'hosts.h.servers.s.command',
    /use references in `env`/,
  ],
  ['a text for args', server('args: -y foo'), '6:15', 'hosts.h.servers.s.args', /a list of texts/],
  ['nothing in args', server('args: [a, ~]'), '6:19', 'hosts.h.servers.s.args[1]', /a text, found nothing/],
  [
    'a reference in args',
    server('args: ["${env:X}"]'),
    '6:16',
    'hosts.h.servers.s.args[0]',
    /allowSecretsInArgs: true/,
  ],
  ['a variable name with a dash', server('env: { A-B: x }'), '6:16', 'hosts.h.servers.s.env.A-B', /for instance `A_B`/],
  [
    'a variable name from a digit',
    server('env: { 1A: x }'),
    '6:16',
    'hosts.h.servers.s.env.1A',
    /letters, digits and `_`/,
  ],
  [
    'a mapping as variable',
    server('env: { A: { b: c } }'),
    '6:19',
    'hosts.h.servers.s.env.A',
    /a text, found a mapping/,
  ],
  ['nothing as variable', server('env: { A: }'), '6:16', 'hosts.h.servers.s.env.A', /a text, found nothing/],
  ['NUL in a variable', server('env: { A: "a\\0b" }'), '6:19', 'hosts.h.servers.s.env.A', /NUL/],
  ['a huge variable', server(`env: { A: ${'x'.repeat(131_073)} }`), '6:19', 'hosts.h.servers.s.env.A', /128 KiB/],
  [
    'a variable too long with its name',
    server(`env: { A: ${'x'.repeat(131_070)} }`),
    '6:19',
    'hosts.h.servers.s.env.A',
    /with its name/,
  ],
  [
    'an unclosed reference',
    server('env: { A: "${env:X" }'),
    '6:19',
    'hosts.h.servers.s.env.A',
    /without a closing `}`/,
  ],
  ["a shell's reference", server('env: { A: "${HOME}" }'), '6:19', 'hosts.h.servers.s.env.A', /\$\{env:NAME\}.*\$\$\{/],
  ['a relative cwd', server('cwd: work'), '6:14', 'hosts.h.servers.s.cwd', /write `~\/work`/],
  ["a shell's home as cwd", server('cwd: $HOME/work'), '6:14', 'hosts.h.servers.s.cwd', /write `~\/work`/],
  ['an unknown sharing', server('sharing: global'), '6:18', 'hosts.h.servers.s.sharing', /`session` or `shared`/],
  [
    'an allow list of nothing',
    server('tools: { allow: [] }'),
    '6:25',
    'hosts.h.servers.s.tools.allow',
    /leave the key out/,
  ],
  ['nothing behind allow', server('tools: { allow: }'), '6:18', 'hosts.h.servers.s.tools.allow', /a list of globs/],
  [
    'an illegal tool name',
    server('tools: { rename: { a: "b c" } }'),
    '6:31',
    'hosts.h.servers.s.tools.rename.a',
    /tool name/,
  ],
  [
    'two tools of one name',
    server('tools: { rename: { a: x, b: x } }'),
    '6:37',
    'hosts.h.servers.s.tools.rename.b',
    /the same name twice/,
  ],
  ['seconds for milliseconds', server('timeoutMs: 60'), '6:20', 'hosts.h.servers.s.timeoutMs', /milliseconds from 100/],
  ['a timer that Node cannot hold', server('idleMs: 2147483648'), '6:17', 'hosts.h.servers.s.idleMs', /to 2147483647/],
  [
    'args where nothing is launched',
    'hosts: { h: { ssh: { subsystem: mcp }, servers: { s: { args: [a] } } } }\n',
    '1:56',
    'hosts.h.servers.s.args',
    /nothing is launched/,
  ],
];

const GLOBALS: readonly Case[] = [
  ['another version', 'version: 2\nhosts: {}\n', '1:10', 'version', /expected 1.*found 2/],
  ['names too short', 'hosts: {}\nnaming: { maxLength: 10 }\n', '2:22', 'naming.maxLength', /from 24 to 64/],
  ['names too long', 'hosts: {}\nnaming: { maxLength: 65 }\n', '2:22', 'naming.maxLength', /from 24 to 64/],
  ['no attempts', 'hosts: {}\nreconnect: { attempts: 0 }\n', '2:24', 'reconnect.attempts', /`unlimited`/],
  [
    'a wait that shrinks',
    'hosts: {}\nreconnect: { initialMs: 900, maxMs: 100 }\n',
    '2:37',
    'reconnect.maxMs',
    /at least `initialMs`/,
  ],
  [
    'a lease too short for the default interval',
    'hosts: {}\nheartbeat: { leaseMs: 6000 }\n',
    '2:23',
    'heartbeat.leaseMs',
    /twice `intervalMs`/,
  ],
  [
    'messages without bound',
    'hosts: {}\nlimits: { maxMessageBytes: 99999999999 }\n',
    '2:28',
    'limits.maxMessageBytes',
    /from 4096/,
  ],
  ['nothing behind a group', 'hosts: {}\nheartbeat:\n', '2:1', 'heartbeat', /a mapping/],
];

describe.each([
  ['syntax', SYNTAX],
  ['keys', KEYS],
  ['names', NAMES],
  ['later features', LATER],
  ['discover', DISCOVER],
  ['ssh', SSH],
  ['servers', SERVERS],
  ['the rest', GLOBALS],
])('mistakes in %s', (_group, cases) => {
  it.each(cases.map((one) => ({ name: one[0], read: () => one })))('$name', ({ read }) => {
    const [, text, place, key, says] = read();
    const problems = problemsIn(text);
    expect(problems.map(formatProblem)).toHaveLength(1);
    const [problem] = problems;
    expect(`${problem?.line}:${problem?.column}`).toBe(place);
    expect(problem?.key).toBe(key);
    expect(problem?.file).toBe(FILE);
    expect(problems.map(formatProblem).join()).toMatch(says);
  });
});

it('all mistakes are told at once, in the order of the file', () => {
  const problems = problemsIn(
    [
      'version: 9',
      'policy: {}',
      'hosts:',
      '  a.b:',
      '    ssh: { port: x, host: me@box }',
      '    servers:',
      '      s: { args: ["${env:X}"], env: { A-B: "${" }, timout: 1 }',
      '  here: { local: true, ssh: {} }',
      'heartbeat: { intervalMs: 50000 }',
    ].join('\n'),
  );
  expect(problems.map(({ line, key }) => `${line} ${key}`)).toEqual([
    '1 version',
    '2 policy',
    '4 hosts."a.b"',
    '5 hosts."a.b".ssh.port',
    '5 hosts."a.b".ssh.host',
    '7 hosts."a.b".servers.s.command',
    '7 hosts."a.b".servers.s.args[0]',
    '7 hosts."a.b".servers.s.env.A-B',
    '7 hosts."a.b".servers.s.env.A-B',
    '7 hosts."a.b".servers.s.timout',
    '8 hosts.here.ssh',
    '9 heartbeat.intervalMs',
  ]);
});

it('a mistake behind an alias or a merge is shown where it is written', () => {
  const text = 'hosts:\n  a: &a\n    ssh: { port: 0 }\n  b:\n    <<: *a\n    tags: [x]\n  c: *a\n';
  expect(problemsIn(text).map(({ line, column, key }) => `${line}:${column} ${key}`)).toEqual([
    '3:18 hosts.a.ssh.port',
    '3:18 hosts.b.ssh.port',
    '3:18 hosts.c.ssh.port',
  ]);
});

it('a merge that names itself ends', () => {
  expect(problemsIn('hosts:\n  a: &a\n    <<: *a\n    zzz: 1\n').length).toBeGreaterThan(0);
});

it('never quotes what may be a secret', () => {
  const secret = 'hunter2-4711';
  const texts = [
    server(`env: { TOKEN: "\${${secret}" }`),
    server(`env: { TOKEN: "\${${secret}:x}" }`),
    server(`env: { TOKEN: [${secret}] }`),
    server(`env: { TOKEN: { ${secret.replace('-', '_')}: 1 } }`).replace('4711', '4711'),
    server(`args: [{ a: ${secret} }]`),
    server(`args: ["${secret}\${env:X}"]`),
    server(`env: { TOKEN: "${secret} }`),
    server(`env: { TOKEN: *${secret} }`),
  ];
  for (const text of texts) {
    const said = problemsIn(text).map(formatProblem).join('\n');
    expect(said).not.toBe('');
    expect(said).not.toContain('hunter2');
  }
});

function bomb(): string {
  const levels = Array.from(
    { length: 12 },
    (_, level) => `  h${level + 1}: &l${level + 1} [${`*l${level}, `.repeat(9)}]`,
  );
  return ['hosts:', '  h0: &l0 [a, a]', ...levels].join('\n');
}

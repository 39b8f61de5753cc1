/** What a valid hosts file becomes. */
import { describe, expect, it } from 'vitest';
import { planOf, problemsIn, serverOf, sshOf } from './helpers.ts';

const server = (more: string): string => `hosts:\n  h:\n    servers:\n      s:\n        command: x\n        ${more}\n`;
const ssh = (more: string): string => `hosts: { h: { ssh: { ${more} } } }\n`;

describe('what is left out', () => {
  it('gets the documented defaults', () => {
    const plan = planOf('hosts: { h: { servers: { s: { command: x } } } }');
    expect(plan).toMatchObject({
      file: '/etc/hosts-files/mine.yaml',
      naming: { maxLength: 48, titles: 'place' },
      catalog: { ttlMs: 300_000 },
      reconnect: { initialMs: 250, maxMs: 30_000, attempts: Infinity },
      heartbeat: { intervalMs: 5_000, leaseMs: 60_000 },
      limits: {
        maxMessageBytes: 268_435_456,
        callsPerServer: 256,
        waitingPerServer: 1024,
        requestsPerClient: 2048,
        dials: 8,
        launches: 8,
        logLinesPerSecond: 500,
        logFileBytes: 5_242_880,
      },
    });
    expect(plan.hosts[0]?.ssh).toEqual({
      alias: 'h',
      host: undefined,
      user: undefined,
      port: undefined,
      identityFiles: [],
      proxyJump: undefined,
      configFile: undefined,
      knownHostsFiles: [],
      backend: 'auto',
      subsystem: undefined,
      reuseControlMaster: false,
      forwardAgent: false,
      connectTimeoutMs: 20_000,
    });
    expect(plan.hosts[0]?.servers[0]).toEqual({
      name: 's',
      host: 'h',
      namedAs: ['h', 's'],
      command: 'x',
      args: [],
      env: new Map(),
      inheritEnv: [],
      cwd: undefined,
      sharing: 'session',
      tools: { allow: [], deny: [], rename: new Map() },
      timeoutMs: 60_000,
      totalTimeoutMs: 14_400_000,
      pingMs: 60_000,
      startTimeoutMs: 120_000,
      idleMs: 1_800_000,
      enabled: true,
    });
  });

  it.each(['hosts:\n', 'hosts: {}\n', '{"hosts": {}}'])('%j has no hosts', (text) => {
    expect(planOf(text).hosts).toEqual([]);
  });

  it('may be the whole host, its servers and its variables', () => {
    const plan = planOf('defaults:\nhosts:\n  a:\n  b:\n    servers:\n  c: { servers: { s: { command: x, env: } } }\n');
    expect(plan.hosts.map(({ name, servers }) => [name, servers.length])).toEqual([
      ['a', 0],
      ['b', 0],
      ['c', 1],
    ]);
  });

  it('in part of a group leaves the rest of it as it was', () => {
    expect(planOf('hosts: {}\nreconnect: { attempts: 3 }\nheartbeat: { leaseMs: 20000 }\n')).toMatchObject({
      reconnect: { initialMs: 250, maxMs: 30_000, attempts: 3 },
      heartbeat: { intervalMs: 5_000, leaseMs: 20_000 },
    });
  });
});

describe('defaults of the file', () => {
  const text = [
    'defaults:',
    '  tags: [all]',
    '  ssh: { user: me, port: 2200, configFile: ~/cfg }',
    '  servers:',
    '    clock: { command: clock, args: [a], timeoutMs: 500 }',
    '    later: { args: [b] }',
    'hosts:',
    '  a: { ssh: { port: 22 }, servers: { later: { command: here } } }',
    '  b: { tags: [own], servers: { clock: { enabled: false }, later: { command: there, args: [] } } }',
    '  c: { local: true, servers: { later: { command: x } } }',
    '  d: { ssh: { subsystem: mcp }, servers: { only: } }',
  ].join('\n');

  it('hold key by key unless the host says otherwise', () => {
    const [a, b] = planOf(text).hosts;
    expect(a).toMatchObject({ tags: ['all'], ssh: { user: 'me', port: 22, configFile: '/home/me/cfg' } });
    expect(b).toMatchObject({ tags: ['own'], ssh: { user: 'me', port: 2200 } });
  });

  it('give every host their servers, which it can change', () => {
    const [a, b] = planOf(text).hosts;
    expect(a?.servers.map((entry) => [entry.name, entry.command, entry.args.length])).toEqual([
      ['clock', 'clock', 1],
      ['later', 'here', 1],
    ]);
    expect(b?.servers[0]).toMatchObject({ name: 'clock', command: 'clock', timeoutMs: 500, enabled: false, host: 'b' });
    expect(b?.servers[1]?.args).toEqual([]);
  });

  it('make no ssh of a local host, and run nothing on a subsystem', () => {
    const [, , c, d] = planOf(text).hosts;
    expect(c?.ssh).toBeUndefined();
    expect(c?.servers.map(({ name }) => name)).toEqual(['clock', 'later']);
    expect(d?.servers.map(({ name, command }) => [name, command])).toEqual([['only', '']]);
  });

  it('leave a server without a command to be a mistake of the host', () => {
    const problems = problemsIn('defaults: { servers: { s: { args: [a] } } }\nhosts: { h: { servers: { s: {} } } }\n');
    expect(problems.map(({ key }) => key)).toEqual(['hosts.h.servers.s.command']);
  });

  it("cannot let references into args behind a host's back", () => {
    const problems = problemsIn(
      'hosts: { h: { servers: { s: { command: x, args: ["${env:A}"], allowSecretsInArgs: false } } } }\n',
    );
    expect(problems.map(({ key }) => key)).toEqual(['hosts.h.servers.s.args[0]']);
    expect(
      problemsIn('hosts: { h: { servers: { s: { command: x, args: ["${env:A}"], allowSecretsInArgs: true } } } }\n'),
    ).toEqual([]);
  });
});

describe('paths of ssh', () => {
  it.each([
    ['~/keys/a', '/home/me/keys/a'],
    ['/abs/a', '/abs/a'],
    ['keys/a', '/etc/hosts-files/keys/a'],
    ['../a', '/etc/a'],
    ['~', '/home/me'],
  ])('%s is %s', (written, absolute) => {
    expect(sshOf(ssh(`identityFile: ${written === '~' ? '"~"' : written}`)).identityFiles).toEqual([absolute]);
    expect(sshOf(ssh(`knownHostsFile: ["${written}"]`)).knownHostsFiles).toEqual([absolute]);
    expect(sshOf(ssh(`configFile: "${written}"`)).configFile).toBe(absolute);
  });

  it('may be several, and `none` stays a word of ssh', () => {
    expect(sshOf(ssh('identityFile: [/a, ~/b], configFile: none'))).toMatchObject({
      identityFiles: ['/a', '/home/me/b'],
      configFile: 'none',
    });
  });
});

describe('hosts of ssh', () => {
  it.each(['192.0.2.7', 'gpu1.example.com', '2001:db8::1', 'fe80::1%eth0', 'box_1'])('%s', (host) => {
    expect(sshOf(ssh(`host: "${host}"`))).toMatchObject({ alias: 'h', host });
  });

  it.each(['none', 'bastion', 'me@bastion:22', 'a,b.example:2200', '[2001:db8::1]:22', 'u@[2001:db8::1]'])(
    'jump %s',
    (jump) => {
      expect(sshOf(ssh(`proxyJump: "${jump}"`)).proxyJump).toBe(jump);
    },
  );

  it.each(['CORP\\me', 'first last', 'host$', 'me@corp.example'])('user %s', (user) => {
    expect(sshOf(ssh(`user: '${user}'`)).user).toBe(user);
  });

  it('have an alias that no name could be', () => {
    expect(sshOf(ssh('alias: gpu.example.com'))).toMatchObject({ alias: 'gpu.example.com', host: undefined });
  });
});

describe('texts', () => {
  it.each([
    ['8080', '8080'],
    ['08080', '08080'],
    ['1.10', '1.10'],
    ['1e3', '1e3'],
    ['0x1F', '0x1F'],
    ['12345678901234567890', '12345678901234567890'],
    ['true', 'true'],
    ['True', 'True'],
    ['yes', 'yes'],
    ['no', 'no'],
    ['2026-01-01', '2026-01-01'],
    ['"null"', 'null'],
    ['""', ''],
    ["'$HOME'", '$HOME'],
    ['"a\\nb"', 'a\nb'],
  ])('%s in env and args is what is written', (written, text) => {
    const plan = serverOf(server(`env: { A: ${written} }\n        args: [${written}]`));
    expect([...plan.env]).toEqual([['A', { pieces: text === '' ? [] : [text] }]]);
    expect(plan.args).toEqual([{ pieces: text === '' ? [] : [text] }]);
  });

  it('stay what is written behind an alias and a merge', () => {
    const text =
      'hosts:\n  h:\n    servers:\n      t: &t { command: x, env: { V: 1.10 }, args: [007] }\n      s:\n        <<: *t\n        cwd: /w\n';
    expect([...serverOf(text).env.values(), ...serverOf(text).args]).toEqual([
      { pieces: ['1.10'] },
      { pieces: ['007'] },
    ]);
  });

  it('of a host that is called env are not touched', () => {
    expect(planOf('hosts: { env: { ssh: { port: 22 } } }').hosts[0]?.ssh?.port).toBe(22);
  });

  it('hold a variable of exactly the longest length', () => {
    expect(serverOf(server(`env: { A: ${'x'.repeat(131_071 - 2)} }`)).env.size).toBe(1);
  });

  it('name files beside the hosts file', () => {
    const plan = serverOf(server('env: { A: "${file:token}", B: "${file:~/token}" }'));
    expect([...plan.env.values()]).toEqual([
      { pieces: [{ kind: 'file', path: '/etc/hosts-files/token' }] },
      { pieces: [{ kind: 'file', path: '~/token' }] },
    ]);
  });
});

describe('forms of the file', () => {
  it('JSON, with the key that editors want', () => {
    const text = JSON.stringify(
      { $schema: 'x', version: 1, hosts: { h: { servers: { s: { command: 'x', env: { P: 8080 } } } } } },
      null,
      '\t',
    );
    expect(serverOf(text).env.get('P')).toEqual({ pieces: ['8080'] });
  });

  it('a BOM, CRLF and comments', () => {
    expect(serverOf('\ufeff# mine\r\nhosts:\r\n  h: { servers: { s: { command: x } } } # end\r\n').command).toBe('x');
  });

  it('names that JavaScript knows are names like others', () => {
    const plan = planOf('hosts: { constructor: { servers: { toString: { command: x } } }, valueOf: }');
    expect(plan.hosts.map(({ name, servers }) => [name, servers.length])).toEqual([
      ['constructor', 1],
      ['valueOf', 0],
    ]);
  });

  it('tools are filtered and renamed as written', () => {
    const { tools } = serverOf(server('tools: { allow: ["read_*"], deny: ["*_x"], rename: { a__b: c } }'));
    expect(tools).toEqual({ allow: ['read_*'], deny: ['*_x'], rename: new Map([['a__b', 'c']]) });
  });
});

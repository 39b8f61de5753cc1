import { describe, expect, it } from 'vitest';
import type { HostStatus, ServerStatus, StatusSnapshot } from '../../../src/api/status.ts';
import { changeLine, statusExit, statusText } from '../../../src/cli/status.ts';
import { chooseStyle } from '../../../src/cli/style.ts';

const plain = chooseStyle({ color: false, isTTY: true, env: {} });
const auth = { code: 'AUTH_FAILED', message: 'nas accepted no key', hint: 'ssh-add -l', host: 'nas' } as const;
const gone = {
  code: 'COMMAND_NOT_FOUND',
  message: 'npx does not exist',
  hint: 'install it',
  host: 'gpu1',
  server: 'git',
} as const;

function server(name: string, more: Partial<ServerStatus> = {}): ServerStatus {
  const process = { command: ['npx', 'server'], env: [], instances: [], restarts: 0 };
  return { name, state: 'ready', tools: 3, problems: [], cached: false, ...process, ...more };
}

function host(name: string, servers: readonly ServerStatus[], more: Partial<HostStatus> = {}): HostStatus {
  return { name, state: 'ready', connections: 1, backend: 'ssh2', tags: [], servers, ...more };
}

function snapshot(...hosts: HostStatus[]): StatusSnapshot {
  return { schemaVersion: 1, daemon: null, hosts, clients: [], calls: [] };
}

const up = host('gpu1', [server('files'), server('git', { tools: 5 })], { rttMs: 12.4 });
const refused = host('nas', [server('media', { state: 'failed', cause: auth, tools: 2, cached: true })], {
  state: 'refused',
  cause: auth,
  connections: 0,
});

describe('status as text', () => {
  it('has a line a host, and below them what is wrong with its next step', () => {
    expect(statusText(snapshot(up, refused), plain).split('\n')).toEqual([
      'host  state      rtt   servers  tools',
      'gpu1  ● up       12ms  2/2      8',
      'nas   ✖ refused        0/1      2',
      '',
      '✖ nas: nas accepted no key',
      '  next ssh-add -l',
      '',
    ]);
  });

  it('has a line a pool, which says who takes no calls', () => {
    const one = { server: 'draw', tools: 4, inFlight: 0, share: 1 };
    const members = [
      { ...one, host: 'gpu1', state: 'up' },
      { ...one, host: 'gpu2', state: 'retrying' },
      { ...one, host: 'gpu3', state: 'disabled' },
    ] as const;
    const pools = [{ name: 'render', strategy: 'least-busy', pin: false, tools: 4, members }] as const;
    expect(statusText({ ...snapshot(up), pools }, plain).split('\n')).toEqual([
      'host  state  rtt   servers  tools',
      'gpu1  ● up   12ms  2/2      8',
      '',
      'render  ● 1/2 up  least-busy  4 tools  gpu1/draw, gpu2/draw (retrying), gpu3/draw (disabled)',
      '',
    ]);
  });

  it('counts every server, names those that are off, and gives no number where nobody has looked yet', () => {
    const off = server('every', { state: 'disabled', tools: 0 });
    const fresh = server('new', { state: 'idle', tools: 0, neverListed: true });
    const pending = host('far', [], { discover: { pending: true, unread: [] } });
    const hosts = [host('a', [server('files'), off]), host('b', [server('files'), fresh]), host('c', [fresh]), pending];
    expect(statusText(snapshot(...hosts), plain).split('\n')).toEqual([
      'host  state  servers         tools',
      'a     ● up   1/2, every off  3',
      'b     ● up   2/2             3, 1 server not listed yet',
      'c     ● up   1/1             not listed yet',
      'far   ● up   0/0             not looked at yet',
      '',
    ]);
  });

  it('fits the screen, and keeps commands whole', () => {
    const cause = {
      ...auth,
      message: 'nas: the server took no key, and no agent runs',
      hint: 'eval "$(ssh-agent)" && ssh-add',
    };
    const text = statusText(snapshot(host('nas', [], { state: 'refused', cause })), plain, 30);
    expect(text.split('\n').slice(3)).toEqual([
      '✖ nas: the server took no',
      '  key, and no agent runs',
      '  next eval "$(ssh-agent)" && ssh-add',
      '',
    ]);
  });

  it('names a server that failed on a host that is up', () => {
    const text = statusText(snapshot(host('gpu1', [server('git', { state: 'failed', cause: gone })])), plain);
    expect(text).toContain('✖ gpu1/git: npx does not exist\n  next install it\n');
  });
});

describe('the exit code of status', () => {
  const failed = server('git', { state: 'failed', cause: gone });
  it.each([
    ['all up', [up], 0],
    ['nothing but a refused host', [refused], 3],
    ['one of two hosts', [up, refused], 8],
    ['one of two servers', [host('gpu1', [server('files'), failed])], 8],
    ['no server', [host('gpu1', [failed])], 5],
    ['a disabled server', [host('gpu1', [server('files'), server('git', { state: 'disabled' })])], 0],
    ['a server that nobody uses now', [host('gpu1', [server('files', { state: 'idle' })])], 0],
    ['a host that is still connecting', [host('far', [server('x', { state: 'idle' })], { state: 'connecting' })], 4],
    ['no hosts', [], 0],
  ])('%s', (_name, hosts, exit) => {
    expect(statusExit(snapshot(...hosts))).toBe(exit);
  });
});

describe('a line of status --watch', () => {
  it('is one line, whatever the remote machine says', () => {
    const line = changeLine({
      type: 'host-state',
      atMs: 0,
      host: 'gpu1',
      state: 'waiting',
      reason: 'no\n\u001B[2Jway',
    });
    expect(line).toBe('1970-01-01T00:00:00.000Z gpu1 waiting: no way');
  });
});

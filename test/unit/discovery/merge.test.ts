/** The servers of several clients as one list. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLegalName } from '../../../src/config/checks.ts';
import { READ_CLIENTS } from '../../../src/discovery/clients.ts';
import { type FoundServer, foundServers } from '../../../src/discovery/found.ts';
import { mergedServers } from '../../../src/discovery/merge.ts';
import { shapeOf } from '../../../src/discovery/shown.ts';

function from(id: string, entries: Record<string, unknown>, project?: string): readonly FoundServer[] {
  const client = READ_CLIENTS.find((one) => one.id === id);
  if (client === undefined) throw new Error(id);
  return foundServers(client, { path: `/${id}`, text: JSON.stringify({ mcpServers: entries }), project });
}

function merged(...found: (readonly FoundServer[])[]) {
  return mergedServers(found.flat()).map(({ name, clients }) => [name, ...clients]);
}

const git = { command: 'npx', args: ['-y', 'server-git'] };

describe('the same server', () => {
  it('stands there once, whoever names it', () => {
    expect(merged(from('claude-code', { git }), from('cursor', { git }), from('gemini', { git }))).toEqual([
      ['git', 'claude-code', 'cursor', 'gemini'],
    ]);
  });

  it('has the shorter of two names', () => {
    expect(merged(from('claude-code', { 'git-server': git }), from('cursor', { git }))).toEqual([
      ['git', 'claude-code', 'cursor'],
    ]);
  });

  it('is one under one name, whatever its environment', () => {
    const servers = mergedServers([
      ...from('claude-code', { git: { ...git, env: { T: '${T}' } } }),
      ...from('cursor', { git: { ...git, env: { T: 'literal' } } }),
    ]);
    expect(servers.map(({ name, clients }) => [name, ...clients])).toEqual([['git', 'claude-code', 'cursor']]);
  });

  it('is two where one client has two accounts', () => {
    const account = (token: string) => ({ ...git, env: { T: token } });
    expect(merged(from('cursor', { home: account('a'), work: account('b') }))).toEqual([
      ['home', 'cursor'],
      ['work', 'cursor'],
    ]);
  });

  it('counts as the entry that can be started', () => {
    const [server] = mergedServers([
      ...from('claude-code', { git: { ...git, disabled: true } }),
      ...from('cursor', { git }),
    ]);
    expect(server).toMatchObject({ name: 'git', clients: ['cursor', 'claude-code'], server: { isEnabled: true } });
  });
});

describe('names', () => {
  it('tell different servers of one name apart, whatever the order', () => {
    const a = from('claude-code', { files: { command: 'npx', args: ['server-files', '/a'] } });
    const b = from('cursor', { files: { command: 'uvx', args: ['files-mcp'] } });
    const names = (...found: (readonly FoundServer[])[]) =>
      mergedServers(found.flat())
        .map(({ name, server }) => `${server.client} ${name}`)
        .toSorted();
    expect(names(a, b)).toEqual(names(b, a));
    for (const name of names(a, b)) expect(name).toMatch(/ files-[0-9a-f]{4}$/);
  });

  it('are legal, and unlike each other, whatever the clients say', () => {
    const entry = fc.record({
      command: fc.string({ minLength: 1 }),
      args: fc.array(fc.string(), { maxLength: 2 }),
      env: fc.dictionary(fc.constantFrom('A', 'B'), fc.string(), { maxKeys: 1 }),
    });
    const entries = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('a', 'a_', 'ä', '__', 'a__b')), entry, {
      maxKeys: 6,
    });
    fc.assert(
      fc.property(entries, entries, (one, other) => {
        const all = mergedServers([...from('claude-desktop', one), ...from('cline', other)]);
        const names = all.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
        expect(names.filter((name) => !isLegalName(name))).toEqual([]);
      }),
    );
  });

  it('leave our own entries out', () => {
    expect(merged(from('cursor', { anywhere: { command: 'npx', args: ['-y', 'mcp-anywhere'] }, git }))).toEqual([
      ['git', 'cursor'],
    ]);
  });
});

describe('what is shown of a server', () => {
  it.each<[string, string[], string[]]>([
    ['npx', ['-y', '@scope/pkg@1.2.3', '/data'], ['npx', '-y', '@scope/pkg@1.2.3', '/data']],
    ['uvx', ['mcp-server-git'], ['uvx', 'mcp-server-git']],
    ['node', ['/srv/a.js', 'abc'], ['node', '/srv/a.js', '…']],
    ['figma-mcp', ['my-secret-key'], ['figma-mcp', '…']],
    ['figma-mcp', ['--key', 'my-secret-key'], ['figma-mcp', '--key', '…']],
    ['figma-mcp', ['--key=my-secret-key'], ['figma-mcp', '…']],
    ['npx', ['--token', 'my-secret-key', 'pkg'], ['npx', '--token', '…', 'pkg']],
    ['docker', ['run', '-i', '-e', 'TOKEN=x', 'mcp/github'], ['docker', 'run', '-i', '-e', '…', '…']],
    ['mysql-mcp', ['-psecret'], ['mysql-mcp', '…']],
    ['npx', ['sk-abcdefghijklmnopqrst'], ['npx', '…']],
    ['npx', ['postgres://u:p@h/db'], ['npx', '…']],
    ['node', ['0123456789abcdef0123456789abcdef'], ['node', '…']],
    ['bash', ['-c', 'TOKEN=x run'], ['bash', '-c', '…']],
    ['TOKEN=x run', [], ['…']],
    ['/Applications/My App/run', [], ['/Applications/My App/run']],
  ])('%s %j', (command, args, shown) => {
    const [server] = from('cursor', { x: { command, args } });
    expect(server === undefined ? [] : shapeOf(server)).toEqual(shown);
  });
});

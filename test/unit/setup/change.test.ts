/** Which entry is ours, and what a change of texts is. */
import { describe, expect, it } from 'vitest';
import { CLIENTS } from '../../../src/discovery/clients.ts';
import { readEntries } from '../../../src/discovery/document.ts';
import { type Intent, isOurs, type Ourselves, planned, tokenOf } from '../../../src/setup/change.ts';

const us: Ourselves = {
  command: '/usr/bin/node',
  script: '/work/checkout/dist/bin.js',
  args: ['/work/checkout/dist/bin.js'],
  config: undefined,
  variables: [],
  hostsFile: undefined,
};

function cursor() {
  const found = CLIENTS.find(({ id }) => id === 'cursor');
  if (found === undefined) throw new Error('cursor');
  return found;
}

function plan(intent: Intent, text: string | undefined, backup?: string) {
  return planned(intent, cursor(), { file: '/f', text, backup }, us);
}

const json = (servers: object, more: object = {}): string => JSON.stringify({ ...more, mcpServers: servers });

describe('an entry is ours', () => {
  const entryOf = (name: string, command: string, ...args: string[]) =>
    ({ name, command, args, env: {}, inherits: [], isEnabled: true }) as const;

  it.each([
    entryOf('x', 'node', '/work/checkout/dist/bin.js', '--config', '/h'),
    entryOf('x', 'node', '/usr/lib/node_modules/mcp-anywhere/dist/bin.js'),
    entryOf('x', 'C:\\node.exe', 'C:\\npm\\mcp-anywhere\\dist\\bin.js'),
    entryOf('x', '/usr/local/bin/mcp-anywhere'),
    entryOf('x', 'mcp-anywhere.cmd', 'serve'),
    entryOf('x', 'npx', '-y', 'mcp-anywhere@0.1.0'),
    entryOf('anywhere', 'node', '/gone/dist/bin.js'),
  ])('%j', (entry) => {
    expect(isOurs(entry, us)).toBe(true);
  });

  it.each([
    entryOf('anywhere', 'uvx', 'something'),
    entryOf('x', 'node', '/gone/dist/bin.js'),
    entryOf('files', 'npx', '-y', '@modelcontextprotocol/server-filesystem', '/work/mcp-anywhere'),
    entryOf('x', 'mcp-anywhere-tools'),
  ])('not: %j', (entry) => {
    expect(isOurs(entry, us)).toBe(false);
  });
});

describe('a change', () => {
  it('brings an entry under another name up to date, and leaves one for another hosts file alone', () => {
    const old = { command: 'npx', args: ['mcp-anywhere'], autoApprove: ['x'] };
    expect(plan('install', json({ mine: old }))).toMatchObject({
      action: 'update',
      name: 'mine',
      after: { command: us.command, args: us.args, autoApprove: ['x'] },
    });
    const other = { command: 'npx', args: ['mcp-anywhere', '--config', '/other.yaml'] };
    expect(plan('install', json({ mine: other }))).toMatchObject({ action: 'add', name: 'anywhere' });
  });

  it('is none where there is nothing to do', () => {
    expect(plan('install', plan('install', undefined).text).action).toBe('keep');
    expect(plan('uninstall', json({})).action).toBe('none');
    expect(plan('uninstall', undefined).action).toBe('none');
    expect(plan('undo', json({})).action).toBe('none');
  });

  it('brings back the file as it was where nothing else changed, and else the entry alone', () => {
    const before = '{"mcpServers" : { } }';
    const after = plan('install', before).text;
    expect(plan('uninstall', after, before)).toMatchObject({ action: 'remove', text: before, isWhole: true });
    const edited = after?.replace('{"mcp', '{"new":1,"mcp');
    expect(plan('uninstall', edited, before)).toMatchObject({ action: 'remove', isWhole: false });
    expect(JSON.parse(plan('uninstall', edited, before).text ?? '')).toEqual({ new: 1, mcpServers: {} });
  });

  it('brings back an entry of another program that was replaced', () => {
    const before = json({ anywhere: { command: 'uvx', args: ['x'], env: { A: '1' } } });
    const replaced = plan('install', before);
    expect(replaced).toMatchObject({ action: 'replace', after: { command: us.command } });
    expect(replaced.after).not.toHaveProperty('env');
    for (const intent of ['uninstall', 'undo'] as const)
      expect(plan(intent, replaced.text, before)).toMatchObject({ action: 'restore', text: before, isWhole: true });
  });

  it('has another token when the entry is another one, and the same when only the rest differs', () => {
    const token = (text: string) => tokenOf(plan('install', text));
    expect(token(json({}, { theme: 'dark' }))).toBe(token(json({}, { theme: 'light' })));
    expect(token(json({ anywhere: { command: 'a' } }))).not.toBe(token(json({ anywhere: { command: 'b' } })));
    expect(token(json({}))).not.toBe(token(json({ anywhere: { command: 'b' } })));
  });

  it('reads back what it wrote', () => {
    const { text = '' } = plan('install', undefined);
    expect(readEntries(cursor(), text)).toMatchObject([
      { name: 'anywhere', entry: { command: us.command, args: us.args } },
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { readDocument } from '../../../src/config/document.ts';
import { type OpenHostsFile, prepareEdit } from '../../../src/setup/hosts-file.ts';
import { hostsFrom, initChanges, isPresent, NEW_HOSTS_FILE } from '../../../src/setup/init-changes.ts';
import { machineFrom, offersFor } from '../../../src/setup/machine.ts';

function opened(text: string | undefined): OpenHostsFile {
  const bytes = Buffer.from(text ?? 'version: 1\n');
  return {
    file: '/home/me/config.yaml',
    source: 'user',
    start: NEW_HOSTS_FILE,
    existing: text === undefined ? undefined : { bytes, realPath: '/home/me/config.yaml' },
    data: readDocument(bytes.toString()).value,
    plan: undefined,
  };
}

const machine = machineFrom('system Linux x86_64\nhome /home/me\nnode v22.1.0\nnpx \n');

function written(text: string | undefined, words: readonly string[], isDiscovering = false): string {
  const open = opened(text);
  const hosts = hostsFrom(open, words).map((host) => {
    const servers = offersFor(host.name, machine)
      .filter(({ isUsual }) => isUsual)
      .filter((offer) => !isPresent(open, offer));
    return { host, machine, isDiscovering, servers: servers.map((offer) => ({ offer, tools: 14 })) };
  });
  return Buffer.from(prepareEdit(open, initChanges(open, hosts), '/home/me').bytes).toString();
}

describe('what init writes', () => {
  it('is a hosts file with comments where there was none', () => {
    expect(
      written(undefined, ['gpu1', 'me@192.0.2.7:2222']),
    ).toBe(`# The machines of MCP-Anywhere, and the MCP servers that it starts there.
# More come with: mcp-anywhere init, mcp-anywhere add, mcp-anywhere server add
version: 1
hosts:
  # Linux x86_64, node 22.1.0
  gpu1:
    servers:
      # reads and writes files below /home/me: 14 tools
      files:
        command: npx
        args: [-y, "@modelcontextprotocol/server-filesystem@2026.8.31", /home/me]
  # Linux x86_64, node 22.1.0
  192-0-2-7:
    ssh:
      host: 192.0.2.7
      user: me
      port: 2222
    servers:
      # reads and writes files below /home/me: 14 tools
      files:
        command: npx
        args: [-y, "@modelcontextprotocol/server-filesystem@2026.8.31", /home/me]
`);
  });

  it('is added to a file, and what stands there stays as it is', () => {
    const before = `# mine
version: 1
hosts:
  gpu1: # fast
    tags: [lab]
  nas:
    servers:
      files: { command: mine }
naming: { maxLength: 40 } # short
`;
    const after = written(before, ['nas', 'gpu1', 'box']);
    const lines = after.split('\n');
    expect(before.split('\n').filter((line) => !lines.includes(line))).toEqual([]);
    expect(readDocument(after).value).toMatchObject({
      hosts: {
        gpu1: { tags: ['lab'], servers: { files: { command: 'npx' } } },
        nas: { servers: { files: { command: 'mine' } } },
        box: { servers: { files: { command: 'npx' } } },
      },
    });
    expect(written(after, ['nas', 'gpu1', 'box'])).toBe(after);
  });

  it('leaves JSON without comments', () => {
    const after = written('{\n  "version": 1,\n  "hosts": {}\n}\n', ['gpu1']);
    expect(after).not.toContain('#');
    expect(JSON.parse(after)).toMatchObject({ hosts: { gpu1: { servers: { files: { command: 'npx' } } } } });
  });
});

describe('the names of new hosts', () => {
  it('are legal, and each is another one', () => {
    const open = opened('version: 1\nhosts:\n  web-lab: { local: true }\n  nas: { ssh: { host: 192.0.2.9 } }\n');
    const named = (words: readonly string[]): string[] =>
      hostsFrom(open, words).map(({ name, ssh }) => `${name} ${ssh ?? ''}`.trim());
    expect(named(['gpu1', 'gpu1'])).toEqual(['gpu1']);
    expect(named(['web.lab', 'web_lab', 'web lab'.replace(' ', '.')])).toEqual(['web-lab-2 web.lab', 'web_lab']);
    expect(named(['a@b.c', 'd@b.c'])).toEqual(['b-c a@b.c', 'b-c-2 d@b.c']);
    expect(named(['nas'])).toEqual(['nas']);
    expect(() => named(['-oProxyCommand=x'])).toThrow(/is not a valid name for a host/);
    expect(() => named(['***'])).toThrow(/is not a valid name for a host/);
  });
});

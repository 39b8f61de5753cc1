/** Changes of a hosts file as text: the data is the old data with the change, and every comment stays. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDocument } from '../../../src/config/document.ts';
import { changedData, changedHostsText, filledIn, type HostsChange } from '../../../src/setup/hosts-file-edit.ts';

const put = (path: string, value: unknown): HostsChange => ({ kind: 'put', path: path.split('/'), value });
const remove = (path: string): HostsChange => ({ kind: 'remove', path: path.split('/') });
const files = { command: 'npx', args: ['-y', '@scope/x', '08080'], env: { PORT: '08080', K: '${env:K}' } };

const FILE = `# my machines
version: 1
hosts:            # all of them
  gpu1:           # fast
    tags: [lab]
    servers:
      git:   { command: uvx, args: [mcp-server-git] }   # git
      # old: { command: old }

  # the box under the desk
  nas:
# the end
naming: { maxLength: 40 }
`;

describe('a changed hosts file', () => {
  it('has a new host after the others, and nothing else is different', () => {
    expect(
      changedHostsText(FILE, [put('hosts/box', { ssh: { host: '192.0.2.7', user: 'me' }, tags: ['a', 'b'] })]),
    ).toBe(
      FILE.replace('  nas:\n', '  nas:\n  box:\n    ssh:\n      host: 192.0.2.7\n      user: me\n    tags: [a, b]\n'),
    );
    expect(changedHostsText(FILE, [put('hosts/box', null)])).toBe(FILE.replace('  nas:\n', '  nas:\n  box:\n'));
  });

  it('has a new server below a host with and without servers', () => {
    const after = changedHostsText(FILE, [
      put('hosts/gpu1/servers/files', files),
      put('hosts/nas/servers/files', files),
    ]);
    const server = `      files:
        command: npx
        args: [-y, "@scope/x", "08080"]
        env:
          PORT: "08080"
          K: \${env:K}
`;
    expect(after).toBe(
      FILE.replace('      # old: { command: old }\n', `      # old: { command: old }\n${server}`).replace(
        '  nas:\n',
        `  nas:\n    servers:\n${server}`,
      ),
    );
  });

  it('has comments above new keys, where comments can stand', () => {
    const comments = [
      { path: [], text: 'seen' },
      { path: ['servers', 'files'], text: 'files: 14 tools' },
    ];
    const value = { servers: { files: { command: 'npx' } } };
    const block = (indent: string): string =>
      ['# seen', 'box:', '  servers:', '    # files: 14 tools', '    files:', '      command: npx', '']
        .map((line) => (line === '' ? '' : indent + line))
        .join('\n');
    const change: HostsChange = { kind: 'put', path: ['hosts', 'box'], value, comments };
    expect(changedHostsText(FILE, [change])).toBe(FILE.replace('  nas:\n', `  nas:\n${block('  ')}`));
    expect(changedHostsText('version: 1\n', [change])).toBe(`version: 1\nhosts:\n${block('  ')}`);
    expect(changedHostsText('version: 1\r\nhosts:\r\n', [change])).toBe(
      `version: 1\nhosts:\n${block('  ')}`.replaceAll('\n', '\r\n'),
    );
    for (const text of ['{"version": 1, "hosts": {}}\n', 'version: 1\nhosts: { a: {} }\n'])
      expect(changedHostsText(text, [change])).not.toContain('#');
  });

  it('loses an entry and the comments inside, and no comment of another entry', () => {
    expect(changedHostsText(FILE, [remove('hosts/gpu1')])).toBe(FILE.replace(/ {2}gpu1:[^]*old: \{.*\n/, ''));
    const without = changedHostsText(FILE, [remove('hosts/gpu1/servers/git')]);
    expect(readDocument(without).value).toMatchObject({ hosts: { gpu1: { servers: null } } });
  });

  it('gets a switch, and the switch changes in place', () => {
    const off = changedHostsText(FILE, [put('hosts/gpu1/servers/git/enabled', false)]);
    expect(off).toContain('args: [mcp-server-git], enabled: false }   # git\n');
    expect(changedHostsText(off, [put('hosts/gpu1/servers/git/enabled', true)])).toBe(off.replace('false', 'true'));
  });

  it('stays JSON where it is JSON', () => {
    const json = `${JSON.stringify({ hosts: { a: { servers: { x: { command: 'x' } } }, b: {} } }, null, 2)}\n`;
    const changes = [
      put('hosts/a/servers/y', files),
      put('hosts/b/servers/y', files),
      put('hosts/c', null),
      remove('hosts/a/servers/x'),
    ];
    const after = changedHostsText(json, changes);
    expect(after).toBe(
      `${JSON.stringify({ hosts: { a: { servers: { y: files } }, b: { servers: { y: files } }, c: {} } }, null, 2)}\n`,
    );
    expect(changedHostsText('{"hosts":{"a":{}}}', [put('hosts/a/servers/y', { command: 'y' })])).toBe(
      '{"hosts":{"a":{"servers": {"command":"y"}}}}'.replace('{"command"', '{"y":{"command"').replace('}}}}', '}}}}}'),
    );
  });

  it('keeps the line ends of Windows, and a last line without its end', () => {
    const windows = FILE.replaceAll('\n', '\r\n');
    expect(changedHostsText(windows, [put('hosts/box', { tags: ['x'] })])).toBe(
      changedHostsText(FILE, [put('hosts/box', { tags: ['x'] })]).replaceAll('\n', '\r\n'),
    );
    expect(changedHostsText('hosts:\n  a:', [put('hosts/b', null)])).toBe('hosts:\n  a:\n  b:\n');
  });

  it.each([
    '',
    '# nothing yet\n',
    'version: 1\n',
    'hosts: {}\n',
    'hosts: # none\n',
    'hosts: null\n',
    'hosts: ~ # none\n',
  ])('begins with %j', (text) => {
    const after = changedHostsText(text, [put('hosts/a/servers/x', { command: 'x' })]);
    expect(readDocument(after).value).toMatchObject({ hosts: { a: { servers: { x: { command: 'x' } } } } });
    for (const comment of text.match(/#.*/g) ?? []) expect(after).toContain(comment);
  });

  it.each([
    ['an alias', 'hosts:\n  a: { servers: &s { x: { command: x } } }\n  b: { servers: *s }\n', 'hosts/b/servers/y'],
    ['an anchor', 'hosts:\n  a: { servers: &s { x: { command: x } } }\n  b: { servers: *s }\n', 'hosts/a/servers/y'],
    ['a merge', 'hosts:\n  a: &a { servers: { x: { command: x } } }\n  b: { <<: *a }\n', 'hosts/b/servers/y'],
  ])('is refused where %s would change more than was asked', (_what, text, path) => {
    expect(() => changedHostsText(text, [put(path, { command: 'y' })])).toThrow('without changing other keys');
  });
});

/** A hosts file as people write it: block or flow, comments, blank lines, any indentation. */
const name = fc.constantFrom('a', 'b1', 'gpu', 'nas-2', 'x_y', '7');
const comment = fc.constantFrom('', '', '  # note', ' # { [ "');
const blank = fc.constantFrom('', '', '\n', '# free: { } comment\n', '      # deep\n');
const server = fc.record(
  {
    command: fc.constantFrom('x', '/bin/sh'),
    args: fc.array(fc.constantFrom('-y', '@s/x', 'a b', '# no', '08', ': ', '}', '"q"', '')),
  },
  { noNullPrototype: true },
);
const world = fc.dictionary(name, fc.dictionary(name, server, { maxKeys: 3, noNullPrototype: true }), {
  minKeys: 1,
  maxKeys: 4,
  noNullPrototype: true,
});

function written(
  hosts: Record<string, Record<string, object>>,
  unit: number,
  draw: () => string,
  blankLine: () => string,
): string {
  const pad = (depth: number): string => ' '.repeat(unit * depth);
  const lines = ['version: 1', blankLine(), `hosts:${draw()}`];
  for (const [host, servers] of Object.entries(hosts)) {
    lines.push(`${pad(1)}"${host}":${draw()}`, blankLine());
    if (Object.keys(servers).length > 0) lines.push(`${pad(2)}servers:${draw()}`);
    for (const [each, entry] of Object.entries(servers)) {
      lines.push(`${pad(3)}"${each}": ${JSON.stringify(entry)}${draw()}`, blankLine());
    }
  }
  return lines
    .filter((line) => line !== '')
    .map((line) => (line.endsWith('\n') ? line : `${line}\n`))
    .join('');
}

describe('any hosts file', () => {
  const change = fc.tuple(name, name, fc.constantFrom('host', 'server', 'rm', 'rm server', 'off'), server);
  it('differs by the change alone, and keeps every comment of what stays', () => {
    fc.assert(
      fc.property(
        world,
        fc.constantFrom(1, 2, 4),
        fc.array(comment, { minLength: 30, maxLength: 30 }),
        fc.array(blank, { minLength: 30, maxLength: 30 }),
        change,
        fc.constantFrom<('block' | 'json' | 'flow')[]>('block', 'json', 'flow'),
        (hosts, unit, comments, blanks, [host, each, kind, entry], style) => {
          let [c, b] = [0, 0];
          const data = Object.fromEntries(Object.entries(hosts).map(([key, servers]) => [key, { servers }]));
          const texts = {
            block: () =>
              written(
                hosts,
                unit,
                () => comments[c++ % 30] ?? '',
                () => blanks[b++ % 30] ?? '',
              ),
            flow: () => `version: 1\nhosts: ${JSON.stringify(data)}  # note\n`,
            json: () => JSON.stringify({ hosts: data }, null, unit),
          };
          const text = texts[style]();
          const isThere = hosts[host]?.[each] !== undefined;
          const path = ['hosts', host, 'servers', each];
          const asked: HostsChange | undefined =
            kind === 'host' && hosts[host] === undefined
              ? { kind: 'put', path: ['hosts', host], value: { tags: ['t'] } }
              : kind === 'server' && !isThere
                ? { kind: 'put', path, value: entry }
                : kind === 'rm' && hosts[host] !== undefined
                  ? { kind: 'remove', path: ['hosts', host] }
                  : kind === 'rm server' && isThere
                    ? { kind: 'remove', path }
                    : kind === 'off' && isThere
                      ? { kind: 'put', path: [...path, 'enabled'], value: false }
                      : undefined;
          if (asked === undefined) return;
          const after = changedHostsText(text, [asked]);
          expect(filledIn(readDocument(after).value)).toEqual(filledIn(changedData(readDocument(text).value, asked)));
          if (asked.kind === 'remove' && style === 'block') {
            // One piece is gone, and what stands before and behind the piece is as it was.
            const [lines, left] = [text.split('\n'), after.split('\n')];
            const same = left.findIndex((line, index) => line !== lines[index]);
            const at = same < 0 ? left.length : same;
            expect([...lines.slice(0, at), ...lines.slice(at + lines.length - left.length)]).toEqual(left);
          }
          if (asked.kind === 'put') {
            const added = new Set(after.split('\n'));
            const lost = text.split('\n').filter((line) => !added.has(line));
            expect(lost.length, after).toBeLessThanOrEqual(style !== 'block' || kind === 'off' ? 1 : 0);
            for (const found of text.match(/# note|# \{ \[ "|# free: .*|# deep/g) ?? []) expect(after).toContain(found);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});

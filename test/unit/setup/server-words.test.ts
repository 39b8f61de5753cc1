/** What people paste, as entries of a hosts file. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLegalName } from '../../../src/config/checks.ts';
import { serverName, wantedServers } from '../../../src/setup/server-words.ts';
import { shellWords } from '../../../src/setup/shell-words.ts';

function one(...words: string[]): { name: string; entry: unknown } {
  const found = wantedServers(words);
  expect(found).toHaveLength(1);
  const [server] = found;
  if (server === undefined) throw new TypeError('one was expected');
  return { name: serverName(server), entry: server.entry };
}

const npx = (...args: string[]) => ({ command: 'npx', args: ['-y', ...args] });

describe('one server', () => {
  it.each<[readonly string[], string, object]>([
    [['npx', '-y', '@scope/x', '/data'], 'x', npx('@scope/x', '/data')],
    [
      ['npx -y @modelcontextprotocol/server-filesystem@1.2.3 "/my data"'],
      'filesystem',
      npx('@modelcontextprotocol/server-filesystem@1.2.3', '/my data'),
    ],
    [
      ['$ uvx mcp-server-git --repository ~/x'],
      'git',
      { command: 'uvx', args: ['mcp-server-git', '--repository', '~/x'] },
    ],
    [
      ['docker run -i --rm -e A=b --name n mcp/time:1'],
      'time',
      { command: 'docker', args: ['run', '-i', '--rm', '-e', 'A=b', '--name', 'n', 'mcp/time:1'] },
    ],
    [
      ['LEVEL=debug A=b=c node /srv/notes/dist/index.js'],
      'notes',
      { command: 'node', args: ['/srv/notes/dist/index.js'], env: { LEVEL: 'debug', A: 'b=c' } },
    ],
    [['npx -y \\\n  some-mcp \\\n  --flag'], 'some', npx('some-mcp', '--flag')],
    [['@scope/notes-mcp'], 'notes', npx('@scope/notes-mcp')],
    [['@scope/x@latest'], 'x', npx('@scope/x@latest')],
    [['some-server@1.0.0'], 'some', npx('some-server@1.0.0')],
    [['notes-mcp'], 'notes', { command: 'notes-mcp' }],
    [['/opt/bin/notes'], 'notes', { command: '/opt/bin/notes' }],
    [['https://github.com/owner/repo'], 'repo', npx('github:owner/repo')],
    [['https://github.com/owner/repo.git'], 'repo', npx('github:owner/repo')],
    [['https://github.com/owner/mcp.tool/tree/main/src'], 'mcp-tool', npx('github:owner/mcp.tool')],
    [['git@github.com:owner/repo.git'], 'repo', npx('github:owner/repo')],
    [['github:owner/repo'], 'repo', npx('github:owner/repo')],
    [['{"command": "npx", "args": ["-y", "x"], "env": {"PORT": 80}}'], 'x', { ...npx('x'), env: { PORT: '80' } }],
    [['{"mcpServers": {"mcp": {"command": "x"}}}'], 'mcp', { command: 'x' }],
    [['{"servers": {"command": "x"}}'], 'servers', { command: 'x' }],
    [['{"extensions": {"notes": {"cmd": "x", "envs": {"A": "1"}}}}'], 'notes', { command: 'x', env: { A: '1' } }],
    [['{"mcpServers": {"my files": {"type": "stdio", "command": "x"}}}'], 'my-files', { command: 'x' }],
    [['"files": { "command": "x", "args": [] },'], 'files', { command: 'x' }],
    [
      ['{ // VS Code\n "servers": { "a": { "command": "x", "args": ["http://y"], }, /* end */ } }'],
      'a',
      { command: 'x', args: ['http://y'] },
    ],
    [['{"mcp": {"servers": {"a": {"command": "x"}}}}'], 'a', { command: 'x' }],
    [
      ['{"mcp": {"a": {"type": "local", "command": ["x", "y"], "environment": {"K": "${K}"}, "enabled": false}}}'],
      'a',
      { command: 'x', args: ['y'], env: { K: '${env:K}' }, enabled: false },
    ],
    [['{"a": {"command": "npx -y x", "disabled": true}}'], 'a', { ...npx('x'), enabled: false }],
    [
      ['claude mcp add files -s user -e A=1 B=2 --env C=3 -- npx -y x /data'],
      'files',
      { ...npx('x', '/data'), env: { A: '1', B: '2', C: '3' } },
    ],
    [
      ['claude', 'mcp', 'add', '--transport', 'stdio', 'files', '--', 'srv', '-s', 'x'],
      'files',
      { command: 'srv', args: ['-s', 'x'] },
    ],
    [['claude', 'mcp', 'add', 'files', 'npx', '-y', 'x'], 'files', npx('x')],
    [['claude mcp add-json files \'{"command":"x"}\''], 'files', { command: 'x' }],
    [['codex mcp add my.server --env A=1 -- uvx y'], 'my-server', { command: 'uvx', args: ['y'], env: { A: '1' } }],
    [['gemini mcp add -e A=1 files srv --port 1'], 'files', { command: 'srv', args: ['--port', '1'], env: { A: '1' } }],
    [['code --add-mcp \'{"name":"files","command":"x"}\''], 'files', { command: 'x' }],
  ])('%j', (words, name, entry) => {
    expect(one(...words)).toEqual({ name, entry });
  });

  it('says what it took a package and an address for', () => {
    expect(wantedServers(['@scope/x'])[0]?.notes).toEqual(['@scope/x is taken for an npm package: npx -y @scope/x']);
    expect(wantedServers(['https://github.com/o/r'])[0]?.notes[0]).toContain(
      'npx on the host fetches and runs github:o/r',
    );
    expect(wantedServers(['{"a":{"command":"x","timeout":5,"alwaysAllow":[]}}'])[0]?.notes).toEqual([
      'left out of a: timeout, alwaysAllow',
    ]);
  });

  it('several stand in one snippet', () => {
    const found = wantedServers(['{"mcpServers": {"a": {"command": "x"}, "b": {"command": "y"}}}']);
    expect(found.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it.each([
    [['https://example.com/mcp'], 'HTTP servers come later'],
    [['{"mcpServers":{"far":{"type":"http","url":"https://x/mcp"}}}'], 'far is an HTTP server'],
    [['{"far":{"serverUrl":"https://x"}}'], 'HTTP servers come later'],
    [['claude mcp add --transport http far https://x/mcp'], 'far is an HTTP server'],
    [['claude mcp add -t sse far https://x/sse -H "Authorization: Bearer hunter2"'], 'far is an HTTP server'],
    [['codex mcp add far --url https://x'], 'far is an HTTP server'],
    [['claude mcp remove far'], 'not `mcp remove`'],
    [['claude mcp add far'], 'no command'],
    [['claude mcp add far -e hunter2 -- x'], 'NAME=value'],
    [['cd /srv && node x.js'], 'needs a shell'],
    [['echo $(id)'], 'needs a shell'],
    [['npx "x'], 'A quote in the command line is never closed'],
    [['{"mcpServers": {}}'], 'names no server'],
    [['{"mcpServers": {"a": "x"}}'], 'no entry'],
    [['{"a": {"args": ["x"]}}'], 'no command'],
    [['{ broken'], 'not the JSON of'],
    [['[1,2'], 'not the JSON of'],
    [['null'], 'has no command'],
    [['12'], 'has no command'],
    [['{"a":{"command":"x"}}', 'more'], 'must be the only argument'],
    [[''], 'Nothing was given'],
    [['{"command":"x","args":[1,null]}'], 'an argument of the entry is null'],
    [['{"a":{"command":"x","env":{"B":{}}}}'], 'the variable B of a is not a text'],
  ])('%j is refused in words', (words, text) => {
    expect(() => wantedServers(words)).toThrow(text);
  });
});

describe('shell words', () => {
  it('are what a shell makes of quoted words', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (words) => {
        const line = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
        fc.pre(!/^'?\$\s/.test(line) && !/\\\r?\n/.test(line));
        expect(shellWords(line)).toEqual(words);
      }),
    );
  });

  it('keep references whole', () => {
    expect(shellWords('A=${env:B:-a b} x "${env:C}"')).toEqual(['A=${env:B:-a b}', 'x', '${env:C}']);
  });
});

it('any text is words, or is refused by name, and the name is legal', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        for (const server of wantedServers([text])) expect(isLegalName(serverName(server))).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: 'USAGE' });
      }
    }),
    { numRuns: 500 },
  );
});

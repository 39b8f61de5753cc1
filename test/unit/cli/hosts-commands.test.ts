import { describe, expect, it } from 'vitest';
import { addWords } from '../../../src/cli/hosts-commands.ts';

describe('the words of `server add`', () => {
  const none = { hosts: [], name: undefined, dryRun: false, yes: false };
  it.each<[string, Partial<ReturnType<typeof addWords>>]>([
    ['npx -y @s/x /data --host a', { words: ['npx', '-y', '@s/x', '/data'], hosts: ['a'] }],
    [
      'npx --yes x --host a --host=b --name n --dry-run',
      { words: ['npx', '--yes', 'x'], hosts: ['a', 'b'], name: 'n', dryRun: true },
    ],
    ['docker run --name own img --host a --json', { words: ['docker', 'run', '--name', 'own', 'img'], hosts: ['a'] }],
    ['--host a srv --port 1 --yes', { words: ['srv', '--port', '1'], hosts: ['a'], yes: true }],
    ['--yes x --host a', { words: ['x'], hosts: ['a'], yes: true }],
    ['--host a -- claude mcp add f -- x', { words: ['claude', 'mcp', 'add', 'f', '--', 'x'], hosts: ['a'] }],
    ['-- x --host a', { words: ['x', '--host', 'a'] }],
    ['x --config /f --host a', { words: ['x'], hosts: ['a'] }],
    ['x', { words: ['x'] }],
    ['', { words: [''] }],
  ])('%s', (line, expected) => {
    expect(addWords(line.split(' '))).toEqual({ ...none, ...expected });
  });
});

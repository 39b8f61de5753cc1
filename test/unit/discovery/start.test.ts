/** How a found server is started, and which of its values are never shown. */
import { describe, expect, it } from 'vitest';
import { READ_CLIENTS } from '../../../src/discovery/clients.ts';
import { foundServers } from '../../../src/discovery/found.ts';
import { secretsOf, startOf } from '../../../src/discovery/start.ts';

function server(id: string, entry: object) {
  const client = READ_CLIENTS.find((one) => one.id === id);
  if (client === undefined) throw new Error(id);
  const text = JSON.stringify({ mcpServers: { x: entry }, mcp: { x: entry } });
  const [found] = foundServers(client, { path: '/home/me/.config/file.json', text });
  if (found === undefined) throw new Error('no server');
  return found;
}

describe('the start of an entry', () => {
  it('has `~/` only where a launcher expands it', () => {
    const entry = {
      command: '${userHome}/run',
      args: ['${userHome}/a', '~/b'],
      cwd: '${userHome}/work',
      envFile: '${userHome}/env',
    };
    expect(startOf(server('cursor', entry))).toMatchObject({
      command: '~/run',
      args: [[{ variable: 'HOME' }, '/a'], '~/b'],
      cwd: '~/work',
      envFile: '~/env',
    });
  });

  it('lets a shell resolve the references of a command', () => {
    expect(startOf(server('cursor', { command: '${env:BIN}', args: ['a'] }))).toMatchObject({
      command: '/bin/sh',
      args: ['-c', 'exec "$0" "$@"', [{ variable: 'BIN' }], 'a'],
    });
  });

  it('finds files beside the file of the client', () => {
    const entry = { type: 'local', command: ['a', '{file:./key}', '{file:/abs}', '{file:~/own}'] };
    expect(startOf(server('opencode', entry)).args).toEqual([
      [{ file: '/home/me/.config/key' }],
      [{ file: '/abs' }],
      [{ file: '~/own' }],
    ]);
  });
});

describe('values that are never shown', () => {
  it.each<[object, string[]]>([
    [{ env: { API_KEY: 'short' } }, ['short']],
    [{ env: { PLAIN: 'correct horse battery' } }, ['correct horse battery']],
    [{ env: { PORT: '8080', LEVEL: 'debug', DIR: '/srv/data', URL: 'https://api.example.com/v1', ON: 'true' } }, []],
    [{ env: { T: '${env:TOKEN}' } }, []],
    [{ args: ['--token', 'abc', '--name', 'abc2'] }, ['abc']],
    [{ args: ['--api-key=abc'] }, ['abc']],
    [{ args: ['-e', 'MY_TOKEN=abc'] }, ['abc']],
    [{ args: ['postgres://me:pw@db/x'] }, ['postgres://me:pw@db/x']],
    [{ args: ['-y', '@scope/package-name', '/srv/data'] }, []],
  ])('%j', (entry, secrets) => {
    expect(secretsOf(server('cursor', { command: 'a', ...entry }))).toEqual(secrets);
  });
});

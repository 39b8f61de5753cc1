import { describe, expect, it } from 'vitest';
import { commandsOf, secretPart, secretsOf, withoutSecrets } from '../../../src/setup/secret-values.ts';

describe('literal secrets', () => {
  it('are found by their name and by their look', () => {
    const env = {
      GITHUB_TOKEN: 'hunter2',
      api_key: 'x',
      DB_PASSWORD: '1',
      PLAIN: 'ghp_0123456789abcdefghij',
      DEFAULTED: 'a',
      SECRET_D: '${env:S:-hunter2}',
      REF_TOKEN: '${env:T}',
      AUTH_KEY: 'Bearer ${env:T}',
      EMPTY_TOKEN: '',
      LEVEL: 'debug',
    };
    expect(secretsOf({ env })).toEqual(['GITHUB_TOKEN', 'api_key', 'DB_PASSWORD', 'PLAIN', 'SECRET_D']);
    const args = [
      'run',
      '-e',
      'TOKEN=abc',
      '--api-key',
      'abc',
      '--api-key=abc',
      '--token',
      '--verbose',
      '--key',
      '${env:K}',
    ];
    expect(secretsOf({ args })).toEqual(['argument 3', 'argument 5', 'argument 6']);
    expect(secretsOf(null)).toEqual([]);
  });

  it('are hidden however they are written', () => {
    const text = `defaults: { servers: { x: { env: { A_TOKEN: hunter2 } } } }
hosts:
  a:
    servers:
      x:
        command: x
        args: [--password, hunter2, "--key=hunter2", ok]
        env:
          TOKEN: "hunter2\\u0041"   # note
          KEY: |
            hunter2
            more hunter2
          LEVEL: debug
      env: { command: y, env: { API_KEY: hunter2 } }
`;
    const shown = withoutSecrets(text);
    expect(shown).not.toContain('hunter2');
    expect(shown).toContain('TOKEN: •••   # note\n');
    expect(shown).toContain('args: [--password, •••, •••, ok]');
    expect(shown).toContain('          LEVEL: debug\n');
    expect(withoutSecrets('{"hosts":{"a":{"servers":{"x":{"env":{"TOKEN":"h\\nunter2"}}}}}}')).toContain(
      '"TOKEN":•••}',
    );
  });
});

describe('the secret part of an argument', () => {
  it.each<[value: string, before: string, secret: string | undefined]>([
    ['Authorization: Bearer 0a1b2c3d4e5f', '--header', '0a1b2c3d4e5f'],
    ['Authorization:Bearer eyJhbGciOi.eyJzdWIiOi.abc', '--header', 'eyJhbGciOi.eyJzdWIiOi.abc'],
    ['X-API-Key: 0a1b2c3d', '--header', '0a1b2c3d'],
    ['Authorization: Bearer ${AUTH}', '--header', undefined],
    ['Accept: application/json', '--header', undefined],
    ['postgresql://admin:hunter2@db/x', '', 'hunter2'],
    ['postgresql://admin@db/x', '', undefined],
    ['https://x.example/mcp?api_key=hunter2&page=1', '', 'hunter2'],
    ['https://x.example/mcp?page=1', '', undefined],
    ['GH_TOKEN=ghp_0123456789abcdefghij exec node srv.mjs', '-c', 'ghp_0123456789abcdefghij'],
    ["API_KEY='a b' node srv.mjs", '-lc', 'a b'],
    ['exec node srv.mjs', '-c', undefined],
    ['--password=a b', '', 'a b'],
    ['TOKEN=abc', '-e', 'abc'],
    ['abc', '--api-key', 'abc'],
    ['--token=${env:T}', '', undefined],
    ['-y', '--key', undefined],
    ['/home/me/author', '', undefined],
  ])('%j after %j is %j', (value, before, secret) => {
    const part = secretPart(value, before);
    expect(part && value.slice(...part)).toBe(secret);
  });

  it('counts in variables too', () => {
    const env = {
      DATABASE_URL: 'postgresql://admin:hunter2@db/x',
      AUTH: 'hunter2',
      PASS: 'hunter2',
      HEADER: 'Bearer 0a1b2c3d',
      DB_PWD: 'hunter2',
      PWD: '/home/me',
      AUTHOR: 'me',
      PATH: '/bin',
      URL: 'http://db/x',
    };
    expect(secretsOf({ env })).toEqual(['DATABASE_URL', 'AUTH', 'PASS', 'HEADER', 'DB_PWD']);
  });
});

it('references that run or read something here are named', () => {
  expect(
    commandsOf({ env: { A: '${cmd:id}', B: 'x${file:~/k}', C: '${env:C}', D: '${keychain:d}' }, args: ['${cmd:id}'] }),
  ).toEqual(['A', 'B', 'D', 'args']);
});

import { describe, expect, it } from 'vitest';
import { AnywhereError, reportOf } from '../../../src/base/errors.ts';
import { referredVariables } from '../../../src/config/environment.ts';
import { answerLine, type Hello, helloLine, helloOf, parseAnswer, parseHello } from '../../../src/daemon/hello.ts';

const FACTS = { role: 'mcp', version: '1.0.0', pid: 7, cwd: '/work' } as const;

describe('helloOf', () => {
  it('holds the short list and the variables that the hosts file refers to, and nothing else of the environment', () => {
    const hostsText = 'env: { A: "${env:TOKEN}", B: "${env:URL:-http://x}", C: "${env:TOKEN}" } # ${env:UNSET}';
    const env = { TOKEN: 's3cret', URL: '', HOME: '/home/me', LC_ALL: 'C', CLOUD_KEY: 'k', NODE_OPTIONS: '-r x' };
    const hello = helloOf({ ...FACTS, env, hostsText });
    const named = { TOKEN: 's3cret', URL: '', UNSET: null };
    expect(hello).toEqual({ ...FACTS, env: { HOME: '/home/me', LC_ALL: 'C', ...named } });
  });

  it.each([
    'inheritEnv: [PICKED]',
    '{"inheritEnv":["PICKED"]}',
    'inheritEnv:\n  - "PICKED"',
    'x: &n [PICKED]\ny: { inheritEnv: *n }',
  ])('holds what %j inherits', (hostsText) => {
    expect(helloOf({ ...FACTS, env: { PICKED: 'p', OTHER: 'o' }, hostsText }).env).toEqual({ PICKED: 'p' });
  });

  it('takes nothing from the prototype of the environment', () => {
    expect(helloOf({ ...FACTS, env: {}, hostsText: '${env:constructor}' }).env).toEqual({ constructor: null });
  });

  it('names the agent where the client has one', () => {
    expect(helloOf({ ...FACTS, env: { SSH_AUTH_SOCK: '/a' }, hostsText: '' }).sshAuthSock).toBe('/a');
    expect(helloOf({ ...FACTS, env: { SSH_AUTH_SOCK: '' }, hostsText: '' })).not.toHaveProperty('sshAuthSock');
  });
});

describe('referredVariables', () => {
  it('finds every name once, with and without a default', () => {
    expect(referredVariables('${env:A}${env:A:-x} ${env:_b2} $${env:C} ${env:1x} ${cmd:D} env:E')).toEqual([
      'A',
      '_b2',
      'C',
    ]);
  });
});

describe('the lines', () => {
  const hello: Hello = { ...FACTS, sshAuthSock: '/agent', env: { A: 'x\ny', B: null }, transparent: 'h/s' };

  it('come back as they were sent, on one line', () => {
    const line = helloLine(hello);
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toMatchObject({ mcpAnywhere: 1 });
    expect(parseHello(line)).toEqual(hello);
    const error = new AnywhereError('CONFIG_INVALID', 'line 3', { evidence: ['a'], hint: 'fix it' });
    const refused = { ok: false, version: '1', pid: 3, error: reportOf(error), restart: true } as const;
    expect(parseAnswer(answerLine(refused))).toEqual(refused);
    expect(parseAnswer(answerLine({ ok: true, version: '1', pid: 3 }))).toEqual({ ok: true, version: '1', pid: 3 });
  });

  const spoiled: readonly [string, string][] = [
    ['a message of MCP', '{"jsonrpc":"2.0","id":1,"method":"initialize"}'],
    ['no JSON', 'GET / HTTP/1.1'],
    ['an array', '[1]'],
    ['another version of the hello', helloLine(hello).replace('"mcpAnywhere":1', '"mcpAnywhere":2')],
    ['a role that is none', helloLine(hello).replace('"mcp"', '"root"')],
    ['a variable that is no text', helloLine(hello).replace('null', '5')],
    ['no environment', helloLine(hello).replace('"env"', '"envy"')],
  ];
  it.each(spoiled)('%s is no hello', (_name, line) => {
    expect(parseHello(line)).toBeUndefined();
  });
});

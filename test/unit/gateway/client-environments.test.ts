import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import type { ServerPlan } from '../../../src/config/plan.ts';
import { parseTemplate } from '../../../src/config/template.ts';
import {
  type ClientEnvironment,
  ClientEnvironments,
  environmentKey,
} from '../../../src/gateway/client-environments.ts';
import { scratch } from '../../harness/scratch.ts';
import { startAgent } from '../../integration/openssh-agent.ts';
import { serverPlan } from '../catalog/kit.ts';

const BASE = { TOKEN: 'base', PATH: '/bin', LANG: 'de', SSH_AUTH_SOCK: '/base-agent' };

function environments(): ClientEnvironments {
  return new ClientEnvironments(BASE, { homeDir: scratch(), clock: systemClock() });
}

function client(env: ClientEnvironment['env'], sshAuthSock?: string): ClientEnvironment {
  return { env, sshAuthSock };
}

describe('variables', () => {
  it('are those of the client alone, whoever else is there', () => {
    const all = environments();
    const [one, two] = [{ name: 'one' }, { name: 'two' }];
    for (const owner of [one, two]) all.bind(owner, client({ TOKEN: owner.name, UNSET: null }));
    expect(all.of(one)).toEqual({ TOKEN: 'one', UNSET: undefined });
    expect(all.of(two)['TOKEN']).toBe('two');
  });

  it('of whoever came through no door are the short list of the program itself', () => {
    expect(environments().of({})).toEqual({ PATH: '/bin', LANG: 'de', SSH_AUTH_SOCK: '/base-agent' });
  });

  it('of a shared server are those of the client that lent them last', () => {
    const all = environments();
    const [one, shared] = [{}, {}];
    all.bind(one, client({ TOKEN: 'one' }));
    all.lend(one, shared);
    expect(all.of(shared)).toEqual({ TOKEN: 'one' });
  });
});

describe('areEqualFor', () => {
  const templated = (text: string): ServerPlan => {
    const parsed = parseTemplate(text);
    if ('fault' in parsed) throw new Error(text);
    return serverPlan('h', 's', { env: new Map([['X', parsed.template]]) });
  };
  const NAMED = templated('${env:TOKEN}');
  const RUN = templated('${cmd:pass show x}');
  const PLAIN = serverPlan('h', 's');
  const INHERITING = serverPlan('h', 's', { inheritEnv: ['TOKEN'] });

  it.each<[string, ServerPlan, ClientEnvironment['env'], ClientEnvironment['env'], boolean]>([
    ['another value of a reference', NAMED, { TOKEN: 'a' }, { TOKEN: 'b' }, false],
    ['a reference that one lacks', NAMED, { TOKEN: 'a' }, { TOKEN: null }, false],
    ['the same value', NAMED, { TOKEN: 'a' }, { TOKEN: 'a' }, true],
    ['a value that the server does not use', PLAIN, { TOKEN: 'a' }, { TOKEN: 'b' }, true],
    ['another inherited value', INHERITING, { TOKEN: 'a' }, { TOKEN: 'b' }, false],
    ['another home', PLAIN, { HOME: '/a' }, { HOME: '/b' }, false],
    ['another PATH', PLAIN, { PATH: '/a' }, { PATH: '/b' }, true],
    ['another PATH for a command', RUN, { PATH: '/a' }, { PATH: '/b' }, false],
    ['another terminal and language', RUN, { TERM: 'a', LANG: 'a' }, { TERM: 'b' }, true],
  ])('%s', (_name, server, left, right, expected) => {
    const all = environments();
    const [one, two] = [{}, {}];
    all.bind(one, client(left));
    all.bind(two, client(right));
    expect(all.areEqualFor(server, one, two)).toBe(expected);
  });
});

describe('the agent of a host', () => {
  it('is that of the client that asked last, while it is here, then that of the latest', () => {
    const all = environments();
    const [one, two, bare] = [client({}, '/one'), client({}, '/two'), client({})];
    expect(all.agentOf('h')).toBe('/base-agent');
    all.arrived(one);
    all.arrived(two);
    expect(all.agentOf('h')).toBe('/two');
    const owner = {};
    all.bind(owner, one);
    all.asked('h', owner);
    expect([all.agentOf('h'), all.agentOf('other')]).toEqual(['/one', '/two']);
    all.left(one);
    expect(all.agentOf('h')).toBe('/two');
    all.arrived(bare);
    all.asked('h', bare);
    expect(all.agentOf('h')).toBeUndefined();
  });

  it('is the only one that a dial looks at', async () => {
    const all = environments();
    const { socket } = await startAgent([]);
    const dead = client({}, '/no/agent');
    all.arrived(client({}, socket));
    all.arrived(dead);
    all.asked('h', dead);
    const { env, refreshEnv } = all.linkOf('h');
    await refreshEnv(new AbortController().signal);
    expect(env['SSH_AUTH_SOCK']).toBe('/no/agent');
    expect(all.isUntried('h')).toBe(false);
    all.left(dead);
    expect(all.isUntried('h')).toBe(true);
    await refreshEnv(new AbortController().signal);
    expect(env['SSH_AUTH_SOCK']).toBe(socket);
    all.connected('h');
    expect(all.isUntried('h')).toBe(true);
  });
});

describe('the key of an environment', () => {
  const named = serverPlan('box', 's', { env: new Map([['T', { pieces: [{ kind: 'env', name: 'TERM' }] }]]) });
  const keyOf = (env: ClientEnvironment['env'], agent?: string, servers: readonly ServerPlan[] = []): string =>
    environmentKey([{ servers }], client(env, agent));

  it('is equal for equal values, in any order, whatever the terminal and the locale', () => {
    expect(keyOf({ A: '1', B: '2', TERM: 'xterm', LC_ALL: 'C' })).toBe(keyOf({ B: '2', A: '1', TERM: 'screen' }));
  });

  it.each([
    [{ A: '1' }, { A: '2' }],
    [{ A: '1' }, {}],
    [{ A: '' }, { A: null }],
    [
      { A: '1', B: '' },
      { A: '', B: '1' },
    ],
    [{ AB: 'C' }, { A: 'BC' }],
  ])('tells %j from %j', (one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other));
  });

  it('tells agents apart, and a terminal that the hosts file names', () => {
    expect(keyOf({}, '/one')).not.toBe(keyOf({}, '/other'));
    expect(keyOf({ TERM: 'xterm' }, undefined, [named])).not.toBe(keyOf({ TERM: 'screen' }, undefined, [named]));
  });

  it('shows no value', () => {
    expect(keyOf({ TOKEN: 'hunter2' })).not.toContain('hunter2');
  });
});

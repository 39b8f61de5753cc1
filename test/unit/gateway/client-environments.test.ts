import { describe, expect, it } from 'vitest';
import { ClientEnvironments } from '../../../src/gateway/client-environments.ts';

const BASE = { TOKEN: 'base', OTHER: 'base', PATH: '/bin', SSH_AUTH_SOCK: '/base-agent' };

describe('ClientEnvironments', () => {
  it("a client's own servers get what it has, whoever else is there", () => {
    const all = new ClientEnvironments(BASE);
    const [one, two] = [{ name: 'one' }, { name: 'two' }];
    for (const owner of [one, two]) {
      const said = { env: { TOKEN: owner.name } };
      all.learn(said);
      all.bind(owner, said);
    }
    expect(all.of(one)['TOKEN']).toBe('one');
    expect(all.of(two)['TOKEN']).toBe('two');
  });

  it("what a client does not have is not another's, nor the program's own", () => {
    const all = new ClientEnvironments(BASE);
    all.learn({ env: { TOKEN: 'one' } });
    const bare = {};
    all.bind(bare, { env: { TOKEN: null } });
    expect(Object.hasOwn(all.of(bare), 'TOKEN')).toBe(true);
    expect(all.of(bare)['TOKEN']).toBeUndefined();
  });

  it("what the hosts file did not refer to when it came is the program's own", () => {
    const all = new ClientEnvironments(BASE);
    const owner = {};
    all.bind(owner, { env: { TOKEN: 'one' } });
    expect(all.of(owner)['OTHER']).toBe('base');
  });

  it('servers that all share get what the latest client that had it said', () => {
    const all = new ClientEnvironments(BASE);
    const shared = {};
    expect(all.of(shared)['TOKEN']).toBe('base');
    all.learn({ env: { TOKEN: 'one', OTHER: 'one' } });
    all.learn({ env: { TOKEN: 'two', OTHER: null } });
    expect([all.of(shared)['TOKEN'], all.of(shared)['OTHER']]).toEqual(['two', 'one']);
  });

  it('links get no variable of a client but its agent', () => {
    const all = new ClientEnvironments(BASE);
    all.learn({ env: { TOKEN: 'one' }, sshAuthSock: '/one' });
    expect(all.links).toEqual(BASE);
    all.useAgent('/found');
    expect(all.links).toEqual({ ...BASE, SSH_AUTH_SOCK: '/found' });
    // None answers: the errors name the one that should.
    all.useAgent(undefined);
    expect(all.links['SSH_AUTH_SOCK']).toBe('/one');
  });

  it('agents are tried latest first, each once, and not for ever', () => {
    const all = new ClientEnvironments(BASE);
    const learn = (sshAuthSock?: string): boolean => all.learn({ env: {}, sshAuthSock });
    const isNews = [learn('/one'), learn('/two'), learn('/two'), learn(), learn('/one')];
    expect(isNews).toEqual([true, true, false, false, true]);
    expect(all.agents).toEqual(['/one', '/two', '/base-agent']);
    for (let index = 0; index < 20; index += 1) learn(`/x${index}`);
    expect(all.agents).toHaveLength(8);
  });
});

/** Real ssh-agents at the places where agents are wont to listen. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { AgentSearch } from '../../../src/ssh/agent-search.ts';
import { makeKey } from '../../harness/keys.ts';
import { scratch } from '../../harness/scratch.ts';
import { until } from '../../harness/until.ts';

const { signal } = new AbortController();

/** Returns how to end it. */
async function agentAt(socket: string, more: { readonly withKey?: boolean } = {}): Promise<() => Promise<void>> {
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  const ended = once(agent, 'exit');
  const end = async (): Promise<void> => {
    agent.kill();
    await ended;
  };
  onTestFinished(end);
  await until(() => existsSync(socket));
  if (more.withKey !== true) return end;
  const key = await makeKey(join(scratch(), 'key'));
  execFileSync('ssh-add', ['-q', key.path], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
  return end;
}

function world() {
  const [homeDir, runtimeDir] = [scratch(), scratch()];
  let monotonicMs = 0;
  let list: readonly string[] = [];
  const clock = { ...systemClock(), monotonic: () => monotonicMs };
  const search = new AgentSearch({ clock, platform: 'linux', homeDir, runtimeDir, offered: () => list });
  return {
    homeDir,
    runtimeDir,
    search,
    offer: (...sockets: readonly string[]) => {
      list = sockets;
    },
    find: () => search.find(signal),
    /** Past the time that a search is good for. */
    later: () => {
      monotonicMs += 1_001;
      return search.find(signal);
    },
  };
}

describe('AgentSearch', () => {
  it("a client's agent that answers wins over every known place", async () => {
    const { runtimeDir, find, offer } = world();
    const own = join(scratch(), 'own');
    await agentAt(own);
    await agentAt(join(runtimeDir, 'keyring', 'ssh'), { withKey: true });
    offer(own);
    expect(await find()).toBe(own);
  });

  it('one that has ended does not, nor a socket where something else answers', async () => {
    const { runtimeDir, find, offer } = world();
    const [dead, odd] = [join(scratch(), 'dead'), join(scratch(), 'odd')];
    await (await agentAt(dead))();
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(odd);
    onTestFinished(() => {
      server.close();
    });
    await once(server, 'listening');
    offer(dead, odd);
    expect(await find()).toBeUndefined();
    const known = join(runtimeDir, 'ssh-agent.socket');
    await agentAt(known);
    offer(dead, odd, join(scratch(), 'never'));
    expect(await find()).toBe(known);
  });

  it('of the known places, one with a key comes before one without', async () => {
    const { runtimeDir, homeDir, find } = world();
    await agentAt(join(runtimeDir, 'keyring', 'ssh'));
    const gpg = join(homeDir, '.gnupg', 'S.gpg-agent.ssh');
    await agentAt(gpg, { withKey: true });
    expect(await find()).toBe(gpg);
  });

  it("in ssh-agent's own folder, the latest that answers", async () => {
    const { homeDir, find } = world();
    const folder = join(homeDir, '.ssh', 'agent');
    const [before, latest] = [join(folder, 's.before'), join(folder, 's.latest')];
    await agentAt(before);
    await agentAt(latest);
    utimesSync(before, 1, 1);
    writeFileSync(join(folder, 'no-socket'), '');
    expect(await find()).toBe(latest);
  });

  it('an agent that restarts elsewhere is found at the next dial', async () => {
    const { runtimeDir, find, later, offer } = world();
    const first = join(scratch(), 'first');
    const end = await agentAt(first);
    offer(first);
    expect(await find()).toBe(first);
    await end();
    const second = join(runtimeDir, 'gcr', 'ssh');
    await agentAt(second);
    expect(await later()).toBe(second);
  });

  it('dials at the same time share one search; another offer begins one', async () => {
    const { find, offer } = world();
    const socket = join(scratch(), 'own');
    expect(await find()).toBeUndefined();
    await agentAt(socket);
    expect(await find()).toBeUndefined();
    offer(socket);
    expect(await find()).toBe(socket);
  });

  it('a signal ends the waiting of one, and not the search of others', async () => {
    const { runtimeDir, find, search } = world();
    const socket = join(runtimeDir, 'keyring', 'ssh');
    await agentAt(socket);
    const limit = new AbortController();
    const one = search.find(limit.signal);
    const other = find();
    limit.abort(new Error('not needed'));
    await expect(one).rejects.toThrow('not needed');
    expect(await other).toBe(socket);
  });
});

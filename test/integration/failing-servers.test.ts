/** Servers that crash, keep crashing, stop answering or are asked for too much: each harms its own calls only. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULTS } from '../../src/config/defaults.ts';
import { reportHosts } from '../../src/control/status.ts';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { isAlive, signalPid } from '../harness/processes.ts';
import { initialize, startServe } from '../harness/program.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { callText, offers } from '../harness/tools.ts';
import { until } from '../harness/until.ts';
import { textOf } from '../unit/gateway/kit.ts';
import { hostOf, remote, rig } from './recovery-kit.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

let files = 0;
/** How the fixture is to fail, from its next start on, and how often it was started. */
function switchboard(how = '') {
  files += 1;
  const path = join(sshd.folder, `failing-${files}`);
  writeFileSync(`${path}.starts`, '');
  chmodSync(`${path}.starts`, 0o666);
  const set = (next: string): void => {
    writeFileSync(path, next);
  };
  set(how);
  const starts = (): number =>
    existsSync(`${path}.starts`) ? readFileSync(`${path}.starts`, 'utf8').split('\n').length - 1 : 0;
  return { path, set, starts };
}

async function failing(more: object = {}, how = '') {
  const board = switchboard(how);
  const server = remote(sshd, 'failing', 'failing.mjs', { argv: [board.path], ...more });
  const made = await rig([hostOf(sshd, [server])], how === '' ? ['box__failing__pid'] : []);
  const pid = async (): Promise<number> => Number(await made.client.text('box__failing__pid'));
  const [unit] = made.gateway.units;
  if (unit === undefined) throw new Error('no server');
  const state = () => reportHosts(made.gateway)[0]?.servers[0];
  return { ...made, board, pid, unit, state };
}

describe('a server that crashes', () => {
  it('is started again by itself', async () => {
    const { pid, client } = await failing();
    const before = await pid();
    signalPid(before, 'SIGKILL');
    await expect.poll(() => isAlive(before)).toBe(false);
    const after = await until(async () => {
      const now = await pid();
      return Number.isInteger(now) && now !== before && now;
    });
    expect(isAlive(after)).toBe(true);
    expect(client.received.some(({ method }) => method === 'notifications/tools/list_changed')).toBe(false);
  });

  it('between its calls, however often, is started by the next call at once', async () => {
    const { pid, client, state } = await failing();
    for (let death = 1; death <= 5; death += 1) {
      const before = await pid();
      signalPid(before, 'SIGKILL');
      await expect.poll(() => state()?.state).not.toBe('ready');
      const reply = await client.call('box__failing__pid');
      expect(Number(textOf(reply)), `death ${death}: ${textOf(reply)}`).toBeGreaterThan(0);
    }
  });

  it('and has not listed yet is started by the next call at once', async () => {
    const { board, state, client } = await failing({}, 'start');
    await expect.poll(() => state()?.state).toBe('failed');
    board.set('');
    const reply = await client.call('box__failing__pid');
    expect(Number(textOf(reply)), textOf(reply)).toBeGreaterThan(0);
  });

  it.each(['ssh2', 'openssh', 'local'] as const)(
    'right behind a large answer (%s) is heard to its last byte',
    async (backend) => {
      const servers = { last: fixture(sshd, 'last-words.mjs') };
      const host =
        backend === 'local' ? { entry: { local: true }, servers } : { sshd, servers, entry: { ssh: { backend } } };
      const { client } = startServe(writeHostsFile({ box: host }).path);
      await initialize(client);
      await offers(client, ['box__last__bye']);
      expect(await callText(client, 'box__last__bye', { count: 900 })).toBe('goodbye');
    },
  );

  it.each(['start', 'soon'] as const)(
    'again and again (%s) is a state of its own: calls hear why at once, and it is tried ever more slowly',
    async (how) => {
      const { board, pid, client, state, events } = await failing();
      const first = await pid();
      board.set(how);
      signalPid(first, 'SIGKILL');
      await until(() => state()?.state === 'crash-loop', { withinMs: 15_000, what: () => JSON.stringify(state()) });
      const words = how === 'start' ? 'giving up: no database' : 'giving up: licence expired';
      expect(state()?.cause?.evidence).toContain(words);
      const starts = board.starts();
      const replies = await Promise.all([1, 2, 3, 4, 5].map(() => client.call('box__failing__pid')));
      for (const reply of replies) {
        expect(reply.result).toMatchObject({ isError: true });
        expect(textOf(reply)).toContain(words);
        expect(textOf(reply)).toMatch(/times in a row\. MCP-Anywhere (?:will try again in \d+ s|is trying again now)/);
        expect(textOf(reply)).toContain('mcp-anywhere restart box/failing');
      }
      expect(board.starts()).toBe(starts);
      expect(await client.names()).toContain('box__failing__pid');
      // It is probed, and is there again as soon as it can.
      board.set('');
      const after = await until(async () => Number(await client.text('box__failing__pid')) || undefined, {
        withinMs: 20_000,
      });
      expect(after).not.toBe(first);
      const states = events().flatMap((event) => (event.type === 'server-state' ? [event.state] : []));
      expect(states).toContain('crash-loop');
      expect(states.at(-1)).toBe('ready');
    },
    40_000,
  );

  it('is tried anew at once when a person restarts it', async () => {
    const { board, pid, state, unit, client } = await failing();
    board.set('start');
    signalPid(await pid(), 'SIGKILL');
    await expect.poll(() => state()?.state, { timeout: 15_000 }).toBe('crash-loop');
    board.set('');
    unit.restart('restart');
    expect(state()?.state).toBe('idle');
    expect(Number(await client.text('box__failing__pid'))).toBeGreaterThan(0);
  });
});

describe('a server that stops answering', () => {
  it('is found by a ping while it is idle, and replaced', async () => {
    const { pid, client } = await failing({ pingMs: 300 });
    const stopped = await pid();
    // It has answered a ping before.
    await sleep(900);
    signalPid(stopped, 'SIGSTOP');
    await expect.poll(() => isAlive(stopped), { timeout: 20_000, message: 'its end' }).toBe(false);
    expect(await until(async () => Number(await client.text('box__failing__pid')) || undefined)).not.toBe(stopped);
  });

  it('is found by the deadline of a call, and replaced', async () => {
    const { pid, client, events } = await failing({ timeoutMs: 500, pingMs: 0 });
    const stopped = await pid();
    signalPid(stopped, 'SIGSTOP');
    expect(textOf(await client.call('box__failing__pid'))).toMatch(/CALL_TIMEOUT/);
    await until(() => events().some((event) => event.type === 'server-state' && event.cause?.code === 'SERVER_HUNG'), {
      withinMs: 15_000,
    });
    await expect.poll(() => isAlive(stopped), { timeout: 15_000, message: 'its end' }).toBe(false);
    expect(await until(async () => Number(await client.text('box__failing__pid')) || undefined)).not.toBe(stopped);
  }, 45_000);

  it('while a person is asked for that very call has all the time', async () => {
    const server = remote(sshd, 'asking', 'asking.mjs', { timeoutMs: 600, totalTimeoutMs: 800 });
    const { client } = await rig([hostOf(sshd, [server])], ['box__asking__ask'], { capabilities: { elicitation: {} } });
    const call = client.ask('tools/call', { name: 'box__asking__ask', arguments: {} });
    const question = await client.waitFor(({ method }) => method === 'elicitation/create');
    await sleep(1_200);
    client.send({ id: question.id, result: { action: 'accept', content: {} } });
    expect(textOf(await client.reply(call))).toContain('accept');
  });
});

describe('limits', () => {
  const limited = (limits: object) => ({ plan: { limits: { ...DEFAULTS.limits, ...limits } } });

  it('of calls at one server let more wait, and refuse what comes beyond, clearly', async () => {
    const server = remote(sshd, 'slow', 'slow.mjs');
    const { client } = await rig(
      [hostOf(sshd, [server])],
      ['box__slow__sleep'],
      limited({ callsPerServer: 2, waitingPerServer: 2 }),
    );
    const askedAt = performance.now();
    const calls = Array.from({ length: 6 }, () =>
      client.ask('tools/call', { name: 'box__slow__sleep', arguments: { ms: 400 } }),
    );
    const replies = await Promise.all(calls.map((call) => client.reply(call)));
    expect(performance.now() - askedAt).toBeGreaterThan(790);
    expect(replies.slice(0, 4).map((reply) => textOf(reply))).toEqual(Array.from({ length: 4 }, () => 'slept 400 ms'));
    for (const reply of replies.slice(4))
      expect(textOf(reply)).toMatch(/2 calls are under way and 2 wait already.*box\/slow.*LIMIT_REACHED/s);
  });

  it('of one client refuse its next request and nobody else’s', async () => {
    const server = remote(sshd, 'slow', 'slow.mjs');
    const { client } = await rig([hostOf(sshd, [server])], ['box__slow__sleep'], limited({ requestsPerClient: 3 }));
    const calls = Array.from({ length: 3 }, () =>
      client.ask('tools/call', { name: 'box__slow__sleep', arguments: { ms: 500 } }),
    );
    expect(textOf(await client.call('box__slow__sleep'))).toMatch(/limit of 3 pending requests.*under `limits`/s);
    expect((await client.request('tools/list')).error?.message).toMatch(/limit of 3 pending requests/);
    expect((await client.request('ping')).result).toEqual({});
    await Promise.all(calls.map((call) => client.reply(call)));
    expect(textOf(await client.call('box__slow__sleep', { ms: 1 }))).toBe('slept 1 ms');
  });

  it('of log messages drop what is too much, and say how much that was', async () => {
    const server = remote(sshd, 'counting', 'counting.mjs', { argv: ['/dev/null'] });
    const { client } = await rig(
      [hostOf(sshd, [server])],
      ['box__counting__chatter'],
      limited({ logLinesPerSecond: 100 }),
    );
    await client.text('box__counting__chatter', { count: 5_000 });
    const said = (): string[] => client.received.map(({ params }) => String(params?.['data']));
    const passed = (): number => said().filter((line) => line.startsWith('line')).length;
    // Told once a second, so more than once on a busy machine.
    const dropped = (): number =>
      said()
        .map((line) => /^(\d+) log messages of box\/counting dropped: more than 100 a second$/.exec(line)?.[1] ?? '0')
        .reduce((sum, count) => sum + Number(count), 0);
    await expect.poll(() => passed() + dropped()).toBe(5_000);
    expect(passed()).toBeGreaterThan(399);
    expect(passed()).toBeLessThan(1_500);
  });
});

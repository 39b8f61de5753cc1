/** `serve` as an AI client sees it: how soon it answers, what it says of machines that are away, and how it ends. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { fixture, type HostEntry, writeHostsFile } from '../harness/hosts-file.ts';
import { makeKey } from '../harness/keys.ts';
import { gone, signalPid, withVariable } from '../harness/processes.ts';
import { initialize, startServe } from '../harness/program.ts';
import { startProxy } from '../harness/proxy.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { call, callText, listChanged, offers, textOf, toolNames } from '../harness/tools.ts';
import { proves } from '../requirements.ts';

const QUICK = { reconnect: { initialMs: 100, maxMs: 400 } };

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const echoHost = (at: Sshd = sshd, more: Partial<HostEntry> = {}): HostEntry => ({
  sshd: at,
  servers: { echo: fixture(at, 'echo.mjs') },
  ...more,
});

async function ownSshd(): Promise<Sshd> {
  const own = await startSshd();
  onTestFinished(() => own.stop());
  return own;
}

describe('initialize', () => {
  it(proves('is answered before any host is connected', 'answers-at-once'), async () => {
    const proxy = await startProxy({ to: sshd.port });
    onTestFinished(() => proxy.stop());
    proxy.blackhole();
    const { client } = startServe(writeHostsFile({ far: echoHost(sshd, { port: proxy.port }) }).path);
    const hello = initialize(client);
    expect(await client.request('ping')).toEqual({});
    expect((await hello)['serverInfo']).toMatchObject({ name: 'mcp-anywhere' });
    // In the order of the requests: nothing waited.
    expect(client.received.map(({ message }) => message.id)).toEqual([1, 2]);
    await expect.poll(() => proxy.accepted, { message: 'an attempt to connect' }).toBeGreaterThan(0);
  });

  it('advertises everything that hosts may bring later', async () => {
    const { client } = startServe(writeHostsFile({ box: echoHost() }).path);
    const result = await initialize(client);
    expect(result['capabilities']).toMatchObject({
      tools: { listChanged: true },
      resources: { listChanged: true },
      prompts: { listChanged: true },
      logging: {},
      completions: {},
    });
  });

  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
    'speaks %s with a client that does',
    async (version) => {
      const { client } = startServe(writeHostsFile({ box: echoHost() }).path);
      expect(await initialize(client, version)).toMatchObject({ protocolVersion: version });
    },
  );

  it('offers its own version to a client of an unknown one', async () => {
    const { client } = startServe(writeHostsFile({ box: echoHost() }).path);
    expect(await initialize(client, '2999-01-01')).toMatchObject({ protocolVersion: '2025-11-25' });
  });

  it('answers server/discover as a method it does not have', async () => {
    const { client } = startServe(writeHostsFile({ box: echoHost() }).path);
    const { message } = await client.reply(client.ask('server/discover'));
    expect(message.error?.code).toBe(-32601);
  });
});

describe('hosts that are away', () => {
  it(proves('lists from the cache when every host is offline', 'lists-from-cache'), async () => {
    const own = await ownSshd();
    const sandbox = makeSandbox();
    const file = writeHostsFile(
      { one: echoHost(own), two: { sshd: own, servers: { slow: fixture(own, 'slow.mjs') } } },
      QUICK,
    );
    const first = startServe(file.path, sandbox);
    await initialize(first.client);
    await offers(first.client, ['one__echo__echo', 'two__slow__sleep']);
    const before = await first.client.reply(first.client.ask('tools/list'));
    await first.client.close();
    await own.halt();

    const second = startServe(file.path, sandbox);
    await initialize(second.client);
    const askedAt = performance.now();
    const after = await second.client.reply(second.client.ask('tools/list'));
    // The first list of an unknown host would be held for 8 s.
    expect(after.atMs - askedAt).toBeLessThan(6_000);
    expect(after.message.result).toEqual(before.message.result);
  });

  it(proves('forgets the tools of a host that the hosts file no longer names', 'down-stays-listed'), async () => {
    const sandbox = makeSandbox();
    const file = writeHostsFile({ kept: echoHost(), removed: echoHost() });
    const first = startServe(file.path, sandbox);
    await initialize(first.client);
    await offers(first.client, ['kept__echo__echo', 'removed__echo__echo']);
    await first.client.close();
    file.rewrite({ kept: echoHost() });
    const { client } = startServe(file.path, sandbox);
    await initialize(client);
    const names = await toolNames(client);
    expect(names).toContain('kept__echo__echo');
    expect(names.filter((name) => name.startsWith('removed'))).toEqual([]);
  });

  it(proves('lists without the hosts it never saw, and says so when they come', 'list-changed'), async () => {
    const own = await ownSshd();
    await own.halt();
    const { client } = startServe(writeHostsFile({ here: echoHost(), late: echoHost(own) }, QUICK).path);
    await initialize(client);
    const first = await toolNames(client);
    expect(first).toContain('here__echo__echo');
    expect(first).not.toContain('late__echo__echo');
    const changes = listChanged(client).length;
    await own.restart();
    await expect
      .poll(() => listChanged(client).length, { timeout: 15_000, message: 'list_changed' })
      .toBeGreaterThan(changes);
    expect(await toolNames(client)).toContain('late__echo__echo');
    expect(await callText(client, 'late__echo__echo', { message: 'hi' })).toBe('{"message":"hi"}');
  });

  it(proves('holds the very first list for at most 8 s when a host stays silent', 'first-list'), async () => {
    const proxy = await startProxy({ to: sshd.port });
    onTestFinished(() => proxy.stop());
    proxy.blackhole();
    const { client } = startServe(writeHostsFile({ far: echoHost(sshd, { port: proxy.port }), near: echoHost() }).path);
    await initialize(client);
    const askedAt = performance.now();
    const names = await toolNames(client);
    expect(performance.now() - askedAt).toBeLessThan(14_000);
    expect(names).toContain('near__echo__echo');
  });

  it(
    proves(
      'keeps the tools of a host that goes down, and answers a call to it within 3 s with cause and retry',
      'down-stays-listed',
      'explains-itself',
    ),
    async () => {
      const own = await ownSshd();
      const { client } = startServe(
        writeHostsFile({ shaky: echoHost(own), firm: echoHost() }, { reconnect: { initialMs: 1000, maxMs: 20_000 } })
          .path,
      );
      await initialize(client);
      await offers(client, ['shaky__echo__echo', 'firm__echo__echo']);
      await own.halt();
      await client.reply(client.ask('tools/call', { name: 'shaky__echo__echo', arguments: {} }));
      const askedAt = performance.now();
      const result = await call(client, 'shaky__echo__echo', { message: 'anyone?' });
      expect(performance.now() - askedAt).toBeLessThan(8_000);
      expect(result.isError).toBe(true);
      expect(textOf(result)).toContain('shaky');
      expect(textOf(result)).toMatch(/refused|unreachable|connect/i);
      expect(textOf(result)).toMatch(/retr|again/i);
      expect(await toolNames(client)).toContain('shaky__echo__echo');
      expect(await callText(client, 'firm__echo__echo', { message: 'fine' })).toBe('{"message":"fine"}');
    },
  );

  it('tries a waiting host at once when a call comes', async () => {
    const own = await ownSshd();
    const { client } = startServe(
      writeHostsFile({ shaky: echoHost(own) }, { reconnect: { initialMs: 30_000, maxMs: 30_000 } }).path,
    );
    await initialize(client);
    await offers(client, ['shaky__echo__echo']);
    await own.halt();
    await expect
      .poll(async () => (await call(client, 'shaky__echo__echo')).isError, { message: 'a failing call' })
      .toBe(true);
    await own.restart();
    const askedAt = performance.now();
    expect(await callText(client, 'shaky__echo__echo', { message: 'back' })).toBe('{"message":"back"}');
    expect(performance.now() - askedAt).toBeLessThan(8_000);
  });

  it('answers a call to a host that refuses the login without another attempt', async () => {
    const sandbox = makeSandbox();
    const first = startServe(writeHostsFile({ box: echoHost() }).path, sandbox);
    await initialize(first.client);
    await offers(first.client, ['box__echo__echo']);
    await first.client.close();

    const wrong = await makeKey(join(scratch(), 'wrong'));
    const { client } = startServe(writeHostsFile({ box: echoHost(sshd, { identityFile: wrong.path }) }).path, sandbox);
    await initialize(client);
    // The first call may have to wait for the login that is under way.
    expect((await call(client, 'box__echo__echo')).isError).toBe(true);
    const attempts = (): number => sshd.log().split('Connection from').length;
    const before = attempts();
    const received = await client.reply(client.ask('tools/call', { name: 'box__echo__echo', arguments: {} }));
    expect(received.line).toContain('box');
    expect(received.line).toMatch(/doctor/);
    expect(attempts()).toBe(before);
    expect(sshd.log().split('Connection closed by authenticating').length).toBeLessThan(6);
  });
});

describe('the end', () => {
  /** A remote and a local server, both marked, and the moment when both run. */
  async function marked(belowAnother = false) {
    const mark = randomUUID();
    const env = { MCPA_TEST_RUN: mark };
    const own = await ownSshd();
    const file = writeHostsFile({
      far: {
        sshd: own,
        servers: { echo: fixture(own, 'echo.mjs', [], { env }), sh: fixture(own, 'sh-echo.sh', [], { env }) },
      },
      here: { servers: { echo: fixture(own, 'echo.mjs', [], { env }) } },
    });
    const running = () => withVariable('MCPA_TEST_RUN', mark);
    const sandbox = makeSandbox({ MCPA_TEST_SERVE: mark });
    const { client } = startServe(file.path, sandbox, { belowAnother });
    await initialize(client);
    await offers(client, ['far__echo__echo', 'far__sh__echo', 'here__echo__echo']);
    await callText(client, 'far__echo__echo');
    await call(client, 'far__sh__echo');
    await callText(client, 'here__echo__echo');
    const nodes = running().filter((one) => one.commandLine.includes('echo.mjs'));
    expect(nodes.length).toBeGreaterThanOrEqual(2);
    const nothingLeft = async (): Promise<void> => {
      // Ours and those of the local launcher, whose reaper waits two seconds before it kills.
      await gone(() => [...running(), ...withVariable('MCPA_TEST_SERVE', mark)], 10_000);
      await own.quiet(10_000);
    };
    return { client, nothingLeft };
  }

  it.each([
    ['stdin EOF', 0],
    ['SIGTERM', undefined],
    ['SIGHUP', undefined],
  ] as const)('comes with %s and takes every process along', async (how, code) => {
    const { client, nothingLeft } = await marked();
    if (how === 'stdin EOF') client.endInput();
    else client.kill(how);
    const exit = await client.ended;
    if (code !== undefined) expect(exit).toEqual({ code, signal: null });
    await nothingLeft();
  });

  it('comes with the death of its parent, though stdin stays open', async () => {
    const { client, nothingLeft } = await marked(true);
    signalPid(client.pid, 'SIGKILL');
    await nothingLeft();
  });

  it(proves('comes with SIGKILL for the remote processes too', 'nothing-left'), async () => {
    const { client, nothingLeft } = await marked();
    client.kill('SIGKILL');
    await nothingLeft();
  });

  it('comes soon at whatever point of connecting and starting it is asked for', async () => {
    const proxy = await startProxy({ to: sshd.port, delayMs: 5 });
    onTestFinished(() => proxy.stop());
    const sandbox = makeSandbox();
    const file = writeHostsFile({ far: echoHost(sshd, { port: proxy.port }), near: echoHost() });
    const moments = Array.from({ length: 32 }, (_, index) => index * 12);
    for (const group of [
      moments.filter((_, index) => index % 2 === 0),
      moments.filter((_, index) => index % 2 === 1),
    ]) {
      await Promise.all(
        group.map(async (afterMs) => {
          const { client } = startServe(file.path, sandbox);
          await initialize(client);
          await sleep(afterMs);
          const exit = await client.close(10_000);
          expect(exit, `${afterMs} ms after initialize`).toEqual({ code: 0, signal: null });
        }),
      );
    }
    await sshd.quiet(10_000);
  });

  it('comes at once while a host is silent', async () => {
    const proxy = await startProxy({ to: sshd.port });
    onTestFinished(() => proxy.stop());
    proxy.blackhole();
    const { client } = startServe(writeHostsFile({ far: echoHost(sshd, { port: proxy.port }) }).path);
    await initialize(client);
    await expect.poll(() => proxy.accepted).toBeGreaterThan(0);
    const endedAt = performance.now();
    client.endInput();
    await client.ended;
    expect(performance.now() - endedAt).toBeLessThan(5_000);
  });
});

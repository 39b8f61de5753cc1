/** Servers that take their time: progress, cancellation, time limits, and that they harm only themselves. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture, type HostEntry, writeHostsFile } from '../harness/hosts-file.ts';
import { initialize, startServe } from '../harness/program.ts';
import type { RawClient } from '../harness/raw-client.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { call, callText, listChanged, offers, textOf, toolNames } from '../harness/tools.ts';
import { until } from '../harness/until.ts';
import { proves } from '../requirements.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

async function serving(servers: HostEntry['servers'], ready: string[]): Promise<RawClient> {
  const { client } = startServe(writeHostsFile({ box: { sshd, servers } }).path);
  await initialize(client);
  await offers(client, ready);
  return client;
}

const slow = (more: object = {}, args: string[] = []) => fixture(sshd, 'slow.mjs', args, { ...more });

describe('progress', () => {
  it.each(['a token "with" quotes', 7, 0])(
    "comes with the client's own token (%s), before the result",
    async (progressToken) => {
      const client = await serving({ slow: slow() }, ['box__slow__steps']);
      const id = client.ask('tools/call', {
        name: 'box__slow__steps',
        arguments: { count: 3, everyMs: 50 },
        _meta: { progressToken },
      });
      await client.reply(id);
      const steps = client
        .notifications('notifications/progress')
        .filter((one) => one.params?.['progressToken'] === progressToken);
      expect(steps.map((one) => one.params)).toMatchObject(
        [1, 2, 3].map((progress) => ({ progress, total: 3, message: `step ${progress}`, 'x-extra': true })),
      );
      const lines = client.received.map((one) => one.message);
      expect(lines.findIndex((one) => one.id === id && one.method === undefined)).toBe(lines.length - 1);
    },
  );

  it('is not mixed up between calls with tokens alike in text', async () => {
    const client = await serving({ slow: slow() }, ['box__slow__steps']);
    const ids = [1, '1'].map((progressToken) =>
      client.ask('tools/call', {
        name: 'box__slow__steps',
        arguments: { count: 2, everyMs: 60 },
        _meta: { progressToken },
      }),
    );
    await Promise.all(ids.map((id) => client.reply(id)));
    const tokens = client.notifications('notifications/progress').map((one) => one.params?.['progressToken']);
    expect(tokens.filter((token) => token === 1)).toHaveLength(2);
    expect(tokens.filter((token) => token === '1')).toHaveLength(2);
  });

  it('rises from 0 while the call waits for its server, and goes on with what the server tells', async () => {
    const client = await serving({ slow: slow({ idleMs: 300 }, ['--start-after', '2000']) }, ['box__slow__steps']);
    const ask = (): Promise<unknown> =>
      client.reply(
        client.ask('tools/call', {
          name: 'box__slow__steps',
          arguments: { count: 3, everyMs: 20, from: 0 },
          _meta: { progressToken: 'p' },
        }),
      );
    await ask();
    const before = client.notifications('notifications/progress').length;
    // The server idles out: the next call waits for a new instance.
    await sleep(1_500);
    await ask();
    const told = client.notifications('notifications/progress').slice(before);
    const numbers = told.map((one) => Number(one.params?.['progress']));
    expect(told[0]?.params).toMatchObject({ progress: 0, message: 'waiting for box/slow to come up' });
    expect(told[0]?.params).not.toHaveProperty('total');
    expect(told.at(-3)?.params).toMatchObject({ total: 3, message: 'step 1' });
    expect(numbers).toEqual([...new Set(numbers)].sort((one, other) => one - other));
    expect(numbers.slice(-2)).toEqual([1, 2]);
  });

  it('resets the time limit of a call', async () => {
    const client = await serving({ slow: slow({ timeoutMs: 600 }) }, ['box__slow__steps']);
    const { message } = await client.reply(
      client.ask('tools/call', {
        name: 'box__slow__steps',
        arguments: { count: 6, everyMs: 250 },
        _meta: { progressToken: 'p' },
      }),
    );
    expect(message.result).toMatchObject({ content: [{ text: '6 steps' }] });
  });
});

describe('cancellation', () => {
  it(proves('reaches the server under its own id, and no reply follows', 'cancelled'), async () => {
    const client = await serving({ slow: slow() }, ['box__slow__never', 'box__slow__cancelled']);
    const id = client.ask('tools/call', { name: 'box__slow__never', arguments: {} });
    await callText(client, 'box__slow__cancelled');
    client.notify('notifications/cancelled', { requestId: id, reason: 'no longer needed' });
    const seen = await until(async () => {
      const list = JSON.parse(await callText(client, 'box__slow__cancelled')) as unknown[];
      return list.length > 0 && list;
    });
    expect(seen).toEqual([{ known: true, reason: 'no longer needed' }]);
    expect(client.received.some((one) => one.message.id === id && one.message.method === undefined)).toBe(false);
  });

  it('of an unknown request is ignored', async () => {
    const client = await serving({ slow: slow() }, ['box__slow__cancelled']);
    client.notify('notifications/cancelled', { requestId: 'never asked' });
    expect(await callText(client, 'box__slow__cancelled')).toBe('[]');
  });
});

describe('time limits', () => {
  it('end a call with host, server and tool named, and the server is told', async () => {
    const client = await serving({ slow: slow({ timeoutMs: 400 }) }, ['box__slow__never']);
    const askedAt = performance.now();
    const result = await call(client, 'box__slow__never');
    expect(performance.now() - askedAt).toBeGreaterThan(390);
    expect(performance.now() - askedAt).toBeLessThan(3_000);
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(/box/);
    expect(textOf(result)).toMatch(/slow/);
    expect(textOf(result)).toMatch(/timeoutMs/);
    expect(JSON.parse(await callText(client, 'box__slow__cancelled'))).toMatchObject([{ known: true }]);
  });
});

describe('a slow server', () => {
  it(proves('does not delay another one on the same connection', 'isolation'), async () => {
    const client = await serving({ slow: slow(), echo: fixture(sshd, 'echo.mjs') }, [
      'box__slow__never',
      'box__echo__echo',
    ]);
    for (let index = 0; index < 20; index += 1)
      client.ask('tools/call', { name: 'box__slow__sleep', arguments: { ms: 5_000 } });
    const times: number[] = [];
    for (let index = 0; index < 5; index += 1) {
      const askedAt = performance.now();
      await callText(client, 'box__echo__echo', { message: 'quick' });
      times.push(performance.now() - askedAt);
    }
    expect(Math.min(...times)).toBeLessThan(200);
    expect(await callText(client, 'box__slow__cancelled')).toBe('[]');
  });

  it('appears late without holding the others', async () => {
    const { client } = startServe(
      writeHostsFile({
        box: { sshd, servers: { slow: slow({}, ['--start-after', '9500']), echo: fixture(sshd, 'echo.mjs') } },
      }).path,
    );
    await initialize(client);
    const first = await toolNames(client);
    expect(first).toContain('box__echo__echo');
    expect(first).not.toContain('box__slow__sleep');
    await until(() => listChanged(client).length > 0, { withinMs: 15_000, what: 'list_changed' });
    await offers(client, ['box__slow__sleep'], 10_000);
  });
});

describe('a flooding server', () => {
  it(proves('of 100 MB of noise within a call harms nobody, itself included', 'isolation'), async () => {
    const client = await serving({ flood: fixture(sshd, 'flood.mjs'), echo: fixture(sshd, 'echo.mjs') }, [
      'box__flood__flood',
      'box__echo__echo',
    ]);
    await callText(client, 'box__echo__echo');
    const id = client.ask('tools/call', { name: 'box__flood__flood', arguments: { megabytes: 100 } });
    const times: number[] = [];
    while (!client.received.some((one) => one.message.id === id && one.message.method === undefined)) {
      const askedAt = performance.now();
      await callText(client, 'box__echo__echo', { message: 'x' });
      times.push(performance.now() - askedAt);
    }
    expect(Math.max(...times)).toBeLessThan(3_000);
    expect(await callText(client, 'box__flood__echo', { a: 1 })).toBe('{"a":1}');
  });

  it('with a message over the limit gets a clear error, and its connection lives', async () => {
    const { client } = startServe(
      writeHostsFile(
        { box: { sshd, servers: { flood: fixture(sshd, 'flood.mjs'), echo: fixture(sshd, 'echo.mjs') } } },
        { limits: { maxMessageBytes: 4 << 20 } },
      ).path,
    );
    await initialize(client);
    await offers(client, ['box__flood__big']);
    const result = await call(client, 'box__flood__big', { megabytes: 8 });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toMatch(/MESSAGE_TOO_LARGE/);
    expect(await callText(client, 'box__flood__echo', { a: 1 })).toBe('{"a":1}');
    expect(textOf(await call(client, 'box__flood__big', { megabytes: 2 }))).toHaveLength(2 << 20);
  });
});

it("a server's changed list is passed on", async () => {
  const client = await serving({ changing: fixture(sshd, 'changing.mjs') }, ['box__changing__add']);
  const changes = listChanged(client).length;
  await callText(client, 'box__changing__add', { name: 'extra' });
  await until(() => listChanged(client).length > changes, { what: 'list_changed' });
  await offers(client, ['box__changing__extra'], 5_000);
  await callText(client, 'box__changing__remove', { name: 'extra' });
  await until(async () => !(await toolNames(client)).includes('box__changing__extra'), {
    withinMs: 5_000,
    what: 'the tool to go',
  });
});

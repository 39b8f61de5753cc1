import { describe, expect, it } from 'vitest';
import { DEFAULTS } from '../../../src/config/defaults.ts';
import { proves } from '../../requirements.ts';
import { connected, StreamClient, server, textOf } from '../gateway/kit.ts';

const full = server('box/full', './full.mjs');
const ALL = { roots: {}, sampling: {}, elicitation: {} };

describe("a server's request", () => {
  it.each(['roots/list', 'sampling/createMessage', 'elicitation/create', 'x/future'])(
    '%s reaches its client as written, and the answer comes back',
    async (method) => {
      const { client } = await connected([full], ['box__full__ask'], {}, ALL);
      const id = client.ask('tools/call', {
        name: 'box__full__ask',
        arguments: { method, params: { n: 1, _meta: { x: 1 } }, id: 'its own' },
      });
      const request = await client.waitFor((message) => message.method === method);
      expect(request.params).toEqual({ n: 1, _meta: { x: 1 } });
      client.send({ id: request.id, result: { answer: [1], 'x-new': true } });
      expect(JSON.parse(textOf(await client.reply(id)))).toEqual({
        jsonrpc: '2.0',
        id: 'its own',
        result: { answer: [1], 'x-new': true },
      });
    },
  );

  it("gets its client's errors too", async () => {
    const { client } = await connected([full], ['box__full__ask'], {}, ALL);
    const id = client.ask('tools/call', {
      name: 'box__full__ask',
      arguments: { method: 'elicitation/create', params: {}, id: 5 },
    });
    const request = await client.waitFor((message) => message.method === 'elicitation/create');
    client.send({ id: request.id, error: { code: -1, message: 'declined', data: { n: 1 } } });
    expect(JSON.parse(textOf(await client.reply(id)))).toEqual({
      jsonrpc: '2.0',
      id: 5,
      error: { code: -1, message: 'declined', data: { n: 1 } },
    });
  });

  it('of two servers with one id are kept apart', async () => {
    const { client } = await connected(
      [full, server('box/twin', './full.mjs')],
      ['box__full__ask', 'box__twin__ask'],
      {},
      ALL,
    );
    const ids = ['full', 'twin'].map((name) =>
      client.ask('tools/call', {
        name: `box__${name}__ask`,
        arguments: { method: 'roots/list', params: { name }, id: 1 },
      }),
    );
    await expect.poll(() => client.received.filter(({ method }) => method === 'roots/list')).toHaveLength(2);
    for (const { id, params } of client.received.filter(({ method }) => method === 'roots/list'))
      client.send({ id, result: { for: params?.['name'] } });
    const answers = await Promise.all(
      ids.map(async (id) => JSON.parse(textOf(await client.reply(id))) as { result: object }),
    );
    expect(answers.map(({ result }) => result)).toEqual([{ for: 'full' }, { for: 'twin' }]);
  });

  it('that is never answered takes no place of another server’s, and no call', async () => {
    const limits = { ...DEFAULTS.limits, serverRequests: 2 };
    const servers = [full, server('box/twin', './full.mjs')];
    const { client } = await connected(servers, ['box__full__ask', 'box__twin__ask'], { plan: { limits } }, ALL);
    const ask = (name: string): number =>
      client.ask('tools/call', { name: `box__${name}__ask`, arguments: { method: 'roots/list', params: { name } } });
    ask('full');
    ask('full');
    expect(textOf(await client.reply(ask('full')))).toContain('2 requests of this server already wait');
    const id = ask('twin');
    const request = await client.waitFor(
      ({ method, params }) => method === 'roots/list' && params?.['name'] === 'twin',
    );
    client.send({ id: request.id, result: { roots: [] } });
    expect(textOf(await client.reply(id))).toContain('roots');
    expect(await client.text('box__full__seen')).toContain('initialize');
  });

  it('that its server cancels is cancelled at the client, and gets no answer', async () => {
    const { client } = await connected([full], ['box__full__send'], {}, ALL);
    await client.text('box__full__send', { method: 'sampling/createMessage', params: {}, id: 77 });
    const request = await client.waitFor((message) => message.method === 'sampling/createMessage');
    await client.text('box__full__say', {
      method: 'notifications/cancelled',
      params: { requestId: 77, reason: 'changed my mind' },
    });
    const cancelled = await client.waitFor((message) => message.method === 'notifications/cancelled');
    expect(cancelled.params).toEqual({ requestId: request.id, reason: 'changed my mind' });
    client.send({ id: request.id, result: { late: true } });
    await client.request('ping');
    expect(await client.text('box__full__seen')).not.toContain('"id":77');
  });

  it(proves('goes to the client whose server asks, and to no other', 'clients-apart'), async () => {
    const { gateway, client } = await connected([full], ['box__full__ask'], {}, ALL);
    const other = new StreamClient(gateway);
    await other.initialize(ALL);
    await other.offers('box__full__ask');
    const id = other.ask('tools/call', { name: 'box__full__ask', arguments: { method: 'roots/list', params: {} } });
    const request = await other.waitFor((message) => message.method === 'roots/list');
    other.send({ id: request.id, result: { roots: [] } });
    await other.reply(id);
    expect(client.received.some(({ method }) => method === 'roots/list')).toBe(false);
  });

  it(proves('may report progress to the server that asked for it, under its own token', 'progress'), async () => {
    const { client } = await connected([full], ['box__full__ask'], {}, ALL);
    const id = client.ask('tools/call', {
      name: 'box__full__ask',
      arguments: { method: 'sampling/createMessage', params: { _meta: { progressToken: 'mine' } } },
    });
    const request = await client.waitFor((message) => message.method === 'sampling/createMessage');
    const token = (request.params?.['_meta'] as { progressToken: unknown }).progressToken;
    client.send({ method: 'notifications/progress', params: { progressToken: token, progress: 1 } });
    client.send({ id: request.id, result: {} });
    await client.reply(id);
    const seen = JSON.parse(await client.text('box__full__seen')) as { method: string; params: object }[];
    expect(seen.find(({ method }) => method === 'notifications/progress')?.params).toEqual({
      progressToken: 'mine',
      progress: 1,
    });
  });
});

describe("a server's notification", () => {
  it.each(['notifications/x/future', 'notifications/elicitation/complete'])(
    proves('%s reaches its client as written', 'url-elicitation'),
    async (method) => {
      const { client } = await connected([full], ['box__full__say']);
      await client.text('box__full__say', { method, params: { n: 1 } });
      expect((await client.waitFor((message) => message.method === method)).params).toEqual({ n: 1 });
    },
  );

  it("of a log line passes from the client's level upwards", async () => {
    const { client } = await connected([full], ['box__full__say']);
    const log = (level: string): Promise<string> =>
      client.text('box__full__say', { method: 'notifications/message', params: { level, data: level } });
    const passed = (): unknown[] =>
      client.received.filter(({ method }) => method === 'notifications/message').map(({ params }) => params?.['level']);
    await log('debug');
    await expect.poll(() => passed()).toHaveLength(1);
    expect((await client.request('logging/setLevel', { level: 'warning' })).result).toEqual({});
    for (const level of ['debug', 'notice', 'warning', 'strange', 'emergency']) await log(level);
    await client.request('ping');
    expect(passed()).toEqual(['debug', 'warning', 'strange', 'emergency']);
    expect(await client.text('box__full__level')).toBe('warning');
  });

  it('of a level nobody knows is refused', async () => {
    const { client } = await connected([full], ['box__full__say']);
    expect((await client.request('logging/setLevel', { level: 'loud' })).error?.code).toBe(-32602);
    expect((await client.request('logging/setLevel', {})).error?.code).toBe(-32602);
  });

  it('of an updated resource names it as the client knows it', async () => {
    const { client } = await connected([full, server('box/other', 'echo.mjs')], ['box__full__say']);
    await client.request('resources/subscribe', { uri: 'mcpa://box/full/test://a' });
    await client.text('box__full__say', {
      method: 'notifications/resources/updated',
      params: { uri: 'test://a', x: 1 },
    });
    expect((await client.waitFor((message) => message.method === 'notifications/resources/updated')).params).toEqual({
      uri: 'mcpa://box/full/test://a',
      x: 1,
    });
  });
});

it("a client's roots change is told to its servers", async () => {
  const { client } = await connected([full], ['box__full__seen'], {}, ALL);
  client.send({ method: 'notifications/roots/list_changed' });
  await expect.poll(() => client.text('box__full__seen')).toContain('notifications/roots/list_changed');
});

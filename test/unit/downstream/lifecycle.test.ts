import { describe, expect, it } from 'vitest';
import { proves } from '../../requirements.ts';
import { connected, inline, openGateway, StreamClient, server } from '../gateway/kit.ts';

const echo = server('box/echo', 'echo.mjs');

describe('initialize', () => {
  it(proves('is answered before the ping behind it, while no server has said a word', 'answers-at-once'), async () => {
    const client = new StreamClient(openGateway([inline('box/mute', 'setInterval(() => undefined, 1e9)')]));
    const hello = client.initialize();
    await client.request('ping');
    await hello;
    expect(client.received.map(({ result }) => Object.keys(result ?? {}).includes('serverInfo'))).toEqual([
      true,
      false,
    ]);
  });

  it(proves('answers with everything that can be advertised', 'capabilities'), async () => {
    const { result } = await new StreamClient(openGateway([echo])).initialize();
    expect(result).toMatchObject({
      protocolVersion: '2025-11-25',
      serverInfo: { name: 'mcp-anywhere', version: '1.2.3' },
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        logging: {},
        completions: {},
      },
    });
  });

  it.each([
    ['2024-11-05', '2024-11-05'],
    ['2025-03-26', '2025-03-26'],
    ['2026-07-28', '2025-11-25'],
    ['nonsense', '2025-11-25'],
  ])('asked for %s speaks %s', async (asked, spoken) => {
    const { result } = await new StreamClient(openGateway([echo])).initialize({}, asked);
    expect(result?.['protocolVersion']).toBe(spoken);
  });

  it.each([
    undefined,
    {},
    { protocolVersion: '2025-11-25', capabilities: {} },
    { protocolVersion: '2025-11-25', capabilities: [], clientInfo: {} },
  ])('refuses params %j', async (params) => {
    const { error } = await new StreamClient(openGateway([echo])).request('initialize', params);
    expect(error?.code).toBe(-32602);
  });

  it(proves("hands the client's own words to its servers", 'capabilities'), async () => {
    const capabilities = { roots: { listChanged: true }, sampling: {}, 'x-new': { n: 1 } };
    const { client } = await connected([server('box/full', './full.mjs')], ['box__full__hello'], {}, capabilities);
    const hello = JSON.parse(await client.text('box__full__hello')) as { params: object };
    expect(hello.params).toMatchObject({
      protocolVersion: '2025-11-25',
      capabilities,
      clientInfo: { name: 'test', version: '1', 'x-new': 1.5 },
    });
  });
});

describe('a client', () => {
  it('is answered pings, before anything is up', async () => {
    expect((await new StreamClient(openGateway([echo])).request('ping')).result).toEqual({});
  });

  it.each(['server/discover', 'no/such', 'constructor', '__proto__'])('hears −32601 to %s', async (method) => {
    const { client } = await connected([echo, server('box/other', 'echo.mjs')], ['box__echo__echo']);
    expect((await client.request(method, {})).error?.code).toBe(-32601);
  });

  it('hears −32601 to server/discover even where one server could be asked', async () => {
    const { client } = await connected([server('box/full', './full.mjs')], ['box__full__hello']);
    expect((await client.request('server/discover', {})).error?.code).toBe(-32601);
    expect((await client.request('x/future', { n: 1 })).result).toEqual({ future: { n: 1 } });
  });

  it('that sends rubbish is told so, and goes on', async () => {
    const client = new StreamClient(openGateway([echo]));
    client.send('this is not JSON');
    client.send('{"half": ');
    expect((await client.request('ping')).result).toEqual({});
    expect(client.received.filter(({ id }) => id === null).map(({ error }) => error?.code)).toEqual([-32700, -32700]);
  });

  it.each([
    ['"x"', 'x'],
    ['7', 7],
  ])('that sends too much is told for that message alone, under its id %s', async (id, expected) => {
    const client = new StreamClient(openGateway([echo]), { maxMessageBytes: 1000 });
    client.send(
      `{"method":"tools/call","params":{"name":"x","arguments":{"a":"${'a'.repeat(5000)}"}},"jsonrpc":"2.0","id":${id}}`,
    );
    client.send(
      `{"jsonrpc":"2.0","id":"second","method":"tools/call","params":{"name":"x","arguments":{"a":"${'a'.repeat(5000)}"}}}`,
    );
    expect((await client.reply(expected)).error?.message).toContain('1000');
    expect((await client.reply('second')).error?.code).toBe(-32600);
    expect((await client.request('ping')).result).toEqual({});
  });

  it('may write its messages in any chunks', async () => {
    const client = new StreamClient(openGateway([echo]));
    for (const byte of Buffer.from('{"jsonrpc":"2.0","id":"é","method":"ping"}\r\n'))
      client.input.write(Buffer.from([byte]));
    expect((await client.reply('é')).result).toEqual({});
  });

  it(proves('is gone when its stream ends, and its servers end with it', 'client-leaves'), async () => {
    const { gateway, client } = await connected([echo], ['box__echo__echo']);
    const pid = (JSON.parse(await client.text('box__echo__where')) as { pid: number }).pid;
    client.input.end();
    gateway.closeSession(client.door.session, await client.door.ended);
    const [unit] = gateway.units;
    await expect.poll(() => unit?.state.ready).toBe(0);
    await expect.poll(() => isRunning(pid), { timeout: 8000 }).toBe(false);
    expect(gateway.sessions.size).toBe(0);
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('an id of null', () => {
  it('makes no request: the client is told, and nothing is done', async () => {
    const client = new StreamClient(openGateway([echo]));
    await client.initialize();
    client.send({ id: null, method: 'ping' });
    const { error } = await client.waitFor((message) => message.id === null);
    expect(error).toMatchObject({ code: -32600, message: expect.stringContaining('null') as unknown });
  });

  it('in a batch is told beside the answers to the others', async () => {
    const client = new StreamClient(openGateway([echo]));
    await client.initialize({}, '2025-03-26');
    client.send('[{"jsonrpc":"2.0","id":null,"method":"ping"},{"jsonrpc":"2.0","id":"b","method":"ping"}]');
    expect((await client.waitFor((message) => message.id === null)).error?.code).toBe(-32600);
  });

  it('of a notification is passed by: some clients write one', async () => {
    const client = new StreamClient(openGateway([echo]));
    await client.initialize();
    client.send({ id: null, method: 'notifications/roots/list_changed' });
    expect((await client.request('ping')).result).toEqual({});
    expect(client.received.filter(({ id }) => id === null)).toEqual([]);
  });
});

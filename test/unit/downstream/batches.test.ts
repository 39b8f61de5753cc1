/** Batches (JSON-RPC 2.0 section 6; MCP 2025-03-26 only), from clients and from servers. */
import { expect, it } from 'vitest';
import { until } from '../../harness/until.ts';
import { proves } from '../../requirements.ts';
import { connected, inline, openGateway, type Received, StreamClient, server } from '../gateway/kit.ts';

const BATCHES = '2025-03-26';

const batches = (client: StreamClient): Received[][] =>
  client.lines.map((line) => JSON.parse(line) as unknown).filter((one): one is Received[] => Array.isArray(one));

it(proves('a client’s batch is answered as one, whoever answers each of it', 'batches'), async () => {
  const { client } = await connected(
    [server('box/full', './full.mjs'), server('box/twin', './full.mjs')],
    ['box__full__args', 'box__twin__args'],
    {},
    {},
    BATCHES,
  );
  const call = (id: unknown, name: string) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name: `box__${name}__args`, arguments: { of: name } },
  });
  client.send(
    JSON.stringify([
      call('a', 'full'),
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'nobody' } },
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      call(2, 'twin'),
      { jsonrpc: '2.0', id: 3, method: 'no/such' },
    ]),
  );
  const [replies] = await until(() => batches(client).length > 0 && batches(client));
  const byId = new Map(replies?.map((reply) => [reply.id, reply]));
  expect([...byId.keys()].sort()).toEqual([1, 2, 3, 'a']);
  expect(JSON.stringify(byId.get('a')?.result)).toContain('full');
  expect(JSON.stringify(byId.get(2)?.result)).toContain('twin');
  expect(byId.get(1)?.result).toEqual({});
  expect(byId.get(3)?.error?.code).toBe(-32601);
});

it(proves('a client’s batch of which one is cancelled is answered without it', 'batches', 'cancelled'), async () => {
  const { client } = await connected([server('box/slow', 'slow.mjs')], ['box__slow__sleep'], {}, {}, BATCHES);
  const sleep = {
    jsonrpc: '2.0',
    id: 'sleeps',
    method: 'tools/call',
    params: { name: 'box__slow__sleep', arguments: { ms: 60_000 } },
  };
  client.send(JSON.stringify([sleep, { jsonrpc: '2.0', id: 'p', method: 'ping' }]));
  await client.text('box__slow__cancelled');
  client.send({ method: 'notifications/cancelled', params: { requestId: 'sleeps' } });
  const [replies] = await until(() => batches(client).length > 0 && batches(client));
  expect(replies).toEqual([{ jsonrpc: '2.0', id: 'p', result: {} }]);
});

/** Answers a call in a batch with a notification and two requests, and says what came back for those. */
const BATCHING = `
import { createInterface } from 'node:readline';
let call;
const say = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line);
  if (Array.isArray(message)) return say({ jsonrpc: '2.0', id: call, result: { content: [{ type: 'text', text: line }] } });
  const { id, method, params } = message;
  const results = {
    initialize: { protocolVersion: '2025-03-26', capabilities: { tools: {} }, serverInfo: { name: 'b', version: '1' } },
    'tools/list': { tools: [{ name: 'a', inputSchema: { type: 'object' } }] },
  };
  if (method === 'tools/call') {
    call = id;
    say([
      { jsonrpc: '2.0', method: 'notifications/x/first', params: {} },
      { jsonrpc: '2.0', id: 'roots', method: 'roots/list' },
      { jsonrpc: '2.0', id: 'ping', method: 'ping' },
    ]);
  } else if (id !== undefined) say({ jsonrpc: '2.0', id, result: results[method] ?? {} });
}).on('close', () => process.exit(0));
`;

it(proves('a server’s batch is taken apart for its client, and answered as one', 'batches', 'ping'), async () => {
  const { client } = await connected([inline('box/b', BATCHING)], ['box__b__a'], {}, { roots: {} });
  const id = client.ask('tools/call', { name: 'box__b__a', arguments: {} });
  await client.waitFor(({ method }) => method === 'notifications/x/first');
  const request = await client.waitFor(({ method }) => method === 'roots/list');
  client.send({ id: request.id, result: { roots: [] } });
  const { result } = await client.reply(id);
  const [{ text }] = result?.['content'] as [{ text: string }];
  expect(JSON.parse(text)).toEqual(
    expect.arrayContaining([
      { jsonrpc: '2.0', id: 'ping', result: {} },
      { jsonrpc: '2.0', id: 'roots', result: { roots: [] } },
    ]),
  );
  expect(client.received.some(({ method }) => method === 'ping')).toBe(false);
});

const PING = { jsonrpc: '2.0', id: 'p', method: 'ping' };

it('what of a batch is no request is answered beside the rest, in the same array', async () => {
  const { client } = await connected([], [], {}, {}, BATCHES);
  const twice = '{"jsonrpc":"2.0","id":"t","id":"t","method":"ping"}';
  client.send(`[1,{"foo":2},${JSON.stringify(PING)},{"jsonrpc":"2.0","id":{},"method":"ping"},${twice}]`);
  const [replies = []] = await until(() => batches(client).length > 0 && batches(client));
  const codes = replies.map(({ id, error }) => [id, error?.code]);
  expect(codes).toHaveLength(5);
  expect(codes.filter(([id, code]) => id === null && code === -32600)).toHaveLength(3);
  expect(codes).toContainEqual(['p', undefined]);
  expect(codes).toContainEqual(['t', -32600]);
  client.send('[1,2]');
  client.send('[]');
  expect((await client.reply(null)).error?.code).toBe(-32600);
  expect(batches(client)[1]?.map(({ error }) => error?.code)).toEqual([-32600, -32600]);
});

it('a batch of a client of another version is refused as a whole', async () => {
  const { client } = await connected([], []);
  client.send(JSON.stringify([PING]));
  expect((await client.reply(null)).error?.code).toBe(-32600);
  await client.request('ping');
  expect(client.received.some(({ id }) => id === 'p')).toBe(false);
});

it.each([
  ['{"foo":1}', -32600],
  ['"text"', -32600],
  ['7', -32600],
  ['{"jsonrpc":"2.0","id":true,"method":"ping"}', -32600],
  ['{"jsonrpc":"2.0","id":[1],"method":"ping"}', -32600],
  ['{"jsonrpc":"2.0","id":1,"method":', -32700],
  ['no JSON', -32700],
])('%s is answered with %i', async (line, code) => {
  const client = new StreamClient(openGateway([]));
  client.send(line);
  expect((await client.reply(null)).error?.code).toBe(code);
});

it.each(['"jsonrpc":"1.0",', '"jsonrpc":2.0,', '"jsonrpc":null,', ''])(
  'a request with %j is answered with its id, and not done',
  async (version) => {
    const { client } = await connected([], [], {}, {}, BATCHES);
    client.send(`{${version}"id":"old","method":"ping"}`);
    expect((await client.reply('old')).error?.code).toBe(-32600);
    client.send(`[{${version}"id":"b","method":"ping"},${JSON.stringify(PING)}]`);
    const [replies = []] = await until(() => batches(client).length > 0 && batches(client));
    expect(replies.map(({ id, error }) => [id, error?.code])).toEqual([
      ['b', -32600],
      ['p', undefined],
    ]);
  },
);

it('before initialize a ping is answered, and what is asked of servers is an error at once', async () => {
  const client = new StreamClient(openGateway([server('box/full', './full.mjs')]));
  for (const method of ['tools/list', 'tools/call', 'resources/read', 'logging/setLevel', 'no/such'])
    expect((await client.request(method, { name: 'box__full__args' })).error?.code, method).toBe(-32600);
  expect((await client.request('ping')).result).toEqual({});
  expect((await client.request('server/discover')).error?.code).toBe(-32601);
  client.send({
    id: 'i',
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: {} },
  });
  client.send({ id: 'l', method: 'tools/list' });
  expect((await client.reply('l')).result).toHaveProperty('tools');
});

it('a request without an id is not carried out, and told of as an event', async () => {
  const { client, gateway } = await connected([server('box/full', './full.mjs')], ['box__full__args']);
  client.send({ method: 'tools/call', params: { name: 'box__full__args' } });
  await client.request('ping');
  const { events } = gateway.bus.since(0);
  const dropped = events.map(({ event }) => event).filter(({ type }) => type === 'request-dropped');
  expect(dropped).toMatchObject([{ client: client.door.session.id, method: 'tools/call' }]);
});

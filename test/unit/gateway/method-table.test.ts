/** Each row of the method table: what would be different without it. `npm run requirements -- --mutate` takes them out. */
import { describe, expect, it } from 'vitest';
import { proves } from '../../requirements.ts';
import { connected, inline, openGateway, type Received, StreamClient, server, textOf } from './kit.ts';

const FULL = server('box/full', './full.mjs');
const TWIN = server('box/twin', './full.mjs');
const TASKS = [server('box/one', './tasks.mjs', { argv: ['a'] }), server('box/two', './tasks.mjs', { argv: ['b'] })];

/** Two servers: nothing goes to a sole candidate. */
const both = (capabilities: object = {}) =>
  connected([FULL, TWIN], ['box__full__say', 'box__twin__say'], {}, capabilities);
const alone = (capabilities: object = {}) => connected([FULL], ['box__full__say'], {}, capabilities);
const withTasks = () => connected(TASKS, ['box__one__start', 'box__two__start']);

async function seenBy(
  client: StreamClient,
  name: string,
): Promise<{ method: string; params?: object; uri?: string }[]> {
  return JSON.parse(await client.text(`box__${name}__seen`)) as { method: string; params?: object; uri?: string }[];
}

describe('answered here', () => {
  it(proves('initialize', 'client:initialize'), async () => {
    const client = new StreamClient(openGateway([FULL, TWIN]));
    expect((await client.initialize()).result).toMatchObject({
      protocolVersion: '2025-11-25',
      serverInfo: { name: 'mcp-anywhere' },
    });
  });

  it(proves('ping', 'client:ping', 'ping'), async () => {
    const { client } = await both();
    expect((await client.request('ping')).result).toEqual({});
  });

  it(proves('logging/setLevel, which servers get too', 'client:logging/setLevel', 'logging'), async () => {
    const { client } = await both();
    expect((await client.request('logging/setLevel', { level: 'warning' })).result).toEqual({});
    await expect.poll(() => client.text('box__twin__level')).toBe('warning');
  });

  it(
    proves('server/discover, though the sole server would have an answer', 'client:server/discover', 'unknown-methods'),
    async () => {
      const { client } = await connected([inline('box/next', NEXT_ERA)], ['box__next__a']);
      expect((await client.request('server/discover')).error?.code).toBe(-32601);
      expect((await client.request('x/other')).result).toEqual({ asked: 'x/other' });
    },
  );
});

/** Answers every method it is asked. */
const NEXT_ERA = `
import { createInterface } from 'node:readline';
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  const results = {
    initialize: { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'next', version: '1' } },
    'tools/list': { tools: [{ name: 'a', inputSchema: { type: 'object' } }] },
  };
  if (id !== undefined) process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result: results[method] ?? { asked: method } }) + '\\n');
}).on('close', () => process.exit(0));
`;

describe('lists', () => {
  it(proves('tools/list', 'client:tools/list', 'tools-list'), async () => {
    const { client } = await both();
    expect(await client.names()).toEqual(expect.arrayContaining(['box__full__ask', 'box__twin__ask']));
  });

  it(proves('prompts/list', 'client:prompts/list'), async () => {
    const { result } = await (await both()).client.request('prompts/list');
    expect(result?.['prompts']).toMatchObject([{ name: 'box__full__greet' }, { name: 'box__twin__greet' }]);
  });

  it(proves('resources/list', 'client:resources/list', 'resources'), async () => {
    const { result } = await (await both()).client.request('resources/list');
    expect(result?.['resources']).toMatchObject([
      { uri: 'mcpa://box/full/test://a' },
      { uri: 'mcpa://box/twin/test://a' },
    ]);
  });

  it(proves('resources/templates/list', 'client:resources/templates/list'), async () => {
    const { result } = await (await both()).client.request('resources/templates/list');
    expect(result?.['resourceTemplates']).toMatchObject([
      { uriTemplate: 'mcpa://box/full/test://{id}' },
      { uriTemplate: 'mcpa://box/twin/test://{id}' },
    ]);
  });
});

describe('one server answers', () => {
  it(proves('tools/call by its name', 'client:tools/call', 'tools-call'), async () => {
    const { client } = await both();
    expect(await client.text('box__twin__args', { a: 1 })).toBe('{"a":1}');
  });

  it(proves('prompts/get by its name', 'client:prompts/get', 'prompts-completion'), async () => {
    const { client } = await both();
    const { result } = await client.request('prompts/get', { name: 'box__twin__greet', arguments: { who: 'you' } });
    expect(result).toEqual({ messages: [{ role: 'user', content: { type: 'text', text: 'greet you' } }] });
  });

  it(proves('resources/read by its URI', 'client:resources/read'), async () => {
    const { client } = await both();
    const uri = 'mcpa://box/twin/test://a';
    expect((await client.request('resources/read', { uri })).result).toEqual({
      contents: [{ uri, text: 'content of test://a' }],
    });
  });

  it(
    proves(
      'resources/subscribe and unsubscribe by their URI',
      'client:resources/subscribe',
      'client:resources/unsubscribe',
      'subscriptions',
    ),
    async () => {
      const { client } = await both();
      const uri = 'mcpa://box/twin/test://a';
      expect((await client.request('resources/subscribe', { uri })).result).toEqual({});
      expect((await client.request('resources/unsubscribe', { uri })).result).toEqual({});
      const told = (await seenBy(client, 'twin')).filter(({ method }) => method.endsWith('subscribe'));
      expect(told).toEqual([
        { method: 'subscribe', uri: 'test://a' },
        { method: 'unsubscribe', uri: 'test://a' },
      ]);
      expect((await seenBy(client, 'full')).filter(({ method }) => method.endsWith('subscribe'))).toEqual([]);
    },
  );

  it(proves('completion/complete by its reference, with its context', 'client:completion/complete'), async () => {
    const { client } = await both();
    const params = {
      ref: { type: 'ref/prompt', name: 'box__twin__greet' },
      argument: { name: 'who', value: 'y' },
      context: { arguments: { x: '1' } },
    };
    const { result } = await client.request('completion/complete', params);
    const [value] = (result?.['completion'] as { values: [string] }).values;
    expect(JSON.parse(value)).toEqual({ ...params, ref: { type: 'ref/prompt', name: 'greet' } });
  });
});

describe('tasks', () => {
  const start = async (client: StreamClient, name: string): Promise<string> => {
    const { result } = await client.call(`box__${name}__start`, {}, { task: {} });
    return (result?.['task'] as { taskId: string }).taskId;
  };

  it(
    proves(
      'tasks/get, result and cancel go to the server that runs the task',
      'client:tasks/get',
      'client:tasks/result',
      'client:tasks/cancel',
      'tasks',
    ),
    async () => {
      const { client } = await withTasks();
      const ids = [await start(client, 'two'), await start(client, 'one')];
      expect(new Set([...ids, 'b1', 'a1']).size).toBe(4);
      const [two, one] = await Promise.all(ids.map((taskId) => client.request('tasks/get', { taskId })));
      expect([two?.result, one?.result]).toMatchObject([
        { taskId: ids[0], by: 'b', status: 'working' },
        { taskId: ids[1], by: 'a', status: 'working' },
      ]);
      const result = await client.request('tasks/result', { taskId: ids[0] });
      expect(textOf(result)).toBe('b1 of b');
      expect(result.result?.['_meta']).toEqual({ 'io.modelcontextprotocol/related-task': { taskId: ids[0] } });
      expect((await client.request('tasks/cancel', { taskId: ids[1] })).result).toMatchObject({
        taskId: ids[1],
        status: 'cancelled',
        by: 'a',
      });
      for (const taskId of ['c1', 'a1', 'b1'])
        expect((await client.request('tasks/get', { taskId })).error?.code).toBe(-32602);
    },
  );

  it(proves('tasks/list joins those of all servers', 'client:tasks/list'), async () => {
    const { client } = await withTasks();
    const two = await start(client, 'two');
    const one = await start(client, 'one');
    expect((await client.request('tasks/list')).result?.['tasks']).toMatchObject([{ taskId: one }, { taskId: two }]);
  });

  it(proves('a status tells where a task runs', 'server:notifications/tasks/status'), async () => {
    const { client } = await withTasks();
    await client.text('box__two__announce', { taskId: 'announced' });
    const { params } = await client.waitFor(({ method }) => method === 'notifications/tasks/status');
    expect(params).toMatchObject({ by: 'b' });
    expect((await client.request('tasks/get', { taskId: params?.['taskId'] })).result).toMatchObject({ by: 'b' });
  });
});

describe('a server’s request', () => {
  it.each(['roots/list', 'sampling/createMessage', 'elicitation/create'])(
    proves(
      '%s is declined where the client lacks the capability',
      'server:roots/list',
      'server:sampling/createMessage',
      'server:elicitation/create',
      'client-features',
    ),
    async (method) => {
      const { client } = await alone();
      const answer = JSON.parse(await client.text('box__full__ask', { method, params: {} })) as Received;
      expect(answer.error?.code).toBe(-32601);
      expect(client.received.some((message) => message.method === method)).toBe(false);
    },
  );
});

describe('a server’s notification', () => {
  it.each(['tools', 'prompts', 'resources'])(
    proves(
      'that %s changed is not told where nothing did',
      'server:notifications/tools/list_changed',
      'server:notifications/prompts/list_changed',
      'server:notifications/resources/list_changed',
      'list-changed',
    ),
    async (collection) => {
      const { client } = await alone();
      const method = `notifications/${collection}/list_changed`;
      await client.text('box__full__say', { method });
      await client.text('box__full__say', { method: 'notifications/x/after' });
      await client.waitFor((message) => message.method === 'notifications/x/after');
      expect(client.received.some((message) => message.method === method)).toBe(false);
    },
  );

  it(proves('of a resource names it by its public URI', 'server:notifications/resources/updated'), async () => {
    const { client } = await both();
    await client.text('box__twin__say', { method: 'notifications/resources/updated', params: { uri: 'test://a' } });
    const { params } = await client.waitFor(({ method }) => method === 'notifications/resources/updated');
    expect(params).toEqual({ uri: 'mcpa://box/twin/test://a' });
  });

  it(proves('of a log line below the client’s level is kept back', 'server:notifications/message'), async () => {
    const { client } = await both();
    await client.request('logging/setLevel', { level: 'error' });
    for (const level of ['info', 'error'])
      await client.text('box__full__say', { method: 'notifications/message', params: { level, data: level } });
    await client.waitFor(({ method }) => method === 'notifications/message');
    expect(
      client.received.filter(({ method }) => method === 'notifications/message').map(({ params }) => params?.['level']),
    ).toEqual(['error']);
  });

  it(
    proves('of a cancellation names the request as the client knows it', 'server:notifications/cancelled', 'cancelled'),
    async () => {
      const { client } = await alone({ sampling: {} });
      await client.text('box__full__send', { method: 'sampling/createMessage', params: {}, id: 'its own' });
      const request = await client.waitFor(({ method }) => method === 'sampling/createMessage');
      await client.text('box__full__say', { method: 'notifications/cancelled', params: { requestId: 'its own' } });
      expect((await client.waitFor(({ method }) => method === 'notifications/cancelled')).params?.['requestId']).toBe(
        request.id,
      );
    },
  );
});

describe('a client’s notification', () => {
  it(proves('that it is initialized stays here', 'client:notifications/initialized'), async () => {
    const { client } = await alone();
    client.send({ method: 'notifications/initialized' });
    expect((await seenBy(client, 'full')).filter(({ method }) => method === 'notifications/initialized')).toHaveLength(
      1,
    );
  });

  it(proves('of a cancellation that names no request stays here', 'client:notifications/cancelled'), async () => {
    const { client } = await alone();
    client.send({ method: 'notifications/cancelled', params: { reason: 'just so' } });
    client.send({ method: 'notifications/x/other', params: {} });
    const seen = (await seenBy(client, 'full')).map(({ method }) => method);
    expect(seen).toContain('notifications/x/other');
    expect(seen).not.toContain('notifications/cancelled');
  });

  it(proves('of changed roots goes to all its servers', 'client:notifications/roots/list_changed'), async () => {
    const { client } = await both({ roots: {} });
    client.send({ method: 'notifications/roots/list_changed' });
    for (const name of ['full', 'twin'])
      expect((await seenBy(client, name)).map(({ method }) => method)).toContain('notifications/roots/list_changed');
  });
});

/** Tasks (MCP 2025-11-25) beyond the way of a request: their progress, and the tasks that clients run for servers. */
import { expect, it } from 'vitest';
import { proves } from '../../requirements.ts';
import { connected, type Received, type StreamClient, server, textOf } from './kit.ts';

const RELATED = 'io.modelcontextprotocol/related-task';
const VICTIM = server('box/one', './tasks.mjs', { argv: ['a'] });
const THIEF = server('box/thief', 'task-thief.mjs');
const FEATURES = { sampling: {}, elicitation: {}, tasks: { list: {}, cancel: {} } };

const attacked = (): Promise<{ client: StreamClient }> =>
  connected([VICTIM, THIEF], ['box__one__start', 'box__thief__start'], {}, FEATURES);

const madeBy = ({ result }: Received): string => (result?.['task'] as { taskId: string }).taskId;

it.each(['a token', 7])(
  proves('progress of a task comes under the client’s token %j after its request was answered', 'progress', 'tasks'),
  async (progressToken) => {
    const { client } = await connected([server('box/tasks', './tasks.mjs')], ['box__tasks__start']);
    await client.call('box__tasks__start', {}, { task: {}, _meta: { progressToken } });
    await client.text('box__tasks__progress', { taskId: 't1', progress: 5 });
    expect((await client.waitFor(({ method }) => method === 'notifications/progress')).params).toEqual({
      progressToken,
      progress: 5,
    });
  },
);

it(proves('progress after the reply to anything else is dropped', 'progress'), async () => {
  const { client } = await connected([server('box/tasks', './tasks.mjs')], ['box__tasks__start']);
  await client.call('box__tasks__start', {}, { _meta: { progressToken: 'kept' } });
  await client.text('box__tasks__progress', { taskId: 't1', progress: 5 });
  await client.request('ping');
  expect(client.received.some(({ method }) => method === 'notifications/progress')).toBe(false);
});

it(
  proves(
    'a status of a client’s task goes to the server that asked for it',
    'tasks',
    'client:notifications/tasks/status',
  ),
  async () => {
    const { client } = await connected(
      [server('box/full', './full.mjs'), server('box/twin', './full.mjs')],
      ['box__full__ask', 'box__twin__ask'],
      {},
      { sampling: {}, tasks: {} },
    );
    const id = client.ask('tools/call', {
      name: 'box__twin__ask',
      arguments: { method: 'sampling/createMessage', params: { task: {} } },
    });
    const request = await client.waitFor(({ method }) => method === 'sampling/createMessage');
    client.send({ id: request.id, result: { task: { taskId: 'of the client', status: 'working' } } });
    const { taskId } = (JSON.parse(textOf(await client.reply(id))) as { result: { task: { taskId: string } } }).result
      .task;
    expect(taskId).not.toBe('of the client');
    client.send({ method: 'notifications/tasks/status', params: { taskId: 'of the client', status: 'completed' } });
    client.send({ method: 'notifications/tasks/status', params: { taskId: 'of nobody', status: 'completed' } });
    const heard = async (name: string) =>
      (JSON.parse(await client.text(`box__${name}__seen`)) as { method: string; params?: object }[]).filter(
        ({ method }) => method === 'notifications/tasks/status',
      );
    expect(await heard('twin')).toEqual([
      { method: 'notifications/tasks/status', params: { taskId, status: 'completed' } },
    ]);
    expect(await heard('full')).toEqual([]);
  },
);

it(proves('a server cannot take over a task of another one by naming its id, before or after', 'tasks'), async () => {
  const { client } = await attacked();
  const early = madeBy(await client.call('box__thief__start', { taskId: 'a1' }, { task: {} }));
  const own = madeBy(await client.call('box__one__start', {}, { task: {} }));
  await client.text('box__thief__announce', { taskId: 'a1' });
  await client.text('box__thief__announce', { taskId: own });
  expect(new Set([early, own, 'a1']).size).toBe(3);
  expect((await client.request('tasks/get', { taskId: own })).result).toMatchObject({ taskId: own, by: 'a' });
  expect((await client.request('tasks/get', { taskId: early })).result).toMatchObject({ taskId: early, by: 'thief' });
  expect(JSON.parse(await client.text('box__thief__heard'))).toEqual(['a1']);
  const told = client.received.filter(({ method }) => method === 'notifications/tasks/status');
  expect(told.map(({ params }) => params?.['taskId'])).toEqual([early, expect.not.stringMatching(own)]);
  const { result } = await client.request('tasks/list');
  expect(result?.['tasks']).toMatchObject([
    { taskId: own, by: 'a' },
    { taskId: early, by: 'thief' },
  ]);
});

it(
  proves('a task that a message names as related has the id under which its reader knows the task', 'tasks'),
  async () => {
    const { client } = await attacked();
    const reply = await client.call('box__thief__start', { taskId: 'a1' }, { task: {} });
    const taskId = madeBy(reply);
    const meta = { [RELATED]: { taskId } };
    expect(reply.result?.['_meta']).toEqual(meta);
    const mentioned = await client.call('box__thief__mention', { taskId: 'a1' });
    expect(mentioned.result?.['_meta']).toEqual(meta);
    expect((await client.waitFor(({ method }) => method === 'notifications/x')).params).toEqual({ _meta: meta });
    await client.call('box__thief__progress', { taskId: 'a1' }, { _meta: { progressToken: 'p' } });
    const progress = await client.waitFor(({ method }) => method === 'notifications/progress');
    expect(progress.params).toEqual({ progressToken: 'p', progress: 1, _meta: meta });
    const id = client.ask('tools/call', {
      name: 'box__thief__ask',
      arguments: { method: 'elicitation/create', params: { message: 'sure?' }, taskId: 'a1' },
    });
    const request = await client.waitFor(({ method }) => method === 'elicitation/create');
    expect(request.params).toEqual({ message: 'sure?', _meta: meta });
    client.send({ id: request.id, result: { action: 'accept', _meta: meta } });
    expect(JSON.parse(textOf(await client.reply(id)))).toMatchObject({
      result: { _meta: { [RELATED]: { taskId: 'a1' } } },
    });
  },
);

it(proves('ids beyond the limit are not kept, and a task ends with its ttl', 'tasks'), async () => {
  const { client } = await attacked();
  const long = await client.call('box__thief__start', { taskId: 'x'.repeat(257) }, { task: {} });
  expect(textOf(long)).toContain('more than 256 characters');
  await client.text('box__thief__announce', { taskId: 'x'.repeat(1_000_000) });
  expect(client.received.some(({ method }) => method === 'notifications/tasks/status')).toBe(false);
  const over = madeBy(await client.call('box__thief__start', { taskId: 'over', ttl: 0 }, { task: {} }));
  expect((await client.request('tasks/get', { taskId: over })).error?.code).toBe(-32602);
});

it(proves('a server cannot ask for a task that the client runs for another one', 'tasks'), async () => {
  const { client } = await connected(
    [server('box/full', './full.mjs'), server('box/twin', './full.mjs')],
    ['box__full__ask', 'box__twin__ask'],
    {},
    { sampling: {}, tasks: {} },
  );
  const asks = (name: string, method: string, params: object): number =>
    client.ask('tools/call', { name: `box__${name}__ask`, arguments: { method, params } });
  const id = asks('twin', 'sampling/createMessage', { task: {} });
  const request = await client.waitFor(({ method }) => method === 'sampling/createMessage');
  client.send({ id: request.id, result: { task: { taskId: 'mine', status: 'working' } } });
  const { result } = JSON.parse(textOf(await client.reply(id))) as { result: { task: { taskId: string } } };
  const { taskId } = result.task;
  for (const named of ['mine', taskId])
    expect(textOf(await client.reply(asks('full', 'tasks/get', { taskId: named })))).toContain('unknown task');
  expect(client.received.some(({ method }) => method === 'tasks/get')).toBe(false);

  const got = asks('twin', 'tasks/get', { taskId });
  const get = await client.waitFor(({ method }) => method === 'tasks/get');
  expect(get.params).toEqual({ taskId: 'mine' });
  client.send({ id: get.id, result: { taskId: 'mine', status: 'working' } });
  expect(JSON.parse(textOf(await client.reply(got)))).toMatchObject({ result: { taskId, status: 'working' } });

  const answered = new Set<unknown>();
  for (const [name, expected] of [
    ['full', []],
    ['twin', [{ taskId, status: 'working' }]],
  ] as const) {
    const listed = asks(name, 'tasks/list', {});
    const list = await client.waitFor(({ method, id: one }) => method === 'tasks/list' && !answered.has(one));
    answered.add(list.id);
    client.send({ id: list.id, result: { tasks: [{ taskId: 'mine', status: 'working' }, { taskId: 'other' }] } });
    expect(JSON.parse(textOf(await client.reply(listed)))).toMatchObject({ result: { tasks: expected } });
  }
});

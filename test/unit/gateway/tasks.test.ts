/** Tasks (MCP 2025-11-25) beyond the way of a request: their progress, and the tasks that clients run for servers. */
import { expect, it } from 'vitest';
import { proves } from '../../requirements.ts';
import { connected, server, textOf } from './kit.ts';

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
    expect(textOf(await client.reply(id))).toContain('of the client');
    client.send({ method: 'notifications/tasks/status', params: { taskId: 'of the client', status: 'completed' } });
    client.send({ method: 'notifications/tasks/status', params: { taskId: 'of nobody', status: 'completed' } });
    const heard = async (name: string) =>
      (JSON.parse(await client.text(`box__${name}__seen`)) as { method: string; params?: object }[]).filter(
        ({ method }) => method === 'notifications/tasks/status',
      );
    expect(await heard('twin')).toEqual([
      { method: 'notifications/tasks/status', params: { taskId: 'of the client', status: 'completed' } },
    ]);
    expect(await heard('full')).toEqual([]);
  },
);

it(proves('a server cannot take over a task of another one by naming its id', 'tasks'), async () => {
  const { client } = await connected(
    [server('box/one', './tasks.mjs', { argv: ['a'] }), server('box/two', './tasks.mjs', { argv: ['b'] })],
    ['box__one__start', 'box__two__announce'],
  );
  await client.call('box__one__start', {}, { task: {} });
  await client.text('box__two__announce', { taskId: 'a1' });
  await client.text('box__two__announce', { taskId: 'x'.repeat(1_000_000) });
  expect((await client.request('tasks/get', { taskId: 'a1' })).result).toMatchObject({ by: 'a' });
  expect(client.received.some(({ method }) => method === 'notifications/tasks/status')).toBe(false);
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
  await client.reply(id);
  expect(JSON.stringify(await client.reply(asks('full', 'tasks/get', { taskId: 'mine' })))).toContain('no such task');
  expect(client.received.some(({ method }) => method === 'tasks/get')).toBe(false);
});

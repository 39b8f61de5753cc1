/** Several clients at once: what concerns one is never seen by another, also where they share a server. */
import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { proves } from '../../requirements.ts';
import { connected, StreamClient, server } from './kit.ts';

const SHARED = server('box/full', './full.mjs', { sharing: 'shared' });
const SHARED_TASKS = server('box/tasks', './tasks.mjs', { argv: ['s'], sharing: 'shared' });
const ALL = { roots: { listChanged: true }, sampling: {}, elicitation: {} };

async function two(plan = SHARED): Promise<{ one: StreamClient; other: StreamClient }> {
  const tool = plan === SHARED ? 'box__full__say' : 'box__tasks__start';
  const { gateway, client: one } = await connected([plan], [tool], {}, ALL);
  const other = new StreamClient(gateway);
  await other.initialize(ALL);
  await other.offers(tool);
  return { one, other };
}

async function started(client: StreamClient): Promise<string> {
  const { result } = await client.call('box__tasks__start', {}, { task: {} });
  return (result?.['task'] as { taskId: string }).taskId;
}

const seen = async (client: StreamClient): Promise<{ method: string; params?: object }[]> =>
  JSON.parse(await client.text('box__full__seen')) as { method: string }[];

describe('a shared server', () => {
  it(proves('is offered nothing that needs one client', 'client-features', 'clients-apart'), async () => {
    const { one, other } = await two();
    expect(JSON.parse(await one.text('box__full__hello'))).toMatchObject({ params: { capabilities: {} } });
    expect(await one.text('box__full__ask', { method: 'roots/list', params: {} })).toContain('-32601');
    expect([...one.received, ...other.received].some(({ method }) => method === 'roots/list')).toBe(false);
  });

  it('is not told of the roots of one', async () => {
    const { one } = await two();
    one.send({ method: 'notifications/roots/list_changed' });
    expect((await seen(one)).map(({ method }) => method)).not.toContain('notifications/roots/list_changed');
  });

  it(proves('tells of a resource those who subscribed', 'subscriptions', 'clients-apart'), async () => {
    const { one, other } = await two();
    await one.request('resources/subscribe', { uri: 'test://a' });
    await other.text('box__full__say', { method: 'notifications/resources/updated', params: { uri: 'test://a' } });
    await one.waitFor(({ method }) => method === 'notifications/resources/updated');
    expect(other.received.some(({ method }) => method === 'notifications/resources/updated')).toBe(false);
  });

  it(proves('logs for each at its own level', 'logging'), async () => {
    const { one, other } = await two();
    await one.request('logging/setLevel', { level: 'debug' });
    await other.request('logging/setLevel', { level: 'error' });
    await expect.poll(() => one.text('box__full__level')).toBe('debug');
    for (const level of ['info', 'error'])
      await one.text('box__full__say', { method: 'notifications/message', params: { level, data: level } });
    const levels = (client: StreamClient) =>
      client.received.filter(({ method }) => method === 'notifications/message').map(({ params }) => params?.['level']);
    await expect.poll(() => levels(other).length).toBeGreaterThan(0);
    expect([levels(one), levels(other)]).toEqual([['info', 'error'], ['error']]);
  });

  it(proves('hears a cancellation when the client that asked leaves', 'client-leaves', 'cancelled'), async () => {
    const { gateway, client: one } = await connected(
      [server('box/slow', 'slow.mjs', { sharing: 'shared' })],
      ['box__slow__sleep'],
    );
    const other = new StreamClient(gateway);
    await other.initialize();
    one.ask('tools/call', { name: 'box__slow__sleep', arguments: { ms: 60_000 } });
    await one.text('box__slow__cancelled');
    gateway.closeSession(one.door.session, new AnywhereError('CANCELLED', 'gone'));
    await expect.poll(() => other.text('box__slow__cancelled')).not.toBe('[]');
  });

  it(proves('keeps the tasks of each to itself', 'clients-apart', 'tasks'), async () => {
    const { one, other } = await two(SHARED_TASKS);
    const [first, second] = [await started(one), await started(other)];
    expect((await one.request('tasks/list')).result?.['tasks']).toMatchObject([{ taskId: first }]);
    expect((await one.request('tasks/list')).result?.['tasks']).toHaveLength(1);
    for (const taskId of [second, 's3'])
      expect((await one.request('tasks/get', { taskId })).error?.code, taskId).toBe(-32602);
    expect((await other.request('tasks/get', { taskId: second })).result).toMatchObject({ taskId: second });
  });

  it('tells of a task only the client that started it', async () => {
    const { one, other } = await two(SHARED_TASKS);
    const taskId = await started(one);
    await other.text('box__tasks__announce', { taskId: 's1' });
    const status = await one.waitFor(({ method }) => method === 'notifications/tasks/status');
    expect(status.params).toMatchObject({ taskId });
    await other.text('box__tasks__mention', { taskId: 's1' });
    const mention = await one.waitFor(({ method }) => method === 'notifications/x');
    expect(mention.params).toEqual({ _meta: { 'io.modelcontextprotocol/related-task': { taskId } } });
    await other.request('ping');
    const isNews = ({ method = '' }): boolean => ['notifications/tasks/status', 'notifications/x'].includes(method);
    expect(other.received.filter(isNews)).toEqual([]);
    expect((await other.request('tasks/get', { taskId })).error?.code).toBe(-32602);
  });
});

it(
  proves('a session server is asked and answered for its own client alone', 'clients-apart', 'client-features'),
  async () => {
    const { gateway, client: one } = await connected([server('box/full', './full.mjs')], ['box__full__ask'], {}, ALL);
    const other = new StreamClient(gateway);
    await other.initialize(ALL);
    await other.offers('box__full__ask');
    const clients = [one, other];
    const calls = clients.map((client, index) =>
      client.ask('tools/call', {
        name: 'box__full__ask',
        arguments: { method: 'elicitation/create', id: 1, params: { of: index } },
      }),
    );
    for (const [index, client] of clients.entries()) {
      const request = await client.waitFor(({ method }) => method === 'elicitation/create');
      expect(request.params).toEqual({ of: index });
      client.send({ id: request.id, result: { action: 'accept', content: { secretOf: index } } });
    }
    for (const [index, client] of clients.entries()) {
      expect(JSON.stringify(await client.reply(calls[index]))).toContain(String.raw`\"secretOf\":${index}`);
      expect(client.lines.join('')).not.toContain(String.raw`secretOf\":${1 - index}`);
    }
  },
);

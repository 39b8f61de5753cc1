/** One server and nothing renamed: before `initialize`, and what passes afterwards. */
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { DEFAULTS } from '../../../src/config/defaults.ts';
import { openStreamDoor } from '../../../src/downstream/stream-door.ts';
import { until } from '../../harness/until.ts';
import { proves } from '../../requirements.ts';
import { openGateway, type Received, type RigOptions, server } from './kit.ts';

function transparent(twin = server('box/twin', './full.mjs'), plan: RigOptions['plan'] = {}) {
  const gateway = openGateway([server('box/full', './full.mjs'), twin], { plan });
  const [input, output] = [new PassThrough(), new PassThrough()];
  const door = openStreamDoor({
    input,
    output,
    maxMessageBytes: 1 << 28,
    open: (writer) => gateway.openTransparentSession(writer, gateway.server('box/twin')),
  });
  onTestFinished(() => {
    gateway.closeTransparentSession(door.session, new AnywhereError('CANCELLED', 'over'));
  });
  const lines: Received[] = [];
  let rest = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts.map((line) => JSON.parse(line) as Received));
  });
  const send = (message: object): void => {
    input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  };
  const request = (id: unknown, method: string, params?: object): Promise<Received> => {
    send({ id, method, params });
    return until(() => lines.find((one) => one.id === id));
  };
  return { gateway, lines, send, request };
}

it(
  proves('before initialize it answers pings and says which era it is of', 'transparent', 'unknown-methods'),
  async () => {
    const { request } = transparent();
    expect((await request(1, 'server/discover')).error?.code).toBe(-32601);
    expect((await request(2, 'ping')).result).toEqual({});
    expect((await request(3, 'tools/list')).error?.code).toBe(-32600);
    expect((await request(null, 'ping')).error?.code).toBe(-32600);
  },
);

it(proves('everything else passes under its own name', 'transparent'), async () => {
  const { request } = transparent();
  const hello = await request('hello', 'initialize', {
    protocolVersion: '2025-06-18',
    capabilities: { 'x-new': {} },
    clientInfo: { name: 'c', version: '1' },
  });
  expect(hello.result).toMatchObject({
    serverInfo: { name: 'full' },
    instructions: 'Be kind.',
    protocolVersion: '2025-06-18',
  });
  expect((await request(1.5, 'resources/read', { uri: 'test://a' })).result).toEqual({
    contents: [{ uri: 'test://a', text: 'content of test://a' }],
  });
  expect((await request('x', 'x/future', { n: 1 })).result).toEqual({ future: { n: 1 } });
  expect(JSON.stringify((await request(9, 'tools/call', { name: 'hello', arguments: {} })).result)).toContain('x-new');
  // The client has not said `initialized`, so nobody has.
  const seen = await request(10, 'tools/call', { name: 'seen', arguments: {} });
  expect(JSON.stringify(seen.result)).not.toContain('notifications/');
});

const HELLO = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };

it('a request without an id is not passed on, and told of as an event', async () => {
  const { gateway, send, request } = transparent();
  await request('hello', 'initialize', HELLO);
  send({ method: 'tools/call', params: { name: 'args' } });
  await request('end', 'ping');
  const told = gateway.bus.since(0).events.map(({ event }) => event);
  expect(told.filter(({ type }) => type === 'request-dropped')).toMatchObject([{ client: 'c', method: 'tools/call' }]);
});

it('the ids of tasks pass as each side wrote them', async () => {
  const { lines, send, request } = transparent(server('box/twin', './tasks.mjs'));
  await request('hello', 'initialize', { ...HELLO, capabilities: { tasks: {} } });
  const made = await request(1, 'tools/call', { name: 'start', arguments: {}, task: {} });
  expect(made.result).toMatchObject({ task: { taskId: 't1' } });
  expect((await request(2, 'tasks/get', { taskId: 't1' })).result).toMatchObject({ taskId: 't1' });
  expect((await request(3, 'tasks/list')).result).toMatchObject({ tasks: [{ taskId: 't1' }] });
  const related = { 'io.modelcontextprotocol/related-task': { taskId: 't1' } };
  expect((await request(4, 'tasks/result', { taskId: 't1' })).result).toMatchObject({ _meta: related });
  await request(5, 'tools/call', { name: 'announce', arguments: { taskId: 't1' } });
  expect(lines.find(({ method }) => method === 'notifications/tasks/status')?.params).toMatchObject({ taskId: 't1' });
  send({
    method: 'notifications/tasks/status',
    params: { taskId: 'of the client', status: 'working', _meta: related },
  });
  const heard = await request(6, 'tools/call', { name: 'heard', arguments: {} });
  expect(JSON.stringify(heard.result)).toMatch(/of the client.*t1/u);
  expect((await request(7, 'tasks/cancel', { taskId: 't1' })).result).toMatchObject({ taskId: 't1' });
});

describe('the limits of the hosts file', () => {
  const call = (name: string, ms = 0): object => ({ name, arguments: { ms } });
  const slow = server('box/twin', 'slow.mjs');

  it('end a call that is not answered, and its server is told', async () => {
    const { request } = transparent({ ...slow, timeoutMs: 200 });
    await request(0, 'initialize', HELLO);
    const { error } = await request(1, 'tools/call', call('never'));
    expect(error?.message).toMatch(/no answer to tools\/call within 0.2 s.*box\/twin.*CALL_TIMEOUT/su);
    const { result } = await request(2, 'tools/call', call('cancelled'));
    expect(JSON.stringify(result)).toContain('known');
  });

  it('end a call that only ever reports progress', async () => {
    const { request } = transparent({ ...slow, timeoutMs: 300, totalTimeoutMs: 700 });
    await request(0, 'initialize', HELLO);
    const steps = { name: 'steps', arguments: { count: 1000, everyMs: 100 }, _meta: { progressToken: 'p' } };
    expect((await request(1, 'tools/call', steps)).error?.message).toContain('within 0.7 s');
  });

  it('keep calls waiting, and refuse those that are too many', async () => {
    const limits = { ...DEFAULTS.limits, callsPerServer: 1, waitingPerServer: 1 };
    const { request } = transparent(slow, { limits });
    await request(0, 'initialize', HELLO);
    await request(1, 'tools/call', call('cancelled'));
    const running = [2, 3].map((id) => request(id, 'tools/call', call('sleep', 300)));
    expect((await request(4, 'tools/call', call('sleep'))).error?.message).toContain('LIMIT_REACHED');
    for (const reply of await Promise.all(running)) expect(JSON.stringify(reply.result)).toContain('slept 300 ms');
  });

  it('count what a client has not been answered, whatever it is', async () => {
    const { request } = transparent(slow, { limits: { ...DEFAULTS.limits, requestsPerClient: 1 } });
    await request(0, 'initialize', HELLO);
    const running = request(1, 'tools/call', call('sleep', 300));
    expect((await request(2, 'tools/list')).error?.message).toContain('limit of 1 pending requests');
    expect(JSON.stringify((await running).result)).toContain('slept');
  });
});

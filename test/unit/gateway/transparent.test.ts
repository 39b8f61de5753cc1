/** One server and nothing renamed: before `initialize`, and what passes afterwards. */
import { PassThrough } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { openStreamDoor } from '../../../src/downstream/stream-door.ts';
import { until } from '../../harness/until.ts';
import { proves } from '../../requirements.ts';
import { openGateway, type Received, server } from './kit.ts';

function transparent() {
  const gateway = openGateway([server('box/full', './full.mjs'), server('box/twin', './full.mjs')]);
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
  const request = (id: unknown, method: string, params?: object): Promise<Received> => {
    input.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    return until(() => lines.find((one) => one.id === id));
  };
  return { request };
}

it(
  proves('before initialize it answers pings and says which era it is of', 'transparent', 'unknown-methods'),
  async () => {
    const { request } = transparent();
    expect((await request(1, 'server/discover')).error?.code).toBe(-32601);
    expect((await request(2, 'ping')).result).toEqual({});
    expect((await request(3, 'tools/list')).error?.code).toBe(-32600);
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
});

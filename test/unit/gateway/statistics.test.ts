import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StatKey, StatRow } from '../../../src/api/control.ts';
import type { Gateway } from '../../../src/gateway/gateway.ts';
import { control } from '../daemon/kit.ts';
import { connected, folders, openGateway, StreamClient, server } from './kit.ts';

const echo = server('box/echo', 'echo.mjs');
const other = server('nas/echo', 'echo.mjs');

function rows(gateway: Gateway, by: StatKey): Promise<readonly StatRow[]> {
  return gateway.stats('hour', by);
}

describe('statistics', () => {
  it('count every call by tool, server, host and client', async () => {
    const { gateway, client } = await connected([echo, other], ['box__echo__raw', 'nas__echo__raw']);
    await client.call('box__echo__raw');
    await client.call('box__echo__raw');
    await client.call('box__echo__echo', { message: 'x' });
    await client.call('nas__echo__raw');
    expect((await rows(gateway, 'tool')).map(({ key, calls }) => [key, calls])).toEqual([
      ['box/echo/raw', 2],
      ['box/echo/echo', 1],
      ['nas/echo/raw', 1],
    ]);
    expect((await rows(gateway, 'server')).map(({ key, calls }) => [key, calls])).toEqual([
      ['box/echo', 3],
      ['nas/echo', 1],
    ]);
    expect((await rows(gateway, 'host')).map(({ key, calls }) => [key, calls])).toEqual([
      ['box', 3],
      ['nas', 1],
    ]);
    expect(await rows(gateway, 'client')).toMatchObject([{ key: 'test', calls: 4, errors: 0 }]);
  });

  it('count the bytes of requests and answers as they were on the wire', async () => {
    const { gateway, client } = await connected([echo], ['box__echo__result']);
    const json = JSON.stringify({ content: [], filler: 'x'.repeat(10_000) });
    const id = client.ask('tools/call', { name: 'box__echo__result', arguments: { json } });
    await client.reply(id);
    const answer = client.lines.find((line) => (JSON.parse(line) as { id?: unknown }).id === id) ?? '';
    const [row] = await rows(gateway, 'tool');
    // Ids differ in length on both sides.
    expect(Math.abs((row?.bytesOut ?? 0) - Buffer.byteLength(answer))).toBeLessThan(4);
    expect(row?.bytesIn).toBeGreaterThan(Buffer.byteLength(json));
    expect(row?.bytesIn).toBeLessThan(Buffer.byteLength(json) * 1.1);
  });

  it('count what the tool, the protocol and the host answer with an error', async () => {
    const { gateway, client } = await connected([echo], ['box__echo__fail']);
    await client.call('box__echo__fail');
    await client.call('box__echo__error', { code: -32001 });
    await client.call('box__echo__exit', { code: 3 });
    await client.call('box__echo__raw');
    const counted = new Map((await rows(gateway, 'tool')).map(({ key, calls, errors }) => [key, [calls, errors]]));
    expect(Object.fromEntries(counted)).toEqual({
      'box/echo/fail': [1, 1],
      'box/echo/error': [1, 1],
      'box/echo/exit': [1, 1],
      'box/echo/raw': [1, 0],
    });
  });

  it('count a cancelled call, and not as an error', async () => {
    const { gateway, client } = await connected([server('box/slow', 'slow.mjs')], ['box__slow__sleep']);
    const id = client.ask('tools/call', { name: 'box__slow__sleep', arguments: { ms: 60_000 } });
    client.send({ method: 'notifications/cancelled', params: { requestId: id, reason: 'enough' } });
    await client.request('ping');
    expect(await rows(gateway, 'tool')).toMatchObject([{ key: 'box/slow/sleep', calls: 1, errors: 0 }]);
  });

  it('measure how long a call took', async () => {
    const { gateway, client } = await connected([server('box/slow', 'slow.mjs')], ['box__slow__sleep']);
    await client.call('box__slow__sleep', { ms: 300 });
    const [row] = await rows(gateway, 'tool');
    expect(row?.p50Ms).toBeGreaterThan(250);
    expect(row?.p99Ms).toBeLessThan(20_000);
  });

  it('count the same whether or not anybody watches the events', async () => {
    const { gateway, client } = await connected([echo], ['box__echo__raw']);
    await client.call('box__echo__raw');
    gateway.bus.on(() => undefined);
    await client.call('box__echo__raw');
    await client.call('box__echo__fail');
    expect((await rows(gateway, 'tool')).map(({ calls, errors }) => [calls, errors])).toEqual([
      [2, 0],
      [1, 1],
    ]);
  });

  it('leave the direct way open to calls: they listen to no event', async () => {
    const { gateway, client } = await connected([echo], ['box__echo__raw']);
    await client.call('box__echo__raw');
    expect(await rows(gateway, 'tool')).toMatchObject([{ calls: 1 }]);
    expect(gateway.bus.hasListeners).toBe(false);
  });

  it('are there again after a restart, and each hosts file has its own', async () => {
    const paths = folders();
    const first = await connected([echo], ['box__echo__raw'], { paths });
    await first.client.call('box__echo__raw');
    const before = await rows(first.gateway, 'tool');
    await first.gateway.close();
    const folder = join(paths.stateDir, 'statistics');
    const [file = ''] = readdirSync(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(await rows(openGateway([echo], { paths, starts: false }), 'tool')).toEqual(before);
    const elsewhere = openGateway([echo], { paths, starts: false, plan: { file: '/other.yaml' } });
    expect(await rows(elsewhere, 'tool')).toEqual([]);
  });

  it('are told by the control API', async () => {
    const { gateway, client } = control([echo]);
    const ai = new StreamClient(gateway);
    await ai.initialize();
    await ai.offers('box__echo__raw');
    await ai.call('box__echo__raw');
    await client.request('call', { tool: 'box__echo__raw', arguments: {} });
    const byClient = await client.request('stats', { window: 'day', by: 'client' });
    expect(byClient.rows.map(({ key }) => key).toSorted()).toEqual(['mcp-anywhere-cli', 'test']);
    expect((await client.request('stats', { window: 'hour', by: 'host' })).rows).toMatchObject([
      { key: 'box', calls: 2 },
    ]);
  });
});

import { getEventListeners, once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { AnywhereError } from '../../../src/base/errors.ts';
import { ControlConnection, type ControlHandlers } from '../../../src/control/connection.ts';
import { scratch } from '../../harness/scratch.ts';
import { until } from '../../harness/until.ts';
import { settled } from '../protocol/kit.ts';

const refuse: ControlHandlers = {
  request: (method) => Promise.reject(new AnywhereError('USAGE', `unknown ${method}`)),
  notification: () => undefined,
};

function pair(handlers: Partial<ControlHandlers> = {}): {
  client: ControlConnection;
  server: ControlConnection;
  near: Duplex;
  far: Duplex;
} {
  const [near, far] = duplexPair();
  const clock = systemClock();
  const server = new ControlConnection(far, { ...refuse, ...handlers }, clock);
  return { near, far, client: new ControlConnection(near, refuse, clock), server };
}

describe('ControlConnection', () => {
  it('answers requests of both sides, whatever the order', async () => {
    const { client, server } = pair({
      request: async (_method, params) => {
        await new Promise((resolve) => setTimeout(resolve, (params as { ms: number }).ms));
        return params;
      },
    });
    expect(await Promise.all([client.request('a', { ms: 20 }), client.request('a', { ms: 1 })])).toEqual([
      { ms: 20 },
      { ms: 1 },
    ]);
    await expect(server.request('theirs', {})).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('leaves nothing on a signal that outlives its requests', async () => {
    const { client } = pair({ request: (_method, params) => Promise.resolve(params) });
    const { signal } = new AbortController();
    for (let count = 0; count < 20; count += 1) await client.request('a', {}, signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('hands errors over whole', async () => {
    const error = new AnywhereError('HOST_KEY_CHANGED', 'another key', {
      host: 'box',
      server: 's',
      tool: 't',
      evidence: ['SHA256:…'],
      hint: 'compare',
    });
    const { client } = pair({ request: () => Promise.reject(error) });
    await expect(client.request('a', {})).rejects.toMatchObject({
      code: 'HOST_KEY_CHANGED',
      message: 'another key',
      host: 'box',
      server: 's',
      tool: 't',
      evidence: ['SHA256:…'],
      hint: 'compare',
    });
  });

  it('takes a handler that throws for a defect, not for its end', async () => {
    const { client } = pair({
      request: () => {
        throw new TypeError('oops');
      },
    });
    await expect(client.request('a', {})).rejects.toMatchObject({ code: 'INTERNAL', message: 'oops' });
    await expect(client.request('a', {})).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('loses only a message that cannot be written as JSON, and tells of the defect', async () => {
    const deep: unknown = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`);
    const defects: unknown[] = [];
    const { client, server } = pair({
      request: (method) => Promise.resolve(method === 'deep' ? deep : 'fine'),
      defect: ({ code }) => defects.push(code),
    });
    server.notify('deep', deep);
    await expect(client.request('deep', {})).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(client.request('a', deep)).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await client.request('a', {})).toBe('fine');
    expect(defects).toEqual(['INTERNAL', 'INTERNAL']);
  });

  it('notifies', async () => {
    const heard: unknown[] = [];
    const { client } = pair({ notification: (method, params) => heard.push([method, params]) });
    client.notify('n', { a: 1 });
    await settled();
    expect(heard).toEqual([['n', { a: 1 }]]);
  });

  it('cancels there what is cancelled here, with the reason given', async () => {
    let seen: AbortSignal | undefined;
    const { client } = pair({
      request: (_method, _params, signal) => {
        seen = signal;
        return new Promise(() => undefined);
      },
    });
    const controller = new AbortController();
    const reply = client.request('a', {}, controller.signal);
    reply.catch(() => undefined);
    await settled();
    const reason = new AnywhereError('INTERRUPTED', 'Ctrl-C');
    controller.abort(reason);
    await expect(reply).rejects.toBe(reason);
    await settled();
    expect(seen?.aborted).toBe(true);
  });

  it('does not even ask where it was cancelled before', async () => {
    const asked: string[] = [];
    const { client } = pair({
      request: (method) => {
        asked.push(method);
        return Promise.resolve({});
      },
    });
    await expect(client.request('a', {}, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
    await settled();
    expect(asked).toEqual([]);
  });

  it('fails what waits, aborts what it serves and refuses what comes, once the other side is gone', async () => {
    let seen: AbortSignal | undefined;
    const { client, server } = pair({
      request: (_method, _params, signal) => {
        seen = signal;
        return new Promise(() => undefined);
      },
    });
    const reply = client.request('a', {});
    reply.catch(() => undefined);
    await settled();
    server.close();
    await expect(reply).rejects.toMatchObject({ code: 'NO_DAEMON' });
    await expect(client.request('b', {})).rejects.toMatchObject({ code: 'NO_DAEMON' });
    expect(seen?.aborted).toBe(true);
    client.notify('n', {});
  });

  it.each([
    { jsonrpc: '2.0', id: 99, result: 1 },
    { jsonrpc: '2.0', method: 'notifications/cancelled' },
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: null },
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: [] },
  ])('survives %j', async (message) => {
    const { client, near, far } = pair({ request: () => Promise.resolve('fine') });
    near.write(`${JSON.stringify(message)}\n`);
    far.write(`${JSON.stringify(message)}\n`);
    expect(await client.request('a', {})).toBe('fine');
  });

  it.each(['{"a":', 'null', '5', '[]', '{}', '{"jsonrpc":"2.0","id":1,"id":2,"method":"a"}'])(
    'a line that is no message ends the connection: %s',
    async (line) => {
      const { client, far } = pair();
      far.write(`${line}\n`);
      await client.ended;
      await expect(client.request('a', {})).rejects.toMatchObject({ code: 'NO_DAEMON' });
    },
  );
});

describe('ControlConnection over a socket', () => {
  async function sockets(): Promise<readonly [Socket, Socket]> {
    const listener = createServer();
    const path = join(scratch(), 's');
    listener.listen(path);
    await once(listener, 'listening');
    const here = connect(path);
    const [there] = (await once(listener, 'connection')) as [Socket];
    onTestFinished(() => {
      here.destroy();
      there.destroy();
      listener.close();
    });
    return [here, there];
  }

  it('carries messages whole and in order, those before its end too, and tells both sides', async () => {
    const [here, there] = await sockets();
    const heard: unknown[] = [];
    const left = new ControlConnection(here, refuse, systemClock());
    const notification = (method: string, params: unknown): unknown => heard.push([method, params]);
    const right = new ControlConnection(there, { ...refuse, notification }, systemClock());
    const text = 'ü\n'.repeat(100_000);
    left.notify('first', { text });
    left.notify('last', {});
    left.close();
    left.notify('after the end', {});
    await Promise.all([left.ended, right.ended]);
    expect(heard).toEqual([
      ['first', { text }],
      ['last', {}],
    ]);
  });

  it.each([
    [1, 4_000, 10_000],
    [40_000, 40_000, 1_000],
  ])(
    'reads no further from a side that asks and never reads, and answers it once it reads (%i at once)',
    async (atOnce, count, bytes) => {
      const [here, there] = await sockets();
      const text = 'x'.repeat(bytes);
      let asked = 0;
      const request = (): Promise<unknown> => {
        asked += 1;
        return Promise.resolve({ text });
      };
      const left = new ControlConnection(here, { ...refuse, request }, systemClock());
      for (let at = 0; at < count; at += atOnce) {
        const line = (id: number): string => `${JSON.stringify({ jsonrpc: '2.0', id, method: 'any' })}\n`;
        there.write(Array.from({ length: atOnce }, (_none, one) => line(at + one)).join(''));
        await new Promise(setImmediate);
      }
      await until(() => left.backlog > 1_000_000 && here.isPaused());
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(asked).toBeLessThan(count);
      there.resume();
      await until(() => asked === count, { withinMs: 20_000 });
    },
  );

  it('says how much waits for a side that does not read', async () => {
    const [here] = await sockets();
    const left = new ControlConnection(here, refuse, systemClock());
    expect(left.backlog).toBe(0);
    left.notify('n', { text: 'x'.repeat(4_000_000) });
    expect(left.backlog).toBeGreaterThan(1_000_000);
  });
});

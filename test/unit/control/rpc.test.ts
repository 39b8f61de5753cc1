import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { ControlRpc, type RpcHandlers } from '../../../src/control/rpc.ts';
import { type ControlTransport, memoryTransports } from '../../../src/control/transport.ts';
import { settled } from '../protocol/kit.ts';
import { stateOf } from '../protocol/peer-kit.ts';

const refuse: RpcHandlers = {
  request: (method) => Promise.reject(new AnywhereError('USAGE', `unknown ${method}`)),
  notification: () => undefined,
};

function pair(handlers: Partial<RpcHandlers> = {}): {
  client: ControlRpc;
  server: ControlRpc;
  near: ControlTransport;
  far: ControlTransport;
} {
  const [near, far] = memoryTransports();
  return { near, far, client: new ControlRpc(near, refuse), server: new ControlRpc(far, { ...refuse, ...handlers }) };
}

describe('ControlRpc', () => {
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
    null,
    5,
    'text',
    [],
    {},
    { id: 99, result: 1 },
    { id: 'x' },
    { method: 'cancel' },
    { method: 'cancel', params: null },
    { id: 1 },
  ])('survives %j', async (message) => {
    const { client, near, far } = pair({ request: () => Promise.resolve('fine') });
    near.send(message as object);
    far.send(message as object);
    await settled();
    expect(await stateOf(client.request('a', {}))).toBe('fine');
  });
});

describe('memoryTransports', () => {
  it('deliver copies, later, in order, and nothing once they are closed', async () => {
    const [near, far] = memoryTransports();
    const heard: unknown[] = [];
    far.onMessage((message) => heard.push(message));
    const sent = { a: 1, gone: undefined };
    near.send(sent);
    near.send({ b: 2 });
    sent.a = 5;
    expect(heard).toEqual([]);
    await settled();
    expect(heard).toEqual([{ a: 1 }, { b: 2 }]);
    let closed = 0;
    far.onClose(() => {
      closed += 1;
    });
    near.close();
    far.close();
    near.send({ c: 3 });
    await settled();
    expect([heard.length, closed]).toEqual([2, 1]);
  });
});

import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { Conversation } from '../../../src/shim/conversation.ts';
import type { Verdict } from '../../../src/shim/line-gate.ts';
import { ManualClock } from '../../harness/manual-clock.ts';

type Json = Readonly<Record<string, unknown>>;

function start() {
  const told: Json[] = [];
  const replays: boolean[] = [];
  const clock = new ManualClock();
  const conversation = new Conversation({
    clock,
    onReplayed: (isAccepted) => replays.push(isAccepted),
    tell: (line) => told.push(JSON.parse(line.toString()) as Json),
  });
  const raw = (text: string): Verdict => conversation.client.line(Buffer.from(text));
  const client = (message: Json): Verdict => raw(JSON.stringify({ jsonrpc: '2.0', ...message }));
  const daemon = (message: Json): Verdict =>
    conversation.daemon.line(Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message })));
  const replay = () => {
    const { initialize, rest } = conversation.replay();
    const parsed = (line: Buffer): Json => JSON.parse(line.toString()) as Json;
    return { initialize: initialize && parsed(initialize), rest: rest.map(parsed) };
  };
  return { conversation, told, replays, clock, raw, client, daemon, replay };
}

type Talk = ReturnType<typeof start>;

function introduce({ client, daemon }: Talk): void {
  client({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', more: 1 } });
  daemon({ id: 1, result: {} });
  client({ method: 'notifications/initialized' });
}

const call = (id: number | string): Json => ({ id, method: 'tools/call', params: { name: 'a__b__c', arguments: {} } });

describe('with the first daemon', () => {
  it('everything passes as it is', () => {
    const talk = start();
    introduce(talk);
    expect(talk.client(call(2))).toBe('pass');
    expect(talk.daemon({ id: 1, method: 'roots/list' })).toBe('pass');
    expect(talk.client({ id: 1, result: { roots: [] } })).toBe('pass');
    expect(talk.client({ id: 99, result: {} })).toBe('pass');
    expect(talk.raw('no JSON at all')).toBe('pass');
    expect(talk.daemon({ method: 'notifications/cancelled', params: { requestId: 1 } })).toBe('pass');
    expect(talk.told).toEqual([]);
  });

  it('what is answered or cancelled is no longer waited for, `1` and `"1"` being different ids', () => {
    const talk = start();
    for (const id of [1, '1', 2, 3, 1e21]) talk.client(call(id));
    talk.daemon({ id: 1, result: {} });
    talk.daemon({ id: 1e21, error: { code: 1, message: 'no' } });
    talk.client({ method: 'notifications/cancelled', params: { requestId: 2 } });
    expect(talk.conversation.waiting).toBe(2);
    talk.conversation.lost();
    expect(talk.told.map(({ id }) => id)).toEqual(['1', 3]);
  });

  it('a batch is asked and answered item by item, where the version has batches', () => {
    const talk = start();
    const batch = JSON.stringify([{ jsonrpc: '2.0', ...call(7) }]);
    talk.client({ id: 0, method: 'initialize', params: { protocolVersion: '2025-06-18' } });
    talk.daemon({ id: 0, result: {} });
    talk.raw(batch);
    expect(talk.conversation.waiting).toBe(0);
    talk.client({ id: 0, method: 'initialize', params: { protocolVersion: '2025-03-26' } });
    talk.daemon({ id: 0, result: {} });
    talk.raw(
      JSON.stringify([
        { jsonrpc: '2.0', ...call(1) },
        { jsonrpc: '2.0', ...call(2) },
      ]),
    );
    expect(talk.conversation.waiting).toBe(2);
    talk.conversation.daemon.line(Buffer.from('[{"jsonrpc":"2.0","id":1,"result":{}}]'));
    expect(talk.conversation.waiting).toBe(1);
  });
});

describe('when the daemon is gone', () => {
  it('the outcome of calls is unknown, in a result that the model reads', () => {
    const talk = start();
    talk.client(call('x'));
    talk.clock.advance(1500);
    talk.conversation.lost();
    expect(talk.told).toMatchObject([{ id: 'x', result: { isError: true } }]);
    const text = JSON.stringify(talk.told);
    expect(text).toContain('outcome unknown: tool a__b__c, after 1.5 s');
    expect(text).toContain('Next: check on the host before you repeat it');
    expect(talk.conversation.waiting).toBe(0);
  });

  it('other requests fail with JSON-RPC errors, and those that can be asked again are', () => {
    const talk = start();
    introduce(talk);
    talk.client({ id: 2, method: 'prompts/get', params: { name: 'p' } });
    talk.client({ id: 3, method: 'tools/list' });
    talk.client({ id: 4, method: 'logging/setLevel', params: { level: 'info' } });
    talk.conversation.lost();
    expect(talk.told).toMatchObject([{ id: 2, error: { code: -32603, data: { code: 'OUTCOME_UNKNOWN' } } }]);
    expect(talk.replay().rest.map(({ id, method }) => [id, method])).toEqual([
      [undefined, 'notifications/initialized'],
      [3, 'tools/list'],
      [4, 'logging/setLevel'],
    ]);
    expect(talk.daemon({ id: 3, result: { tools: [] } })).toBe('pass');
  });

  it('the client need not go on answering it', () => {
    const talk = start();
    talk.daemon({ id: 7, method: 'sampling/createMessage' });
    talk.daemon({ id: 8, method: 'roots/list' });
    talk.client({ id: 8, result: { roots: [] } });
    talk.conversation.lost();
    expect(talk.told).toMatchObject([{ method: 'notifications/cancelled', params: { requestId: 7 } }]);
  });
});

describe('with another daemon', () => {
  it('what stood before is said again under ids of our own, and its replies are swallowed', () => {
    const talk = start();
    introduce(talk);
    const subscribe = (id: number, uri: string): Json => ({ id, method: 'resources/subscribe', params: { uri } });
    const asked = [
      { id: 2, method: 'logging/setLevel', params: { level: 'debug' } },
      subscribe(3, 'a://1'),
      subscribe(4, 'a://2'),
      { id: 5, method: 'resources/unsubscribe', params: { uri: 'a://1' } },
      { id: 6, method: 'logging/setLevel', params: { level: 'error' } },
    ];
    for (const request of asked) {
      talk.client(request);
      talk.daemon({ id: request['id'], result: {} });
    }
    talk.client(subscribe(7, 'a://refused'));
    talk.daemon({ id: 7, error: { code: -32002, message: 'not there' } });
    talk.conversation.lost();

    const { initialize, rest } = talk.replay();
    expect(initialize).toMatchObject({ method: 'initialize', params: { protocolVersion: '2025-11-25', more: 1 } });
    expect(rest.map(({ method, params }) => [method, params])).toEqual([
      ['notifications/initialized', undefined],
      ['logging/setLevel', { level: 'error' }],
      ['resources/subscribe', { uri: 'a://2' }],
    ]);
    const ids = [initialize, ...rest].flatMap((line) => (line?.['id'] === undefined ? [] : [line['id']]));
    expect(new Set(ids).size).toBe(3);
    expect(ids.every((id) => typeof id === 'string')).toBe(true);
    expect(talk.replays).toEqual([]);
    for (const id of ids) expect(talk.daemon({ id, result: {} })).toBe('drop');
    expect(talk.replays).toEqual([true]);
  });

  it('an initialize that was never answered is asked again as the client wrote it', () => {
    const talk = start();
    talk.client({ id: 'first', method: 'initialize', params: {} });
    talk.conversation.lost();
    expect(talk.told).toEqual([]);
    expect(talk.replay()).toMatchObject({ initialize: undefined, rest: [{ id: 'first', method: 'initialize' }] });
    expect(talk.daemon({ id: 'first', result: {} })).toBe('pass');
  });

  it('that refuses our initialize is told apart', () => {
    const talk = start();
    introduce(talk);
    talk.conversation.lost();
    talk.daemon({ id: talk.replay().initialize?.['id'], error: { code: -32603, message: 'no' } });
    expect(talk.replays).toEqual([false]);
  });

  it('what came after the loss is not asked twice when the next one ends too', () => {
    const talk = start();
    introduce(talk);
    talk.client({ id: 2, method: 'tools/list' });
    talk.conversation.lost();
    talk.client({ id: 3, method: 'tools/list' });
    talk.client(call(4));
    talk.conversation.lostInReplay();
    expect(talk.told).toEqual([]);
    expect(talk.replay().rest.map(({ id }) => id)).toEqual([undefined, 2]);
    expect(talk.conversation.waiting).toBe(3);
  });

  it('the client hears that what it has listed may differ, and nothing of the rest', () => {
    const talk = start();
    introduce(talk);
    for (const [id, method] of [
      [2, 'tools/list'],
      [3, 'resources/list'],
      [4, 'resources/templates/list'],
    ] as const) {
      talk.client({ id, method });
      talk.daemon({ id, result: {} });
    }
    talk.conversation.lost();
    talk.conversation.resumed();
    expect(talk.told.map(({ method }) => method)).toEqual([
      'notifications/tools/list_changed',
      'notifications/resources/list_changed',
    ]);
  });

  it('its requests have ids of their own, so that no answer reaches the wrong one', () => {
    const talk = start();
    talk.daemon({ id: 1, method: 'roots/list' });
    talk.conversation.lost();
    const asked = talk.daemon({ id: 1, method: 'roots/list', params: { n: 1.0 } }) as Buffer;
    const { id } = JSON.parse(asked.toString()) as { id: string };
    expect(id).not.toBe(1);
    expect(talk.client({ id: 1, result: { roots: ['for the first'] } })).toBe('drop');
    const answer = talk.client({ id, result: { roots: [] } }) as Buffer;
    expect(JSON.parse(answer.toString())).toEqual({ jsonrpc: '2.0', id: 1, result: { roots: [] } });
    const cancelled = talk.daemon({ method: 'notifications/cancelled', params: { requestId: 1 } }) as Buffer;
    expect(JSON.parse(cancelled.toString())).toMatchObject({ params: { requestId: id } });
    talk.conversation.lost();
    expect(talk.client({ id, result: { roots: ['for the second'] } })).toBe('drop');
  });

  it('long answers to it are seen whole, since their ids must be changed', () => {
    const talk = start();
    const answer = Buffer.from('{"result":{"content":"xxxx');
    const request = Buffer.from('{"method":"sampling/createMessage","params":{"x":"xxx');
    expect([talk.conversation.client.long(answer), talk.conversation.daemon.long(request)]).toEqual(['pass', 'hold']);
    talk.conversation.lost();
    expect([talk.conversation.client.long(answer), talk.conversation.daemon.long(request)]).toEqual([
      'gather',
      'gather',
    ]);
    expect([talk.conversation.client.long(request), talk.conversation.daemon.long(answer)]).toEqual(['pass', 'hold']);
  });
});

describe('long lines', () => {
  const head = Buffer.from('{"method":"tools/call","params":{"name":"a__b__c","arguments":{"text":"xxxx');

  it('are waited for by the id at their end', () => {
    const talk = start();
    talk.conversation.client.longEnded(head, Buffer.from('xxx"}},"jsonrpc":"2.0","id":42}'), false);
    expect(talk.conversation.waiting).toBe(1);
    talk.conversation.daemon.longEnded(
      Buffer.from('{"result":{"x":"'),
      Buffer.from('"},"jsonrpc":"2.0","id":42}'),
      false,
    );
    expect(talk.conversation.waiting).toBe(0);
  });

  it('that were cut are answered', () => {
    const talk = start();
    talk.conversation.client.longEnded(head, Buffer.from('xxx"}},"jsonrpc":"2.0","id":42}'), true);
    expect(talk.told).toMatchObject([{ id: 42, result: { isError: true } }]);
    expect(talk.conversation.waiting).toBe(0);
  });
});

describe('when no daemon can be had', () => {
  it('everybody who waits is told why', () => {
    const talk = start();
    talk.client({ id: 1, method: 'initialize', params: {} });
    talk.client(call(2));
    talk.conversation.fail(new AnywhereError('CONFIG_NOT_FOUND', 'No hosts file was found.'));
    expect(talk.told).toMatchObject([
      { id: 1, error: { code: -32603, data: { code: 'CONFIG_NOT_FOUND' } } },
      { id: 2, result: { isError: true } },
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { DEFAULTS } from '../../../src/config/defaults.ts';
import { kept, settled } from '../protocol/kit.ts';
import { stateOf } from '../protocol/peer-kit.ts';
import { HELLO, instanceKit } from './kit.ts';

const gone = new AnywhereError('SERVER_STOPPED', 'its client left');

describe('an instance comes up', () => {
  it("with its client's words, then says initialized", async () => {
    const { instance, channel, up } = instanceKit();
    await up({ ...HELLO, instructions: 'Be kind.' });
    expect(await instance.ready).toMatchObject({
      protocolVersion: '2025-11-25',
      instructions: 'Be kind.',
      capabilities: { tools: {} },
    });
    expect(await channel.written()).toEqual([
      {
        jsonrpc: '2.0',
        id: 1,
        method: 'initialize',
        params: {
          protocolVersion: '2025-06-18',
          capabilities: { 'x-new': 1 },
          clientInfo: { name: 'c', version: '1' },
        },
      },
      { jsonrpc: '2.0', method: 'notifications/initialized' },
    ]);
  });

  it.each<[object, RegExp]>([
    [{ id: 1, error: { code: 1, message: 'no way' } }, /no way/],
    [{ id: 1, result: null }, /no object/],
    [{ id: 1, result: { ...HELLO, protocolVersion: '1999-01-01' } }, /1999-01-01/],
  ])('or not, after %j', async (answer, text) => {
    const { instance, channel, open } = instanceKit();
    await open();
    await channel.say(answer);
    await expect(instance.ready).rejects.toMatchObject({
      code: 'SERVER_PROTOCOL',
      message: expect.stringMatching(text) as unknown,
      host: 'box',
      server: 'files',
    });
    expect([instance.isLive, channel.closes]).toEqual([false, 1]);
  });

  it('or not, when its time is over; and initialize is never cancelled', async () => {
    const { instance, channel, clock, open } = instanceKit({ startTimeoutMs: 5000 });
    await open();
    channel.errors.write('still warming up\n');
    await settled();
    clock.advance(5000);
    await expect(instance.ready).rejects.toMatchObject({
      code: 'SERVER_START_TIMEOUT',
      evidence: ['still warming up'],
    });
    await instance.ended;
    expect([(await channel.written()).length, channel.closes, clock.pending]).toEqual([1, 1, 0]);
  });

  it('and tells its last words where it ends before that', async () => {
    const { instance, channel, open } = instanceKit();
    await open();
    channel.errors.write('cannot find module with token s3cret\n');
    await channel.say('usage: x [options]');
    channel.end({ kind: 'exited', code: 1, signal: undefined });
    const error = await instance.ready.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SERVER_START_FAILED' });
    expect([...(error as AnywhereError).evidence].sort()).toEqual([
      'cannot find module with token [redacted]',
      'usage: x [options]',
    ]);
  });
});

describe('nothing is left behind', () => {
  it('where it is ended while its channel is on the way', async () => {
    const { instance, channel, open } = instanceKit();
    await settled();
    instance.close(gone);
    await open();
    expect([await stateOf(instance.ready), await instance.ended, channel.closes]).toEqual([gone, gone, 1]);
    expect(await channel.written()).toEqual([]);
  });

  it('where it is ended in the very moment its channel comes', async () => {
    for (const turns of [0, 1, 2, 3, 4, 5]) {
      const { instance, channel, link } = instanceKit();
      await settled();
      link.resolve(channel);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      instance.close(gone);
      await settled();
      expect([turns, channel.closes > 0, instance.isLive]).toEqual([turns, true, false]);
    }
  });

  it('where its channel comes after its time is over', async () => {
    const { instance, channel, clock, open } = instanceKit({ startTimeoutMs: 5000 });
    await settled();
    clock.advance(5000);
    await open();
    expect([await stateOf(instance.ready), channel.closes]).toMatchObject([{ code: 'SERVER_START_TIMEOUT' }, 1]);
  });
});

describe('an instance that is up', () => {
  it('answers pings itself and hands other requests to its owner', async () => {
    const { channel, requests, notifications, up } = instanceKit();
    await up();
    await channel.say({ id: 'p', method: 'ping' }, { id: 'r', method: 'roots/list' }, { method: 'notifications/x' });
    expect([requests.map(({ method }) => method), notifications.map(({ method }) => method)]).toEqual([
      ['roots/list'],
      ['notifications/x'],
    ]);
    expect((await channel.written()).at(-1)).toEqual({ jsonrpc: '2.0', id: 'p', result: {} });
  });

  it('logs noise and stray replies, and goes on', async () => {
    const { channel, lines, up } = instanceKit();
    await up();
    await channel.say('debugging…', { id: 99, result: {} });
    expect(lines).toEqual([
      ['stdout-noise', 'debugging…'],
      ['protocol', expect.stringContaining('"id":99')],
    ]);
  });

  it('passes on nothing that two readers understand differently: it is dropped and counted, and a request is answered', async () => {
    const { channel, notifications, requests, lines, up } = instanceKit();
    await up();
    channel.output.write(Buffer.from('{"jsonrpc":"2.0","method":"notifications/x","params":"\xff"}\n', 'latin1'));
    await channel.say('{"jsonrpc":"2.0","method":"notifications/x","Method":"y"}');
    await channel.say('{"jsonrpc":"2.0","id":"s","method":"roots/list","params":"\r"}');
    await channel.say('{"jsonrpc":"2.0","method":"roots/list"}');
    expect([notifications, requests]).toEqual([[], []]);
    const dropped = lines.map(([, line]) => /^dropped \((\d) so far\): (.*):/.exec(line)?.slice(1));
    expect(dropped).toMatchObject([
      ['1', 'notification notifications/x'],
      ['2', expect.stringContaining('notifications/x') as unknown],
      ['3', 'request roots/list'],
      ['4', 'notification roots/list'],
    ]);
    expect((await channel.written()).at(-1)).toMatchObject({ id: 's', error: { code: -32600 } });
  });

  it('fails the one request whose answer is too large, and lives', async () => {
    const { instance, channel, lines, up } = instanceKit();
    await up();
    const [large, small] = [
      kept(instance.peer.request('m', undefined, { timeoutMs: 1000 })),
      kept(instance.peer.request('m', undefined, { timeoutMs: 1000 })),
    ];
    await channel.say(`{"jsonrpc":"2.0","id":2,"result":"${'x'.repeat(2 << 20)}"}`, { id: 3, result: 'fine' });
    await expect(large).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE', host: 'box', server: 'files' });
    expect((await small).resultValue()).toBe('fine');
    expect(lines[0]?.[0]).toBe('protocol');
  });

  it('does not take a request that is too large for the answer to one of ours', async () => {
    const { instance, channel, up } = instanceKit();
    await up();
    const reply = kept(instance.peer.request('m', undefined, { timeoutMs: 1000 }));
    await channel.say(`{"jsonrpc":"2.0","id":2,"method":"sampling/createMessage","params":"${'x'.repeat(2 << 20)}"}`);
    expect(await stateOf(reply)).toBe('pending');
    await channel.say({ id: 2, result: 'right' });
    expect((await reply).resultValue()).toBe('right');
  });

  it('that floods instead of answering initialize is ended', async () => {
    const { instance, channel, open } = instanceKit({}, { maxMessageBytes: 1000 });
    await open();
    channel.output.write('x'.repeat(2000));
    await expect(instance.ready).rejects.toMatchObject({ code: 'SERVER_PROTOCOL' });
    expect(channel.closes).toBe(1);
  });

  it('fails what is pending when its channel ends, each kind with its own cause', async () => {
    const ends = [
      [{ kind: 'exited', code: 3, signal: undefined }, 'SERVER_EXITED'],
      [{ kind: 'lost', cause: new AnywhereError('LINK_LOST', 'cut') }, 'LINK_LOST'],
      [{ kind: 'closed' }, 'SERVER_STOPPED'],
    ] as const;
    for (const [end, code] of ends) {
      const { instance, channel, up } = instanceKit();
      await up();
      const reply = kept(instance.peer.request('m', undefined, { timeoutMs: 1000 }));
      channel.end(end);
      await expect(reply).rejects.toMatchObject({ code, host: 'box', server: 'files' });
      expect([(await instance.ended).code, instance.isLive]).toEqual([code, false]);
    }
  });

  it('takes a message as its last word that has no newline', async () => {
    const { instance, channel, up } = instanceKit();
    await up();
    const reply = kept(instance.peer.request('m', undefined, { timeoutMs: 1000 }));
    channel.output.write('{"jsonrpc":"2.0","id":2,"result":"last"}');
    await settled();
    channel.end({ kind: 'exited', code: 0, signal: undefined });
    expect((await reply).resultValue()).toBe('last');
  });

  it('subscribes again to what the one before it had, and only what is up is told of a client that left', async () => {
    const { instance, channel, open } = instanceKit();
    const [first, second] = [instance.owner, { ...instance.owner }];
    for (const [uri, owner] of [
      ['u:1', first],
      ['u:2', second],
      ['u:3', second],
    ] as const)
      instance.subscriptions.add(uri, owner);
    await open();
    const { subscriptions } = instance;
    expect(() => {
      instance.unsubscribe(first);
    }).not.toThrow();
    await channel.say({ id: 1, result: HELLO });
    instance.resubscribe();
    instance.unsubscribe(second);
    expect((await channel.written()).slice(2).map(({ method, params }) => [method, params?.['uri']])).toEqual([
      ['resources/subscribe', 'u:2'],
      ['resources/subscribe', 'u:3'],
      ['resources/unsubscribe', 'u:2'],
      ['resources/unsubscribe', 'u:3'],
    ]);
    expect(subscriptions.uris).toEqual([]);
  });

  it('may lose a client while its channel is not even there', () => {
    const { instance } = instanceKit();
    instance.subscriptions.add('u:1', instance.owner);
    expect(() => {
      instance.unsubscribe(instance.owner);
    }).not.toThrow();
  });
});

describe('what a server asks its client', () => {
  const asks = (from: number, count: number): object[] =>
    Array.from({ length: count }, (_none, at) => ({ id: `s${from + at}`, method: 'roots/list' }));
  const refusals = async (channel: { written(): Promise<{ error?: { message: string } }[]> }): Promise<string[]> =>
    (await channel.written()).flatMap(({ error }) => error?.message ?? []);

  it('waits for the client up to limits.serverRequests; the rest is refused at once', async () => {
    const { channel, requests, up } = instanceKit();
    await up();
    await channel.say(...asks(0, 80));
    expect(requests).toHaveLength(64);
    const refused = await refusals(channel as never);
    expect(refused).toHaveLength(16);
    expect(refused[0]).toContain('64 requests of this server already wait');
  });

  it('is refused at the rate of its log messages, and makes it unread for a moment', async () => {
    const limits = { ...DEFAULTS.limits, serverRequests: 65_536, logLinesPerSecond: 10 };
    const { channel, requests, clock, up } = instanceKit({}, { limits });
    await up();
    await channel.say(...asks(0, 90));
    expect(requests).toHaveLength(40);
    expect(await refusals(channel as never)).toHaveLength(50);
    expect(channel.output.isPaused()).toBe(false);
    await channel.say(...asks(90, 20));
    expect(channel.output.isPaused()).toBe(true);
    clock.advance(1_000);
    await channel.say(...asks(110, 1));
    // A second later ten more, of those that were left unread.
    expect(requests).toHaveLength(50);
  });
});

describe('a notification that MCP does not know', () => {
  it('passes up to the rate of log messages; the rest is dropped and counted, and neither logs nor lists suffer', async () => {
    const limits = { ...DEFAULTS.limits, logLinesPerSecond: 10 };
    const { channel, notifications, lines, clock, up } = instanceKit({}, { limits });
    await up();
    const many = (method: string, count: number) => Array.from({ length: count }, () => ({ method, params: {} }));
    await channel.say(...many('notifications/x', 50), ...many('notifications/message', 2));
    await channel.say(...many('notifications/tools/list_changed', 45));
    const passed = (name: string) => notifications.filter(({ method }) => method === name).length;
    expect(passed('notifications/x')).toBe(40);
    expect(passed('notifications/message')).toBe(2);
    expect(passed('notifications/tools/list_changed')).toBe(45);
    clock.advance(1_000);
    const text = '10 notifications of box/files dropped: more than 10 a second';
    expect(notifications.at(-1)?.paramText('data')).toBe(text);
    expect(lines).toContainEqual(['protocol', text]);
  });
});

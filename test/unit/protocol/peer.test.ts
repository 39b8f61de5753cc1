import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { peerKit, stateOf } from './peer-kit.ts';

const NEVER = { timeoutMs: Number.POSITIVE_INFINITY };

describe('a peer', () => {
  it('pairs replies with requests in any order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }).chain((count) =>
          fc.shuffledSubarray(
            Array.from({ length: count }, (_, at) => at),
            { minLength: count },
          ),
        ),
        async (order) => {
          const { peer, say } = peerKit();
          const replies = order.map(() => peer.request('m', undefined, NEVER));
          for (const index of order) say({ id: index + 1, result: { index } });
          const values = (await Promise.all(replies)).map((reply) => reply.resultValue());
          expect(values).toEqual(order.map((_, index) => ({ index })));
          expect(peer.inFlight).toBe(0);
        },
      ),
    );
  });

  it('writes requests, notifications and replies as JSON-RPC', async () => {
    const { peer, sent, say, requests } = peerKit();
    peer.request('a"b', '{"x":1}', NEVER).catch(() => undefined);
    peer.request('c', undefined, NEVER).catch(() => undefined);
    peer.notify('n');
    peer.notify('p', '[1]');
    say({ id: 'q"', method: 'theirs' });
    for (const request of requests) peer.reply(request, '{}');
    for (const request of requests) peer.replyError(request, -1, 'no', { why: 1 });
    expect(await sent()).toEqual([
      { jsonrpc: '2.0', id: 1, method: 'a"b', params: { x: 1 } },
      { jsonrpc: '2.0', id: 2, method: 'c' },
      { jsonrpc: '2.0', method: 'n' },
      { jsonrpc: '2.0', method: 'p', params: [1] },
      { jsonrpc: '2.0', id: 'q"', result: {} },
      { jsonrpc: '2.0', id: 'q"', error: { code: -1, message: 'no', data: { why: 1 } } },
    ]);
  });

  it('resolves with errors as with results', async () => {
    const { peer, say } = peerKit();
    const reply = peer.request('m', undefined, NEVER);
    say({ id: 1, error: { code: 7, message: 'no' } });
    expect((await reply).errorValue()).toEqual({ code: 7, message: 'no' });
  });

  it('gives a null-id error to the only one who waits, and to nobody among several', async () => {
    const { peer, say, strays } = peerKit();
    const first = peer.request('m', undefined, NEVER);
    say({ id: null, error: { code: -32700, message: 'what?' } });
    expect((await first).errorValue().message).toBe('what?');
    const others = [peer.request('m', undefined, NEVER), peer.request('m', undefined, NEVER)];
    say({ id: null, error: { code: -32700, message: 'what?' } });
    expect(await Promise.all(others.map(stateOf))).toEqual(['pending', 'pending']);
    expect(strays).toHaveLength(1);
  });

  it('hands on replies that nobody waits for: unknown, repeated, late', async () => {
    const { peer, say, strays } = peerKit();
    const reply = peer.request('m', undefined, NEVER);
    say({ id: 99, result: 1 });
    say({ id: '01', result: 1 });
    say({ id: 1, result: 'right' });
    say({ id: 1, result: 'again' });
    expect((await reply).resultValue()).toBe('right');
    expect(strays.map((stray) => stray.idText)).toEqual(['99', '"01"', '1']);
  });

  it('takes a reply whose id came back as text, and progress whose token did', async () => {
    const { peer, say, strays } = peerKit();
    const seen: Message[] = [];
    const reply = peer.request('m', undefined, { ...NEVER, onProgress: (message) => seen.push(message) });
    say({ method: 'notifications/progress', params: { progressToken: '1', progress: 1 } });
    say({ id: '1', result: 'right' });
    expect((await reply).resultValue()).toBe('right');
    expect([seen.length, strays.length]).toEqual([1, 0]);
  });

  it('fails one request by its id', async () => {
    const { peer } = peerKit();
    const reply = peer.request('m', undefined, NEVER);
    const error = new AnywhereError('MESSAGE_TOO_LARGE', 'too large');
    expect([peer.fail(1, error), peer.fail(1, error), peer.fail(2, error)]).toEqual([true, false, false]);
    await expect(reply).rejects.toBe(error);
  });

  it('close fails what waits and what comes later, writes nothing more, and leaves no timer', async () => {
    const { peer, sent, clock } = peerKit();
    const cause = new AnywhereError('LINK_LOST', 'gone');
    const controller = new AbortController();
    const waiting = [
      peer.request('a', undefined, { timeoutMs: 1000, signal: controller.signal }),
      peer.request('b', undefined, { timeoutMs: 5 }),
    ];
    expect(await sent()).toHaveLength(2);
    peer.close(cause);
    peer.close(new AnywhereError('INTERNAL', 'a second one'));
    const late = peer.request('c', undefined, NEVER);
    for (const request of waiting) await expect(request).rejects.toBe(cause);
    await expect(late).rejects.toMatchObject({ code: 'LINK_LOST', message: 'gone', isUnsent: true });
    expect(clock.pending).toBe(0);
    controller.abort();
    expect([(await sent()).length, peer.inFlight]).toEqual([2, 0]);
  });
});

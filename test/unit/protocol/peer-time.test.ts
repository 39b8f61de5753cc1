import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { peerKit, stateOf } from './peer-kit.ts';

const progress = (progressToken: unknown): object => ({
  method: 'notifications/progress',
  params: { progressToken, progress: 1 },
});

describe("a peer's patience", () => {
  it('ends with CALL_TIMEOUT, and the other side is told', async () => {
    const { peer, clock, sent } = peerKit();
    const reply = peer.request('tools/call', undefined, { timeoutMs: 1500 });
    clock.advance(1499);
    expect(await stateOf(reply)).toBe('pending');
    clock.advance(1);
    await expect(reply).rejects.toMatchObject({
      code: 'CALL_TIMEOUT',
      message: 'no answer to tools/call within 1.5 s',
    });
    expect((await sent()).slice(1)).toMatchObject([{ method: 'notifications/cancelled', params: { requestId: 1 } }]);
    expect(clock.pending).toBe(0);
  });

  it('begins anew with each progress, of that request alone', async () => {
    const { peer, clock, say } = peerKit();
    const first = peer.request('m', undefined, { timeoutMs: 100 });
    const second = peer.request('m', undefined, { timeoutMs: 100 });
    for (let step = 0; step < 5; step += 1) {
      clock.advance(90);
      say(progress(1));
    }
    expect(await stateOf(second)).toMatchObject({ code: 'CALL_TIMEOUT' });
    clock.advance(99);
    expect(await stateOf(first)).toBe('pending');
    clock.advance(1);
    expect(await stateOf(first)).toMatchObject({ code: 'CALL_TIMEOUT' });
  });

  it("is each request's own, whichever was sent first", async () => {
    const { peer, clock } = peerKit();
    const times = [300, 100, 200, Number.POSITIVE_INFINITY];
    const replies = times.map((timeoutMs) => peer.request('m', undefined, { timeoutMs }));
    const expired: number[] = [];
    replies.forEach((reply, index) => {
      reply.catch(() => expired.push(index));
    });
    for (let turn = 0; turn < 3; turn += 1) {
      clock.advance(100);
      await stateOf(Promise.resolve());
    }
    expect(expired).toEqual([1, 2, 0]);
    clock.advance(1e9);
    expect(await stateOf(replies[3] ?? Promise.resolve())).toBe('pending');
  });

  it('takes one timer however many wait, and none that keeps the process alive', () => {
    const { peer, clock } = peerKit();
    for (let count = 0; count < 50; count += 1)
      peer.request('m', undefined, { timeoutMs: 1000 + count }).catch(() => undefined);
    expect([clock.pending, clock.foreground]).toEqual([1, 0]);
  });

  it('takes no timer without a limit', () => {
    const { peer, clock } = peerKit();
    peer.request('m', undefined, { timeoutMs: Number.POSITIVE_INFINITY }).catch(() => undefined);
    expect(clock.pending).toBe(0);
  });

  it('can be longer than a timer of Node holds', async () => {
    const { peer, clock } = peerKit();
    const reply = peer.request('m', undefined, { timeoutMs: 2 ** 32 });
    clock.advance(2 ** 31);
    expect(await stateOf(reply)).toBe('pending');
    clock.advance(2 ** 31);
    expect(await stateOf(reply)).toMatchObject({ code: 'CALL_TIMEOUT' });
  });

  it('is not lengthened by progress for others, for nobody, or after the reply', async () => {
    const { peer, say, notifications } = peerKit();
    const seen: unknown[] = [];
    const reply = peer.request('m', undefined, {
      timeoutMs: 100,
      onProgress: (message) => seen.push(message.paramsValue()),
    });
    say(progress(2));
    say(progress('01'));
    say(progress(null));
    say({ method: 'notifications/progress' });
    say(progress(1));
    say({ id: 1, result: {} });
    say(progress(1));
    await reply;
    expect(seen).toEqual([{ progressToken: 1, progress: 1 }]);
    expect(notifications).toEqual([]);
  });
});

describe('cancellation', () => {
  it("fails the request with the signal's reason and tells the other side, once", async () => {
    const { peer, sent } = peerKit();
    const controller = new AbortController();
    const reply = peer.request('m', undefined, { timeoutMs: 100, signal: controller.signal });
    const reason = new AnywhereError('CANCELLED', 'no longer "wanted"');
    controller.abort(reason);
    await expect(reply).rejects.toBe(reason);
    expect((await sent()).slice(1)).toEqual([
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1, reason: 'no longer "wanted"' } },
    ]);
  });

  it('is never told of initialize, neither by a signal nor by time', async () => {
    const { peer, sent, clock } = peerKit();
    const controller = new AbortController();
    const options = { timeoutMs: 100, cancellable: false };
    const replies = [
      peer.request('initialize', '{}', { ...options, signal: controller.signal }),
      peer.request('initialize', '{}', options),
    ];
    controller.abort();
    clock.advance(100);
    expect(await Promise.all(replies.map(stateOf))).toMatchObject([{ code: 'CANCELLED' }, { code: 'CALL_TIMEOUT' }]);
    expect(await sent()).toHaveLength(2);
  });

  it('sends nothing where it was cancelled before', async () => {
    const { peer, sent } = peerKit();
    await expect(peer.request('m', undefined, { timeoutMs: 1, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect([await sent(), peer.inFlight]).toEqual([[], 0]);
  });

  it('after the reply does nothing', async () => {
    const { peer, sent, say } = peerKit();
    const controller = new AbortController();
    const reply = peer.request('m', undefined, { timeoutMs: 1, signal: controller.signal });
    say({ id: 1, result: {} });
    await reply;
    controller.abort();
    expect(await sent()).toHaveLength(1);
  });
});

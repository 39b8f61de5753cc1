/** What one stream may have under way, what waits for its turn, and what is known not to have been sent. */
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { Peer, type PeerLimits } from '../../../src/protocol/peer.ts';
import type { RequestOptions } from '../../../src/protocol/pending-request.ts';
import { MessageWriter } from '../../../src/protocol/writer.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { parsed, settled } from './kit.ts';
import { peerKit, stateOf } from './peer-kit.ts';

const CALL: RequestOptions = { timeoutMs: 1000, isLimited: true };
const LIMITS: PeerLimits = { inFlight: 2, waiting: 2, heldBytes: 10_000 };

/** A peer whose other side reads nothing until it is told to. */
function limited(limits = LIMITS, highWaterMark = 1000) {
  const stream = new PassThrough({ highWaterMark });
  const clock = new ManualClock();
  const nothing = (): void => undefined;
  const handler = { request: nothing, notification: nothing, stray: nothing };
  const writer = new MessageWriter(stream, undefined, { holds: true });
  const peer = new Peer(writer, handler, clock, limits);
  let text = '';
  const read = (): void => {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  };
  const sent = async (): Promise<{ id?: number; method: string }[]> => {
    await settled();
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { id?: number; method: string });
  };
  const say = (message: object): void => {
    peer.receive(parsed(JSON.stringify({ jsonrpc: '2.0', ...message })));
  };
  const call = (method = 'tools/call', params = '{}', options = CALL) => {
    const seen: { unsent: boolean | undefined; code?: string; result?: unknown } = { unsent: undefined };
    const line = {
      method,
      withId: (id: number) => [Buffer.from(`{"jsonrpc":"2.0","id":${id},"method":"${method}","params":${params}}`)],
    };
    peer.forward(line, options).then(
      (reply) => {
        seen.result = reply.resultValue();
      },
      (thrown: unknown) => {
        const { code, isUnsent } = thrown as AnywhereError;
        seen.code = code;
        seen.unsent = isUnsent;
      },
    );
    return seen;
  };
  return { peer, writer, clock, read, sent, say, call };
}

const gone = new AnywhereError('LINK_LOST', 'cut');
const BIG = JSON.stringify({ x: 'y'.repeat(3000) });

describe('calls past the limit', () => {
  it('wait for their turn, in their order, and are refused where too many wait', async () => {
    const { read, sent, say, call } = limited();
    read();
    const calls = [1, 2, 3, 4, 5].map(() => call());
    expect((await sent()).map(({ id }) => id)).toEqual([1, 2]);
    expect(calls.map(({ code }) => code)).toEqual([undefined, undefined, undefined, undefined, 'LIMIT_REACHED']);
    say({ id: 2, result: 'b' });
    say({ id: 1, result: 'a' });
    expect((await sent()).map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect(call().code).toBeUndefined();
    say({ id: 3, result: 'c' });
    expect((await sent()).map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
  });

  it('are refused at once where none may wait, and only then', async () => {
    const { read, sent, say, call } = limited({ ...LIMITS, waiting: 0 });
    read();
    const calls = [1, 2, 3].map(() => call());
    expect((await sent()).map(({ id }) => id)).toEqual([1, 2]);
    expect(calls.map(({ code }) => code)).toEqual([undefined, undefined, 'LIMIT_REACHED']);
    say({ id: 1, result: 'a' });
    expect(call().code).toBeUndefined();
  });

  it('hold back nothing that is not a call', async () => {
    const { peer, read, sent, call } = limited();
    read();
    for (let count = 0; count < 4; count += 1) call();
    peer.request('ping', undefined, { timeoutMs: 10 }).catch(() => undefined);
    expect((await sent()).map(({ method }) => method)).toEqual(['tools/call', 'tools/call', 'ping']);
  });

  it('fail when their time is over, and the other side hears nothing of those it never got', async () => {
    const { read, sent, call, clock } = limited();
    read();
    const calls = [1, 2, 3].map(() => call());
    clock.advance(1000);
    await settled();
    expect(calls.map(({ code }) => code)).toEqual(['CALL_TIMEOUT', 'CALL_TIMEOUT', 'CALL_TIMEOUT']);
    const methods = (await sent()).map(({ method }) => method);
    expect(methods.filter((method) => method === 'notifications/cancelled')).toHaveLength(2);
    // One that was waiting is not sent after its end.
    expect(methods.filter((method) => method === 'tools/call').length).toBe(2);
  });

  it('cancelled while they wait make room for others', async () => {
    const { read, sent, say, call } = limited();
    read();
    call();
    call();
    const controller = new AbortController();
    const waiting = call('tools/call', '{}', { ...CALL, signal: controller.signal });
    call();
    controller.abort();
    await settled();
    expect(waiting.code).toBe('CANCELLED');
    say({ id: 1, result: 'a' });
    expect((await sent()).map(({ id }) => id)).toEqual([1, 2, 4]);
  });
});

describe('the end of a stream', () => {
  it('tells of every request whether the other side was given any of it', async () => {
    const { peer, call } = limited({ ...LIMITS, inFlight: 3 });
    const first = call('m', BIG);
    await settled();
    const second = call('m', BIG);
    const third = call('m', BIG);
    const fourth = call('m', BIG);
    await settled();
    peer.close(gone);
    const late = call();
    await settled();
    expect([first, second, third, fourth, late].map(({ unsent }) => unsent)).toEqual([false, true, true, true, true]);
  });
});

describe('a server that reads nothing', () => {
  it('is given no more than its stream takes, and what it has not taken is bounded', async () => {
    const { peer, writer, call } = limited({ inFlight: 100, waiting: 100, heldBytes: 10_000 });
    const calls: { code?: string }[] = [];
    for (let count = 0; count < 20; count += 1) {
      calls.push(call('m', BIG));
      await settled();
    }
    expect(writer.heldBytes).toBeLessThan(14_000);
    expect(calls.filter(({ code }) => code === 'LIMIT_REACHED').length).toBe(20 - peer.inFlight);
    expect(peer.inFlight).toBeLessThan(8);
  });

  it('that reads again gets all in order', async () => {
    const { call, read, sent } = limited({ inFlight: 100, waiting: 100, heldBytes: 1_000_000 });
    for (let count = 0; count < 100; count += 1) call('m', BIG);
    await settled();
    read();
    for (let turn = 0; turn < 20; turn += 1) await settled();
    expect((await sent()).map(({ id }) => id)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  });

  it('is never given what was cancelled meanwhile', async () => {
    const { call, read, sent, clock } = limited({ inFlight: 100, waiting: 100, heldBytes: 1_000_000 });
    call('m', BIG, { timeoutMs: 1e6 });
    await settled();
    call('m', BIG);
    call('m', BIG, { timeoutMs: 1e6 });
    await settled();
    clock.advance(1000);
    read();
    for (let turn = 0; turn < 5; turn += 1) await settled();
    expect((await sent()).map(({ id, method }) => [id, method])).toEqual([
      [1, 'm'],
      [3, 'm'],
    ]);
  });
});

describe('time', () => {
  it('is over after the total, whatever progress comes', async () => {
    const { peer, clock, say } = peerKit();
    const reply = peer.request('m', undefined, { timeoutMs: 100, totalTimeoutMs: 250 });
    for (let step = 0; step < 2; step += 1) {
      clock.advance(90);
      say({ method: 'notifications/progress', params: { progressToken: 1, progress: step } });
    }
    clock.advance(69);
    expect(await stateOf(reply)).toBe('pending');
    clock.advance(1);
    expect(await stateOf(reply)).toMatchObject({
      code: 'CALL_TIMEOUT',
      message: 'no answer to m within 0.3 s',
    });
  });

  it('stands still while a person is asked, for as many as ask', async () => {
    const { peer, clock } = peerKit();
    const reply = peer.request('m', undefined, { timeoutMs: 100, totalTimeoutMs: 150 });
    clock.advance(60);
    const [one, other] = [peer.holdDeadlines(), peer.holdDeadlines()];
    clock.advance(100_000);
    one();
    one();
    clock.advance(100_000);
    expect(await stateOf(reply)).toBe('pending');
    other();
    clock.advance(39);
    expect(await stateOf(reply)).toBe('pending');
    clock.advance(1);
    expect(await stateOf(reply)).toMatchObject({ code: 'CALL_TIMEOUT' });
    expect(clock.pending).toBe(0);
  });
});

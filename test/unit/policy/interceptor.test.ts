import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { callEvents } from '../../../src/policy/call-events.ts';
import { type CallHandler, chain, type Interceptor, type ToolCall } from '../../../src/policy/interceptor.ts';
import type { GatewayEventBody } from '../../../src/telemetry/events.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { serverPlan } from '../catalog/kit.ts';
import { parsed } from '../protocol/kit.ts';

const route = {
  publicKey: 'box__files__x',
  server: serverPlan('box', 'files'),
  original: 'x',
  originalJson: '"x"',
  definition: Buffer.from('{}'),
};
// The parts of a call that events look at.
const CALL = { id: 7, client: 'c1', route } as ToolCall;

describe('chain', () => {
  it('puts the first interceptor outermost', async () => {
    const order: string[] = [];
    const named =
      (name: string): Interceptor =>
      (next) =>
      async (call) => {
        order.push(`${name} in`);
        const reply = await next(call);
        order.push(`${name} out`);
        return reply;
      };
    await chain([named('a'), named('b')], () => Promise.resolve(parsed('{"id":1,"result":{}}')))(CALL);
    expect(order).toEqual(['a in', 'b in', 'b out', 'a out']);
  });

  it('lets an interceptor answer by itself', async () => {
    const own = parsed('{"id":1,"result":"own"}');
    const reply = await chain([() => () => Promise.resolve(own)], () => Promise.reject(new Error('not reached')))(CALL);
    expect(reply).toBe(own);
  });
});

describe('callEvents', () => {
  async function outcomeOf(handler: CallHandler): Promise<GatewayEventBody[]> {
    const clock = new ManualClock();
    const events: GatewayEventBody[] = [];
    const call = callEvents(
      (event) => events.push(event),
      clock,
      () => true,
    )((one) => {
      clock.advance(25);
      return handler(one);
    });
    await call(CALL).catch(() => undefined);
    return events;
  }

  it('is silent, and not in the way, while nobody listens', async () => {
    const events: GatewayEventBody[] = [];
    const own = parsed('{"id":1,"result":{}}');
    const reply = await callEvents(
      (event) => events.push(event),
      new ManualClock(),
      () => false,
    )(() => Promise.resolve(own))(CALL);
    expect([events, reply]).toEqual([[], own]);
  });

  const replying =
    (text: string): CallHandler =>
    () =>
      Promise.resolve(parsed(text));

  it.each<[string, CallHandler]>([
    ['ok', replying('{"id":1,"result":{"content":[]}}')],
    ['ok', replying('{"id":1,"result":{"isError":false}}')],
    ['ok', replying('{"id":1,"result":{"structuredContent":{"isError":true}}}')],
    ['ok', replying('{"id":1,"result":{"content":[{"type":"text","text":"\\"isError\\":true"}]}}')],
    ['tool-error', replying('{"id":1,"result":{"content":[],"isError" : true}}')],
    ['error', replying('{"id":1,"error":{"code":1,"message":"m"}}')],
    ['error', () => Promise.reject(new AnywhereError('LINK_LOST', 'm'))],
    ['error', () => Promise.reject(new Error('m'))],
    ['cancelled', () => Promise.reject(new AnywhereError('CANCELLED', 'm'))],
  ])('says that a call ended: %s', async (outcome, handler) => {
    const place = { call: 7, host: 'box', server: 'files', tool: 'x' };
    expect(await outcomeOf(handler)).toEqual([
      { type: 'call-started', ...place, client: 'c1' },
      { type: 'call-ended', ...place, durationMs: 25, outcome },
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { chain, type Middleware } from '../../../src/policy/middleware.ts';
import { callOfX } from '../calls/call-kit.ts';
import { parsed } from '../protocol/kit.ts';

const CALL = callOfX();

describe('chain', () => {
  it('puts the first middleware outermost', async () => {
    const order: string[] = [];
    const named =
      (name: string): Middleware =>
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

  it('lets an middleware answer by itself', async () => {
    const own = parsed('{"id":1,"result":"own"}');
    const reply = await chain([() => () => Promise.resolve(own)], () => Promise.reject(new Error('not reached')))(CALL);
    expect(reply).toBe(own);
  });
});

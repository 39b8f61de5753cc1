import { describe, expect, it } from 'vitest';
import type { ToolCall } from '../../../src/calls/call.ts';
import { risingEdits, startsAttempt, whileWaiting } from '../../../src/calls/progress.ts';
import type { Message } from '../../../src/protocol/message.ts';
import { joinPieces } from '../../../src/protocol/splice.ts';
import { parsed } from '../protocol/kit.ts';
import { peerKit } from '../protocol/peer-kit.ts';
import { callOfX } from './call-kit.ts';

function callWith(meta: string): { call: ToolCall; client: ReturnType<typeof peerKit> } {
  const client = peerKit();
  const call = callOfX({ meta, peer: client.peer });
  return { call, client };
}

describe('whileWaiting', () => {
  it('tells progress that rises from 0, without a total, until the work is done', async () => {
    const { call, client } = callWith('{"progressToken":"t\\u0031"}');
    let finish: (value: string) => void = () => undefined;
    const work = whileWaiting(
      new Promise<string>((resolve) => {
        finish = resolve;
      }),
      call,
      call.route.server,
      client.clock,
    );
    client.clock.advance(299);
    expect(await client.lines()).toEqual([]);
    client.clock.advance(3001);
    const lines = await client.lines();
    const values = lines.map((line) => (JSON.parse(line) as { params: { progress: number } }).params.progress);
    expect(values).toEqual([0, 0.01, 0.02, 0.03]);
    expect(lines.join()).not.toContain('total');
    expect(lines[0]).toContain('"progressToken":"t\\u0031"');
    finish('done');
    expect([await work, client.clock.pending]).toEqual(['done', 0]);
  });

  it('is silent for those who did not ask', async () => {
    const { call, client } = callWith('{}');
    whileWaiting(new Promise(() => undefined), call, call.route.server, client.clock).catch(() => undefined);
    expect(client.clock.pending).toBe(0);
  });

  it('stops where the work fails', async () => {
    const { call, client } = callWith('{"progressToken":1}');
    await expect(
      whileWaiting(Promise.reject(new Error('down')), call, call.route.server, client.clock),
    ).rejects.toThrow('down');
    expect(client.clock.pending).toBe(0);
  });
});

describe('risingEdits', () => {
  const progress = (value: string): Message =>
    parsed(
      `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":${value},"total":3,"message":"m"}}`,
    );
  const told = (call: ToolCall, value: string): string => {
    const message = progress(value);
    return joinPieces(message.withEdits(risingEdits(call, message))).toString();
  };

  it.each<[number, string, string]>([
    [0.02, '0', '0.03'],
    [0.02, '-4', '0.03'],
    [0.02, '0.02', '0.03'],
    [0.02, '0.5', '0.5'],
    [0.02, '1.0', '1.0'],
    [0, '0.000', '0.01'],
    [1e15, '7', '1000000000000001'],
    [1e300, '1e300', String(1e300 * (1 + Number.EPSILON))],
  ])('after %s passes %s as %s', (last, value, expected) => {
    const { call } = callWith('{"progressToken":1}');
    call.lastProgress = last;
    expect(told(call, value)).toBe(joinPieces(progress(expected).withEdits([])).toString());
  });

  it('leaves every number of a call that did not wait', () => {
    const { call } = callWith('{"progressToken":1}');
    expect(['5', '5', '-1'].map((value) => told(call, value))).toEqual(
      ['5', '5', '-1'].map((value) => joinPieces(progress(value).withEdits([])).toString()),
    );
  });

  it('rises over all attempts of a call', () => {
    const { call } = callWith('{"progressToken":1}');
    call.progress = progress('2');
    startsAttempt(call);
    expect(told(call, '1')).toContain('"progress":2.01,"total":3,"message":"m"');
    expect(told(call, '3')).toContain('"progress":3,');
  });

  it('passes what is no number', () => {
    const { call } = callWith('{"progressToken":1}');
    call.lastProgress = 1;
    expect(told(call, '"half"')).toContain('"progress":"half"');
    expect(told(call, '1e999')).toContain('"progress":1e999');
  });
});

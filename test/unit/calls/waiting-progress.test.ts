import { describe, expect, it } from 'vitest';
import type { ToolCall } from '../../../src/calls/call.ts';
import { whileWaiting } from '../../../src/calls/waiting-progress.ts';
import { peerKit } from '../protocol/peer-kit.ts';
import { callOfX } from './call-kit.ts';

function callWith(meta: string): { call: ToolCall; client: ReturnType<typeof peerKit> } {
  const client = peerKit();
  const call = callOfX({ meta, peer: client.peer });
  return { call, client };
}

describe('whileWaiting', () => {
  it("tells progress that grows and stays below the server's own, until the work is done", async () => {
    const { call, client } = callWith('{"progressToken":"t\\u0031"}');
    let finish: (value: string) => void = () => undefined;
    const work = whileWaiting(
      new Promise<string>((resolve) => {
        finish = resolve;
      }),
      call,
      client.clock,
    );
    client.clock.advance(299);
    expect(await client.lines()).toEqual([]);
    client.clock.advance(3001);
    const lines = await client.lines();
    const values = lines.map((line) => (JSON.parse(line) as { params: { progress: number } }).params.progress);
    expect(values).toHaveLength(4);
    expect(values.every((value, index) => value < 0 && value > (values[index - 1] ?? Number.NEGATIVE_INFINITY))).toBe(
      true,
    );
    expect(lines[0]).toContain('"progressToken":"t\\u0031"');
    finish('done');
    expect([await work, client.clock.pending]).toEqual(['done', 0]);
  });

  it('is silent for those who did not ask', async () => {
    const { call, client } = callWith('{}');
    whileWaiting(new Promise(() => undefined), call, client.clock).catch(() => undefined);
    expect(client.clock.pending).toBe(0);
  });

  it('stops where the work fails', async () => {
    const { call, client } = callWith('{"progressToken":1}');
    await expect(whileWaiting(Promise.reject(new Error('down')), call, client.clock)).rejects.toThrow('down');
    expect(client.clock.pending).toBe(0);
  });
});

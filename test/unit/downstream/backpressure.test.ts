import { expect, it } from 'vitest';
import { openGateway, StreamClient, server } from '../gateway/kit.ts';

it('a client that does not read makes its own servers wait, and nobody else', async () => {
  const gateway = openGateway([server('box/huge', 'huge.mjs')]);
  const [stuck, other] = [new StreamClient(gateway, { highWaterMark: 1024, reads: false }), new StreamClient(gateway)];
  for (const client of [stuck, other])
    client.ask('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 't', version: '1' },
    });
  await other.offers('box__huge__huge');
  for (let count = 0; count < 60; count += 1)
    stuck.ask('tools/call', { name: 'box__huge__huge', arguments: { bytes: 1 << 20 } });
  await expect.poll(() => gateway.instancesOf(stuck.door.session)).toHaveLength(1);
  for (let count = 0; count < 10; count += 1) await other.call('box__huge__huge', { bytes: 1000 });
  const held = (): number => stuck.output.readableLength + stuck.output.writableLength;
  await expect.poll(() => held()).toBeGreaterThan(1024);
  const before = held();
  for (let count = 0; count < 10; count += 1) await other.call('box__huge__huge', { bytes: 1000 });
  expect(held()).toBe(before);
  expect(held()).toBeLessThan(20 << 20);
  stuck.read();
  await expect.poll(() => stuck.lines.filter((line) => line.includes('zzz')), { timeout: 20_000 }).toHaveLength(60);
});

it.each([1, 250])(
  'a client that writes and never reads is read no further, and is answered once it reads (%i at once)',
  async (atOnce) => {
    const gateway = openGateway([server('box/huge', 'huge.mjs')]);
    const stuck = new StreamClient(gateway, { highWaterMark: 1024, reads: false });
    // The id is in each answer.
    const line = JSON.stringify({ jsonrpc: '2.0', id: 'x'.repeat(1_000), method: 'none' });
    for (let count = 0; count < 20_000; count += atOnce) {
      stuck.send(Array.from({ length: atOnce }, () => line).join('\n'));
      if (count % 500 === 0) await new Promise(setImmediate);
    }
    const held = stuck.output.readableLength + stuck.output.writableLength;
    expect(held).toBeLessThan(4 << 20);
    stuck.read();
    await expect.poll(() => stuck.lines, { timeout: 20_000 }).toHaveLength(20_000);
  },
);

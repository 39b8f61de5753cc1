/** One large result: how fast it comes, and what it costs us in memory. */
import { peakRss, resetPeak, rss } from '../memory.ts';
import type { Row } from '../row.ts';
import { compare, interleave } from '../row.ts';
import type { Side } from '../sides.ts';
import { bothSides, closeBoth } from '../sides.ts';

const BYTES = 50 * 1000 * 1000;
const MB = 1_000_000;

/** MB/s from the request to the last byte. */
async function transfer({ client, big }: Side): Promise<number> {
  const began = performance.now();
  const line = await client.request('tools/call', big(BYTES));
  const seconds = (performance.now() - began) / 1000;
  if (line.length < BYTES) throw new Error(`only ${line.length} bytes came`);
  return line.length / MB / seconds;
}

export const bigResult: Row = {
  name: 'big',
  async run(world, runs) {
    const sides = await bothSides(world, world.sshd.port);
    const { pid } = sides.ours.client;
    for (const { client, echo } of [sides.ours, sides.baseline]) await client.request('tools/call', echo);
    // The server makes its text once; ours pays in memory from the first transfer on, so that is counted.
    await transfer(sides.baseline);
    const before = rss(pid);
    const growth: number[] = [];
    const rates = await interleave(
      runs,
      async () => {
        resetPeak(pid);
        const rate = await transfer(sides.ours);
        growth.push((peakRss(pid) - before) / MB);
        return rate;
      },
      () => transfer(sides.baseline),
    );
    await closeBoth(sides);
    const sizes = growth.map(() => BYTES / MB);
    return [
      compare(
        { row: 'big', what: '50 MB result', unit: 'MB/s', against: 'ssh', threshold: { atLeast: 1 } },
        rates.ours,
        rates.baseline,
      ),
      compare(
        { row: 'big', what: '50 MB result, RSS growth', unit: 'MB', against: 'its size', threshold: { atMost: 3 } },
        growth,
        sizes,
      ),
    ];
  },
};

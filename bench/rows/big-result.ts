/** One large result: how fast it comes, and what it costs us in memory. */
import { peakRss, resetPeak, rss } from '../memory.ts';
import type { Row } from '../row.ts';
import { compare, interleave } from '../row.ts';
import type { Side } from '../sides.ts';
import { bothSides, closeBoth } from '../sides.ts';
import { medians } from '../stats.ts';

const BYTES = 50 * 1000 * 1000;
const MB = 1_000_000;
/** Of each run and side. One alone is at the mercy of whoever collects garbage just then. */
const TRANSFERS = 10;
const WARM_UP_TRANSFERS = 3;

/** MB/s from the request to the last byte. */
async function transfer({ client, big }: Side): Promise<number> {
  const began = performance.now();
  const bytes = await client.measure('tools/call', big(BYTES));
  const seconds = (performance.now() - began) / 1000;
  if (bytes < BYTES) throw new Error(`only ${bytes} bytes came`);
  return bytes / MB / seconds;
}

export const bigResult: Row = {
  name: 'big',
  async run(world, runs) {
    const sides = await bothSides(world, world.sshd.port);
    const { pid } = sides.ours.client;
    for (const { client, echo } of [sides.ours, sides.baseline]) await client.request('tools/call', echo);
    // Ours pays in memory from the first transfer on, so that is counted.
    const before = rss(pid);
    for (const each of [sides.ours, sides.baseline])
      for (let at = 0; at < WARM_UP_TRANSFERS; at += 1) await transfer(each);
    resetPeak(pid);
    // In turn within a run too: what else the machine does lasts as long as some transfers.
    const rates = await interleave(
      runs * TRANSFERS,
      () => transfer(sides.ours),
      () => transfer(sides.baseline),
    );
    const growth = (peakRss(pid) - before) / MB;
    await closeBoth(sides);
    return [
      compare(
        { row: 'big', what: '50 MB result', unit: 'MB/s', against: 'ssh', threshold: { atLeast: 0.7 } },
        medians(rates.ours, TRANSFERS),
        medians(rates.baseline, TRANSFERS),
      ),
      compare(
        { row: 'big', what: '50 MB result, RSS growth', unit: 'MB', against: 'its size', threshold: { atMost: 2.5 } },
        [growth],
        [BYTES / MB],
      ),
    ];
  },
};

/** What the shim in front of the daemon costs: at its start, and on every call. */
import type { LineClient } from '../client.ts';
import type { Figure, Row } from '../row.ts';
import { compare, interleave } from '../row.ts';
import type { World } from '../world.ts';
import { bareNode, timeOf } from './start-up.ts';

const HOST = 'box';
/** What the start may take longer than node alone, ms. */
const ADDED_MS = 60;

/** Milliseconds from before the spawn to the answer of initialize. */
async function startTime(start: () => LineClient): Promise<number> {
  let client: LineClient | undefined;
  const taken = await timeOf(async () => {
    client = start();
    await client.initialize();
  });
  await client?.close();
  return taken;
}

/** The same less what node alone takes: the quickest of some of each, as other load only ever adds. */
async function addedBy(start: () => LineClient): Promise<number> {
  const [all, alone]: [number[], number[]] = [[], []];
  for (let attempt = 0; attempt < 3; attempt += 1) {
    alone.push(await bareNode());
    all.push(await startTime(start));
  }
  return Math.min(...all) - Math.min(...alone);
}

export const shimStart: Row = {
  name: 'shim-start',
  async run(world: World, runs: number): Promise<Figure[]> {
    const setting = world.setting({ hosts: [HOST], servers: { echo: world.nodeEcho }, port: world.sshd.port });
    const shim = (): LineClient => world.shim(setting);
    const inProcess = (): LineClient => world.gateway(setting);
    // Starts the daemon, and fills the caches of both.
    for (const start of [shim, inProcess]) await startTime(start);
    const taken = await interleave(
      runs,
      () => addedBy(shim),
      () => addedBy(inProcess),
    );
    const figure = (what: string, values: readonly number[], isLimited: boolean): Figure =>
      compare(
        {
          ...{
            row: 'shim-start',
            what: `spawn to initialize, beyond node -e 0, ${what}`,
            unit: 'ms',
            against: 'the limit',
          },
          ...(isLimited ? { threshold: { atMost: 1 } } : {}),
        },
        values,
        values.map(() => ADDED_MS),
      );
    return [figure('shim, daemon warm', taken.ours, true), figure('in-process', taken.baseline, false)];
  },
};

/** From starting the program to the first answered call, on a far machine: what a person waits for. */
import type { LineClient } from '../client.ts';
import type { Figure, Row } from '../row.ts';
import { compare, interleave } from '../row.ts';
import type { Setting, World } from '../world.ts';

const HOST = 'box';
const ROUND_TRIP_MS = 50;

/** Milliseconds of initialize, list and call, counted from before the spawn. */
async function firstCall(start: () => LineClient, tool: string): Promise<number> {
  const began = performance.now();
  const client = start();
  await client.initialize();
  await client.listUntil([tool]);
  await client.request('tools/call', JSON.stringify({ name: tool, arguments: { text: 'hello' } }));
  const taken = performance.now() - began;
  await client.close();
  return taken;
}

async function measure(
  world: World,
  runs: number,
  prepare: (setting: Setting) => void,
): Promise<{ ours: number[]; baseline: number[] }> {
  const { port } = await world.delayed(ROUND_TRIP_MS);
  const setting = world.setting({ hosts: [HOST], servers: { echo: world.nodeEcho }, port });
  const ours = (): Promise<number> => firstCall(() => world.gateway(setting), `${HOST}__echo__echo`);
  const baseline = (): Promise<number> => firstCall(() => world.plainSsh(setting, HOST, world.nodeEcho), 'echo');
  await baseline();
  await ours();
  return interleave(
    runs,
    () => {
      prepare(setting);
      return ours();
    },
    baseline,
  );
}

function row(name: string, what: string, atMost: number, prepare: (setting: Setting) => void): Row {
  return {
    name,
    async run(world: World, runs: number): Promise<Figure[]> {
      const taken = await measure(world, runs, prepare);
      return [
        compare({ row: name, what, unit: 'ms', against: 'ssh', threshold: { atMost } }, taken.ours, taken.baseline),
      ];
    },
  };
}

export const firstContact = row(
  'first-contact',
  `spawn to first call, ${ROUND_TRIP_MS} ms, host never seen`,
  1.2,
  (setting) => {
    setting.forget();
  },
);

export const knownHost = row(
  'known-host',
  `spawn to first call, ${ROUND_TRIP_MS} ms, known host`,
  1.0,
  () => undefined,
);

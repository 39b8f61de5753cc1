/** How soon the program is there, against Node alone. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Figure, Row } from '../row.ts';
import { compare, interleave } from '../row.ts';
import type { Setting, World } from '../world.ts';
import { BIN } from '../world.ts';
import { callAll, hostNames } from './many-hosts.ts';

const run = promisify(execFile);
const HOSTS = 20;
const SERVERS = ['a', 'b', 'c', 'd', 'e'];

/** Milliseconds. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

export const bareNode = (): Promise<number> => timeOf(() => run(process.execPath, ['-e', '0']));

export const version: Row = {
  name: 'version',
  async run(_world: World, runs: number): Promise<Figure[]> {
    const ours = (): Promise<number> => timeOf(() => run(process.execPath, [BIN, '--version']));
    await ours();
    const taken = await interleave(runs * 3, ours, bareNode);
    return [
      compare(
        { row: 'version', what: '--version', unit: 'ms', against: 'node -e 0', threshold: { atMost: 2 } },
        taken.ours,
        taken.baseline,
      ),
    ];
  },
};

/** Milliseconds from before the spawn to the answer of the first tools/list, which must name all tools. */
async function firstList(world: World, setting: Setting, tools: readonly string[]): Promise<number> {
  const began = performance.now();
  const client = world.gateway(setting);
  await client.initialize();
  const line = await client.request('tools/list', '{}');
  const taken = performance.now() - began;
  await client.close();
  const missing = tools.filter((name) => !line.includes(`"name":"${name}"`));
  if (missing.length > 0) throw new Error(`not in the first list: ${missing.join(' ')}`);
  return taken;
}

export const cachedList: Row = {
  name: 'first-list',
  async run(world: World, runs: number): Promise<Figure[]> {
    const { port, cut } = await world.delayed(0);
    const hosts = hostNames(HOSTS);
    const servers = Object.fromEntries(SERVERS.map((name) => [name, world.shEcho]));
    const setting = world.setting({ hosts, servers, port });
    const tools = hosts.flatMap((host) => SERVERS.map((server) => `${host}__${server}__echo`));
    const filling = world.gateway(setting);
    await callAll(filling, tools);
    await filling.close();
    await cut();
    await firstList(world, setting, tools);
    const taken = await interleave(runs, () => firstList(world, setting, tools), bareNode);
    const what = `spawn to first list, ${HOSTS} × ${SERVERS.length} servers cached, all offline`;
    return [
      compare(
        { row: 'first-list', what, unit: 'ms', against: 'node -e 0', threshold: { atMost: 3 } },
        taken.ours,
        taken.baseline,
      ),
    ];
  },
};

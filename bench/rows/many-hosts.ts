/** Many machines at once: time until all have answered, against one; and what holding them costs. */
import type { LineClient } from '../client.ts';
import { treeRss } from '../memory.ts';
import type { Figure, Row } from '../row.ts';
import { compare, interleave } from '../row.ts';
import type { Setting, World } from '../world.ts';

const MANY = 20;
const ROUND_TRIP_MS = 50;
const MB = 1_000_000;

export function hostNames(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `box${at + 1}`);
}

/** Every tool of the setting is listed, and each has answered a call. */
export async function callAll(client: LineClient, tools: readonly string[]): Promise<void> {
  await client.initialize();
  await client.listUntil(tools);
  await Promise.all(
    tools.map((name) => client.request('tools/call', JSON.stringify({ name, arguments: { text: 'hello' } }))),
  );
}

/** Milliseconds from before the spawn until every host has answered a call. */
async function timeToAll(world: World, setting: Setting, hosts: readonly string[]): Promise<number> {
  const began = performance.now();
  const client = world.gateway(setting);
  await callAll(
    client,
    hosts.map((host) => `${host}__echo__echo`),
  );
  const taken = performance.now() - began;
  await client.close();
  return taken;
}

async function compareMany(
  world: World,
  runs: number,
  contact: 'first' | 'known',
): Promise<{ ours: number[]; baseline: number[] }> {
  const { port } = await world.delayed(ROUND_TRIP_MS);
  const side = (count: number): (() => Promise<number>) => {
    const hosts = hostNames(count);
    const setting = world.setting({ hosts, servers: { echo: world.shEcho }, port });
    return () => {
      if (contact === 'first') setting.forget();
      return timeToAll(world, setting, hosts);
    };
  };
  const [many, one] = [side(MANY), side(1)];
  await many();
  await one();
  return interleave(runs, many, one);
}

export const manyHosts: Row = {
  name: 'hosts',
  async run(world: World, runs: number): Promise<Figure[]> {
    const what = `spawn to all answered, ${MANY} hosts, ${ROUND_TRIP_MS} ms`;
    const known = await compareMany(world, runs, 'known');
    const first = await compareMany(world, runs, 'first');
    return [
      compare(
        { row: 'hosts', what: `${what}, known`, unit: 'ms', against: 'one host', threshold: { atMost: 1.6 } },
        known.ours,
        known.baseline,
      ),
      compare(
        { row: 'hosts', what: `${what}, never seen`, unit: 'ms', against: 'one host', threshold: { atMost: 1.6 } },
        first.ours,
        first.baseline,
      ),
    ];
  },
};

const SERVERS = ['a', 'b', 'c', 'd', 'e'];
const LIMIT_MB = 110;

export const memory: Row = {
  name: 'memory',
  async run(world: World, runs: number): Promise<Figure[]> {
    const hosts = hostNames(MANY);
    const servers = Object.fromEntries(SERVERS.map((name) => [name, world.shEcho]));
    const setting = world.setting({ hosts, servers, port: world.sshd.port });
    const tools = hosts.flatMap((host) => SERVERS.map((server) => `${host}__${server}__echo`));
    const sizes: number[] = [];
    for (let run = 0; run < runs; run += 1) {
      const client = world.gateway(setting);
      await callAll(client, tools);
      sizes.push(treeRss(client.pid) / MB);
      await client.close();
    }
    const what = `RSS, ${MANY} hosts × ${SERVERS.length} servers, all in use`;
    return [
      compare(
        { row: 'memory', what, unit: 'MB', against: 'limit', threshold: { atMost: 1 } },
        sizes,
        sizes.map(() => LIMIT_MB),
      ),
    ];
  },
};

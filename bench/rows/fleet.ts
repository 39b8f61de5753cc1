/** A hundred hosts with ten servers each: simulated in one process, and launched for real through one sshd. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { LineClient } from '../client.ts';
import { cpuSeconds, rss } from '../memory.ts';
import type { Figure, Row } from '../row.ts';
import { compare } from '../row.ts';
import { quantile } from '../stats.ts';
import type { Setting, World } from '../world.ts';
import { hostNames } from './many-hosts.ts';
import { bareNode, timeOf } from './start-up.ts';

const HOSTS = 100;
const SERVERS = Array.from({ length: 10 }, (_, at) => `s${at + 1}`);
const TOOLS = 10;
const MB = 1_000_000;
const FLEET = fileURLToPath(new URL('../servers/fleet.mjs', import.meta.url));
const LISTS = 50;
const REST_SECONDS = 10;

/** Milliseconds, megabytes and per cent. */
interface Run {
  readonly node: number;
  readonly initialize: number;
  readonly all: number;
  readonly list: number;
  readonly restart: number;
  readonly size: number;
  readonly rest: number;
}

interface Limit {
  readonly what: string;
  readonly unit: string;
  readonly of: (run: Run) => number;
  readonly atMost: number;
  /** Left out: against bare node. */
  readonly limit?: number;
}

const LIMITS: readonly Limit[] = [
  { what: 'spawn to initialize', unit: 'ms', of: ({ initialize }) => initialize, atMost: 7 },
  { what: 'spawn to the last of 10,000 tools', unit: 'ms', of: ({ all }) => all, atMost: 1, limit: 5000 },
  { what: 'tools/list, p50', unit: 'ms', of: ({ list }) => list, atMost: 1, limit: 50 },
  { what: 'spawn to the first list, cached', unit: 'ms', of: ({ restart }) => restart, atMost: 13 },
  { what: 'RSS', unit: 'MB', of: ({ size }) => size, atMost: 1, limit: 280 },
  { what: 'at rest, of one core', unit: '%', of: ({ rest }) => rest, atMost: 1, limit: 0.5 },
];

export const fleet: Row = {
  name: 'fleet',
  async run(world: World, runs: number): Promise<Figure[]> {
    const setting = await fleetSetting(world);
    const taken: Run[] = [];
    for (let run = 0; run < Math.min(runs, 3); run += 1) taken.push(await measure(world, setting));
    const size = `${HOSTS} hosts × ${SERVERS.length} servers × ${TOOLS} tools`;
    return LIMITS.map(({ what, unit, of, atMost, limit }) =>
      compare(
        {
          row: 'fleet',
          what: `${size}, ${what}`,
          unit,
          against: limit === undefined ? 'node -e 0' : 'limit',
          threshold: { atMost },
        },
        taken.map(of),
        taken.map(({ node }) => limit ?? node),
      ),
    );
  },
};

async function measure(world: World, setting: Setting): Promise<Run> {
  setting.forget();
  const node = await bareNode();
  const began = performance.now();
  const client = world.gateway(setting);
  await client.initialize();
  const initialize = performance.now() - began;
  await client.listUntil(lastTools());
  const all = performance.now() - began;
  const lists: number[] = [];
  for (let at = 0; at < LISTS; at += 1) lists.push(await timeOf(() => client.wholeList()));
  const size = rss(client.pid) / MB;
  const before = cpuSeconds(client.pid);
  await sleep(REST_SECONDS * 1000);
  const rest = ((cpuSeconds(client.pid) - before) / REST_SECONDS) * 100;
  await client.close();
  const restart = await timeOf(async () => {
    const again = world.gateway(setting);
    await again.initialize();
    await again.wholeList();
    world.onClose(() => again.close());
  });
  return { node, initialize, all, list: quantile(lists, 0.5), restart, size, rest };
}

function lastTools(): readonly string[] {
  return hostNames(HOSTS).flatMap((host) => SERVERS.map((server) => `${host}__${server}__tool_${TOOLS}`));
}

async function fleetSetting(world: World): Promise<Setting> {
  const { identityFile, hostKeys } = world.sshd;
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    process.execPath,
    [FLEET, hostKeys[0]?.path ?? '', `${identityFile}.pub`, String(TOOLS)],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  world.onClose(() => {
    child.kill('SIGKILL');
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const servers = Object.fromEntries(SERVERS.map((name) => [name, undefined]));
  return world.setting({ hosts: hostNames(HOSTS), servers, port: Number(line.toString()), subsystem: 'mcp' });
}

const INITIALIZE_MS = 1000;
const ALL_UP_MS = 5 * 60_000;

/** A real `sshd`, and a thousand programs to launch. */
export const thousandLaunches: Row = {
  name: 'launches',
  async run(world: World): Promise<Figure[]> {
    const servers = Object.fromEntries(SERVERS.map((name) => [name, world.shEcho]));
    const setting = world.setting({ hosts: hostNames(HOSTS), servers, port: world.sshd.port });
    const inProcess = await launchAll('in-process', () => world.gateway(setting));
    setting.forget();
    await settled(world);
    const throughDaemon = await launchAll('through shim and daemon', () => world.shim(setting));
    return [...inProcess, ...throughDaemon];
  },
};

/** A thousand shells and their sessions take a while to end, and the next start must not wait behind them. */
async function settled(world: World): Promise<void> {
  const isBusy = (): boolean => world.sshd.sessions().length > 0 || runningNow() > 2;
  for (let calm = 0; calm < 10; calm = isBusy() ? 0 : calm + 1) await sleep(300);
}

/** proc(5), /proc/loadavg: the kernel's tasks that could run at this moment; this process is one. */
function runningNow(): number {
  return Number(/ (\d+)\//u.exec(readFileSync('/proc/loadavg', 'utf8'))?.[1]);
}

async function launchAll(way: string, start: () => LineClient): Promise<Figure[]> {
  const began = performance.now();
  const client = start();
  await client.initialize();
  const initialize = performance.now() - began;
  const names = hostNames(HOSTS).flatMap((host) => SERVERS.map((server) => `${host}__${server}__echo`));
  await client.listUntil(names, ALL_UP_MS);
  const all = performance.now() - began;
  await client.close();
  const figure = (what: string, taken: number, limit: number): Figure =>
    compare(
      {
        row: 'launches',
        what: `1,000 launches through one sshd, ${way}, ${what}`,
        unit: 'ms',
        against: 'limit',
        threshold: { atMost: 1 },
      },
      [taken],
      [limit],
    );
  return [figure('initialize', initialize, INITIALIZE_MS), figure('all listed', all, ALL_UP_MS)];
}

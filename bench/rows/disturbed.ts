/**
 * A good server beside bad ones: one stopped, one flooding, one that writes 1 GB, one that answers garbage, and a
 * machine that is silent. Plain ssh has the same ones to bear, each in a process of its own.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { signalPid } from '../../test/harness/processes.ts';
import type { Proxy } from '../../test/harness/proxy.ts';
import type { LineClient } from '../client.ts';
import { peakRss, resetPeak, rss } from '../memory.ts';
import type { Figure, Row } from '../row.ts';
import { compare, interleave } from '../row.ts';
import { type Side, side } from '../sides.ts';
import { quantile } from '../stats.ts';
import type { Command, World } from '../world.ts';
import { callOnce } from './calls.ts';

const MB = 1_000_000;
const GARBAGE = fileURLToPath(new URL('../servers/garbage.mjs', import.meta.url));
const WARM_UP = 500;
const WINDOW_MS = 1_100;
/** The list is asked for after so many calls. */
const CALLS_PER_LIST = 20;
/** At each server that never answers, every window. */
const LOST_CALLS = 20;
const LIST_LIMIT_MS = 100;
const WRITTEN_MB = 1_000;
/** The longest message that is kept (`limits.maxMessageBytes`), and what several streams at full speed leave for the garbage collector. */
const RSS_LIMIT_MB = 268 + 150;

/** What runs on the machine `box`, beside the good one. */
const BAD = { stopped: 'pid', endless: 'begin', huge: 'flood', garbage: 'ask' } as const;
type Bad = keyof typeof BAD;

/** A tool of a server, wherever it is offered. */
interface Asked {
  readonly client: LineClient;
  readonly name: string;
}

/** One of the two sides: the good server, and the bad ones. */
interface Disturbed {
  readonly good: Side;
  readonly bad: Readonly<Record<Bad, Asked>>;
  readonly far: Asked;
  /** Of the stopped one, and of the two that never stop by themselves: those run while their side is measured. */
  readonly pids: { readonly stopped: number; readonly loud: { readonly endless: number; readonly huge: number } };
}

interface Window {
  readonly calls: readonly number[];
  readonly lists: readonly number[];
}

function commandsOf(world: World): Readonly<Record<Bad, Command>> {
  const fixture = (name: string, ...args: string[]): Command => [
    process.execPath,
    path.join(world.sshd.servers, name),
    ...args,
  ];
  return {
    stopped: fixture('counting.mjs', '/dev/null'),
    endless: fixture('endless.mjs'),
    huge: fixture('flood.mjs'),
    garbage: [process.execPath, GARBAGE],
  };
}

const BAD_NAMES = Object.keys(BAD) as Bad[];

function mapBad<T>(of: (name: Bad) => T): Record<Bad, T> {
  return Object.fromEntries(BAD_NAMES.map((name) => [name, of(name)])) as Record<Bad, T>;
}

async function oursAndPlain(world: World, proxy: Proxy): Promise<readonly [Disturbed, Disturbed]> {
  const commands = commandsOf(world);
  const setting = world.setting(
    { hosts: ['box'], servers: { ...commands, echo: world.nodeEcho }, port: world.sshd.port },
    { hosts: ['far'], servers: { echo: world.nodeEcho }, port: proxy.port },
  );
  const ours = await begun(world, async () => {
    const client = world.gateway(setting);
    const good = await side(client, 'box__echo__');
    const bad = mapBad((name) => ({ client, name: `box__${name}__${BAD[name]}` }));
    const far = { client, name: 'far__echo__echo' };
    await client.listUntil([far, ...Object.values(bad)].map(({ name }) => name));
    return { good, bad, far };
  });
  const plain = await begun(world, async () => {
    const connect = async (host: string, command: Command, name: string): Promise<Asked> => {
      const client = world.plainSsh(setting, host, command);
      await side(client, '', name);
      return { client, name };
    };
    const bad = mapBad((name) => connect('box', commands[name], BAD[name]));
    return {
      good: await side(world.plainSsh(setting, 'box', world.nodeEcho), ''),
      bad: Object.fromEntries(
        await Promise.all(BAD_NAMES.map(async (name) => [name, await bad[name]])),
      ) as Disturbed['bad'],
      far: await connect('far', world.nodeEcho, 'echo'),
    };
  });
  return [ours, plain];
}

const ask = ({ client, name }: Asked, args: object, onReply: () => void = () => undefined): void => {
  client.ask('tools/call', JSON.stringify({ name, arguments: args }), onReply);
};

/** Everybody has been called once; from here on the bad ones are bad, and those that are loud wait for their turn. */
async function begun(world: World, start: () => Promise<Omit<Disturbed, 'pids'>>): Promise<Disturbed> {
  const known = new Set(world.sshd.programs().map(({ pid }) => pid));
  const started = await start();
  const { bad, far } = started;
  const first = ({ client, name }: Asked, args: object): Promise<Buffer> =>
    client.request('tools/call', JSON.stringify({ name, arguments: args }));
  await Promise.all([first(far, { text: '' }), first(bad.stopped, {}), first(bad.endless, {})]);
  ask(bad.huge, { megabytes: 1_000_000 });
  const pidOf = (script: string): number => {
    const found = world.sshd
      .programs()
      .find(({ pid, commandLine }) => !known.has(pid) && commandLine.includes(script) && isNode(pid));
    if (found === undefined) throw new Error(`${script} does not run`);
    return found.pid;
  };
  const loud = { endless: pidOf('endless.mjs'), huge: pidOf('flood.mjs') };
  const pids = { stopped: pidOf('counting.mjs'), loud };
  for (const pid of allOf(pids)) signalPid(pid, 'SIGSTOP');
  for (const { client } of [bad.endless, bad.huge]) if (client !== started.good.client) client.throwAway();
  return { ...started, pids };
}

function allOf({ stopped, loud }: Disturbed['pids']): readonly number[] {
  return [stopped, ...Object.values(loud)];
}

/** Not the shell that keeps watch over it. */
function isNode(pid: number): boolean {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('node');
}

/** Bytes that a process has written so far (proc(5)). */
function writtenBy(pid: number): number {
  return Number(/^wchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
}

/** Calls of the good server, one after the other, while the bad ones do their worst. */
async function measured({ good, bad, far, pids: { loud } }: Disturbed): Promise<Window> {
  for (const pid of Object.values(loud)) signalPid(pid, 'SIGCONT');
  for (const one of [bad.stopped, bad.garbage, far])
    for (let count = 0; count < LOST_CALLS; count += 1) ask(one, { text: '' });
  await sleep(50);
  const [calls, lists]: [number[], number[]] = [[], []];
  const endMs = performance.now() + WINDOW_MS;
  while (performance.now() < endMs) {
    for (let count = 0; count < CALLS_PER_LIST; count += 1)
      calls.push(await timeOf(good.client, 'tools/call', good.echo));
    lists.push(await timeOf(good.client, 'tools/list', '{}'));
  }
  for (const pid of Object.values(loud)) signalPid(pid, 'SIGSTOP');
  await sleep(50);
  return { calls, lists };
}

function timeOf(client: LineClient, method: string, params: string): Promise<number> {
  return new Promise((resolve) => {
    const began = performance.now();
    client.ask(method, params, () => {
      resolve(performance.now() - began);
    });
  });
}

/** Until the one that writes without end has written that much. */
async function writeOn(
  {
    pids: {
      loud: { huge },
    },
  }: Disturbed,
  bytes: number,
): Promise<void> {
  signalPid(huge, 'SIGCONT');
  const endMs = performance.now() + 20_000;
  while (writtenBy(huge) < bytes) {
    if (performance.now() > endMs) throw new Error(`only ${writtenBy(huge)} bytes could be written`);
    await sleep(20);
  }
  signalPid(huge, 'SIGSTOP');
}

export const disturbed: Row = {
  name: 'disturbed',
  async run(world: World, runs: number): Promise<Figure[]> {
    const proxy = await world.proxy();
    const [ours, plain] = await oursAndPlain(world, proxy);
    for (const { good } of [ours, plain]) for (let call = 0; call < WARM_UP; call += 1) await callOnce(good);
    proxy.blackhole();
    const { pid } = ours.good.client;
    const before = rss(pid);
    resetPeak(pid);
    const windows = await interleave(
      runs,
      () => measured(ours),
      () => measured(plain),
    );
    await writeOn(ours, WRITTEN_MB * MB);
    const growth = (peakRss(pid) - before) / MB;
    await proxy.reset();
    for (const { pids } of [ours, plain]) for (const bad of allOf(pids)) signalPid(bad, 'SIGKILL');
    const p99 = (all: readonly Window[]): number[] => all.map(({ calls }) => quantile(calls, 0.99));
    const p50 = (all: readonly Window[]): number[] => all.map(({ calls }) => quantile(calls, 0.5));
    const common = { row: 'disturbed', unit: 'ms' };
    const what = '1 KB call beside five bad servers';
    const worst = windows.ours.map(({ lists }) => Math.max(...lists));
    const limited = { ...common, against: 'limit', threshold: { atMost: 1 } };
    return [
      compare({ ...common, what: `${what}, p50`, against: 'ssh' }, p50(windows.ours), p50(windows.baseline)),
      compare(
        { ...common, what: `${what}, p99`, against: 'ssh', threshold: { atMost: 2 } },
        p99(windows.ours),
        p99(windows.baseline),
      ),
      compare(
        { ...limited, what: 'tools/list there, worst' },
        worst,
        worst.map(() => LIST_LIMIT_MS),
      ),
      compare({ ...limited, what: 'RSS growth there, 1 GB of one line', unit: 'MB' }, [growth], [RSS_LIMIT_MB]),
    ];
  },
};

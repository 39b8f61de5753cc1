/**
 * Calls on a warm connection, as people get them: one at a time, and many in flight, through the program in the
 * foreground, through shim and daemon, and with somebody who watches.
 */
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import type { LineClient } from '../client.ts';
import type { Figure, Row, Threshold } from '../row.ts';
import { compare, inTurn, interleave } from '../row.ts';
import type { Side } from '../sides.ts';
import { side } from '../sides.ts';
import { medians, quantile } from '../stats.ts';
import { BIN, type Setting, type World } from '../world.ts';

const HOST = 'box';
const IN_FLIGHT = 32;
/** Nobody makes more calls before the first one that matters. */
const WARM_UP = 500;

/** Milliseconds of one call. */
export function callOnce({ client, echo }: Side): Promise<number> {
  return new Promise((resolve) => {
    const began = performance.now();
    client.ask('tools/call', echo, () => {
      resolve(performance.now() - began);
    });
  });
}

/** Calls a second, with `inFlight` at any time. */
export function throughput({ client, echo }: Side, count: number, inFlight = IN_FLIGHT): Promise<number> {
  return new Promise((resolve) => {
    const began = performance.now();
    let asked = 0;
    let answered = 0;
    const ask = (): void => {
      asked += 1;
      client.ask('tools/call', echo, () => {
        answered += 1;
        if (asked < count) ask();
        if (answered === count) resolve(count / ((performance.now() - began) / 1000));
      });
    };
    for (let at = 0; at < inFlight; at += 1) ask();
  });
}

/** Starts one side of a row; sides that are no longer needed end with the world. */
type Start = (world: World, setting: Setting) => LineClient | Promise<LineClient>;

const ssh: Start = (world, setting) => world.plainSsh(setting, HOST, world.nodeEcho);
const inProcess: Start = (world, setting) => world.gateway(setting);
const throughDaemon: Start = (world, setting) => world.shim(setting);
const withMiddleware: Start = (world, setting) => world.withMiddleware(setting);
const NO_NATIVE = fileURLToPath(new URL('../no-native.cjs', import.meta.url));
const withoutNative: Start = (world, setting) => world.gateway(setting, ['--require', NO_NATIVE]);

/** A dashboard is open while the calls are made. */
const watched: Start = async (world, setting) => {
  const client = world.shim(setting);
  await client.initialize();
  const pty = spawn(process.execPath, [BIN, 'dash', '--config', setting.hostsFile], {
    cols: 120,
    rows: 40,
    cwd: setting.cwd,
    env: { ...setting.env, TERM: 'xterm-256color' },
  });
  const drawn = new Promise<void>((resolve) => {
    pty.onData((data) => {
      if (data.includes(HOST)) resolve();
    });
  });
  world.onClose(() => {
    pty.kill('SIGKILL');
  });
  await drawn;
  return client;
};

async function ready(world: World, port: number, start: Start): Promise<Side> {
  const setting = world.setting({ hosts: [HOST], servers: { echo: world.nodeEcho }, port });
  return side(await start(world, setting), start === ssh ? '' : `${HOST}__echo__`);
}

interface Limited {
  readonly what: string;
  readonly start: Start;
  readonly threshold?: Threshold;
}

/** One 1 KB call at a time, of this side and of the other in turn. */
async function latency(
  world: World,
  runs: number,
  { what, start, threshold }: Limited,
  baseline: { readonly start: Start; readonly name: string },
  { count = 3000, warmUp = WARM_UP, roundTripMs = 0 } = {},
): Promise<Figure[]> {
  const port = roundTripMs === 0 ? world.sshd.port : (await world.delayed(roundTripMs)).port;
  const sides = [await ready(world, port, start), await ready(world, port, baseline.start)] as const;
  for (const each of sides) for (let call = 0; call < warmUp; call += 1) await callOnce(each);
  const ours: number[][] = [];
  const theirs: number[][] = [];
  for (let run = 0; run < runs; run += 1) {
    const taken = await inTurn(
      count,
      () => callOnce(sides[0]),
      () => callOnce(sides[1]),
    );
    ours.push(taken.ours);
    theirs.push(taken.baseline);
  }
  await Promise.all(sides.map(({ client }) => client.close()));
  const figure = (share: string, q: number, limit?: Threshold): Figure =>
    compare(
      {
        row: 'call',
        what: `1 KB call, ${what}, ${share}`,
        unit: 'ms',
        against: baseline.name,
        ...(limit === undefined ? {} : { threshold: limit }),
      },
      ours.map((values) => quantile(values, q)),
      theirs.map((values) => quantile(values, q)),
    );
  return [figure('p50', 0.5, threshold), figure('p99', 0.99)];
}

export const callLatency: Row = {
  name: 'call',
  async run(world, runs) {
    const plain = { start: ssh, name: 'ssh' };
    return [
      ...(await latency(world, runs, { what: 'in-process', start: inProcess, threshold: { atMost: 1.9 } }, plain)),
      ...(await latency(world, runs, { what: 'daemon', start: throughDaemon, threshold: { atMost: 2.4 } }, plain)),
    ];
  },
};

/** What it costs that somebody watches, decides, or that no install script ran: against the same without. */
export const callCompany: Row = {
  name: 'call-company',
  async run(world, runs) {
    const daemon = { start: throughDaemon, name: 'daemon alone' };
    const alone = { start: inProcess, name: 'in-process' };
    const dashboard = { what: 'a dashboard attached', start: watched, threshold: { atMost: 1.05 } };
    const middleware = { what: 'one middleware', start: withMiddleware, threshold: { atMost: 1.05 } };
    const native = { what: 'no native part of ssh2', start: withoutNative, threshold: { atMost: 1.3 } };
    return [
      ...(await latency(world, runs, dashboard, daemon)),
      ...(await latency(world, runs, middleware, alone)),
      ...(await latency(world, runs, native, alone)),
    ];
  },
};

export const farCallLatency: Row = {
  name: 'call-50ms',
  run: (world, runs) =>
    latency(
      world,
      runs,
      { what: 'in-process, 50 ms', start: inProcess, threshold: { atMost: 1.02 } },
      { start: ssh, name: 'ssh' },
      { count: 30, warmUp: 3, roundTripMs: 50 },
    ),
};

/** Of each run and side, in turn: the kernel moves processes from core to core now and then. */
const SPELLS = 8;
const CALLS_OF_SPELL = 5_000;

async function rate(world: World, runs: number, { what, start, threshold }: Limited): Promise<Figure> {
  const sides = [await ready(world, world.sshd.port, start), await ready(world, world.sshd.port, ssh)] as const;
  for (const each of sides) await throughput(each, WARM_UP);
  const rates = await interleave(
    runs * SPELLS,
    () => throughput(sides[0], CALLS_OF_SPELL),
    () => throughput(sides[1], CALLS_OF_SPELL),
  );
  await Promise.all(sides.map(({ client }) => client.close()));
  const text = `1 KB calls, ${IN_FLIGHT} in flight, ${what}`;
  const row = { row: 'throughput', what: text, unit: 'calls/s', against: 'ssh' };
  return compare(
    threshold === undefined ? row : { ...row, threshold },
    medians(rates.ours, SPELLS),
    medians(rates.baseline, SPELLS),
  );
}

export const callThroughput: Row = {
  name: 'throughput',
  run: async (world, runs) => [
    await rate(world, runs, { what: 'in-process', start: inProcess, threshold: { atLeast: 0.75 } }),
    await rate(world, runs, { what: 'daemon', start: throughDaemon, threshold: { atLeast: 0.6 } }),
  ],
};

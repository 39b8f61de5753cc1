/** Calls on a warm connection: latency of one at a time, and throughput with many in flight. */

import type { Figure, Row, Threshold } from '../row.ts';
import { compare, interleave } from '../row.ts';
import type { Side } from '../sides.ts';
import { bothSides, closeBoth } from '../sides.ts';
import { medians, quantile } from '../stats.ts';
import type { World } from '../world.ts';

const IN_FLIGHT = 32;
const FEW = 3;
/** Of each run and side, in turn: the kernel moves processes from core to core now and then, and stays with it for a while. */
const SPELLS = 16;
const CALLS_OF_SPELL = 10_000;
/** V8 has compiled all that a call runs only after tens of thousands; people run this all day. */
const LONG_WARM_UP = 100_000;

/** Milliseconds of each of `count` calls, one after the other. */
export async function latencies({ client, echo }: Side, count: number): Promise<number[]> {
  const taken: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const began = performance.now();
    await new Promise<void>((resolve) => {
      client.ask('tools/call', echo, () => {
        taken.push(performance.now() - began);
        resolve();
      });
    });
  }
  return taken;
}

/** Calls a second, with `inFlight` at any time. */
export function throughput({ client, echo }: Side, count: number, inFlight: number): Promise<number> {
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

function latencyRow(name: string, roundTripMs: number, count: number, threshold: Threshold): Row {
  return {
    name,
    async run(world: World, runs: number): Promise<Figure[]> {
      const port = roundTripMs === 0 ? world.sshd.port : (await world.delayed(roundTripMs)).port;
      const sides = await bothSides(world, port);
      for (const each of [sides.ours, sides.baseline])
        if (roundTripMs === 0) await throughput(each, LONG_WARM_UP, IN_FLIGHT);
        else await latencies(each, FEW);
      const taken = await interleave(
        runs,
        () => latencies(sides.ours, count),
        () => latencies(sides.baseline, count),
      );
      await closeBoth(sides);
      const at = roundTripMs === 0 ? 'loopback' : `${roundTripMs} ms`;
      const figure = (what: string, q: number, limit?: Threshold): Figure =>
        compare(
          {
            row: name,
            what: `1 KB call, ${at}, ${what}`,
            unit: 'ms',
            against: 'ssh',
            ...(limit === undefined ? {} : { threshold: limit }),
          },
          taken.ours.map((values) => quantile(values, q)),
          taken.baseline.map((values) => quantile(values, q)),
        );
      return [figure('p50', 0.5, threshold), figure('p99', 0.99)];
    },
  };
}

export const callLatency = latencyRow('call', 0, 3000, { atMost: 1.2 });
export const farCallLatency = latencyRow('call-50ms', 50, 30, { atMost: 1.02 });

export const callThroughput: Row = {
  name: 'throughput',
  async run(world, runs) {
    const sides = await bothSides(world, world.sshd.port);
    for (const each of [sides.ours, sides.baseline]) await throughput(each, LONG_WARM_UP, IN_FLIGHT);
    const rates = await interleave(
      runs * SPELLS,
      () => throughput(sides.ours, CALLS_OF_SPELL, IN_FLIGHT),
      () => throughput(sides.baseline, CALLS_OF_SPELL, IN_FLIGHT),
    );
    await closeBoth(sides);
    return [
      compare(
        {
          row: 'throughput',
          what: `1 KB calls, ${IN_FLIGHT} in flight`,
          unit: 'calls/s',
          against: 'ssh',
          threshold: { atLeast: 0.8 },
        },
        medians(rates.ours, SPELLS),
        medians(rates.baseline, SPELLS),
      ),
    ];
  },
};

/**
 * The line is cut again and again: what is held afterwards must not depend on how often.
 * `npm run test:chaos -- --cuts 1000`; fewer with every test run.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { openGateway } from '../../src/gateway/open.ts';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { type Proxy, startProxy } from '../harness/proxy.ts';
import { makeSandbox } from '../harness/sandbox.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { StreamClient, silentLog } from '../unit/gateway/kit.ts';
import { type Footprint, footprint } from './footprint.ts';

const cuts = Number(process.env['CHAOS_CUTS'] ?? 30);
/** The first ones make what is made once. */
const warm = Math.max(10, Math.floor(cuts / 10));
const MAX_SLOPE_BYTES = 5 * 1024;

let sshd: Sshd;
let proxy: Proxy;
beforeAll(async () => {
  sshd = await startSshd();
  proxy = await startProxy({ to: sshd.port });
});
afterAll(async () => {
  await proxy.stop();
  await sshd.stop();
});

interface Held extends Footprint {
  readonly listeners: number;
  readonly programs: number;
  readonly sessions: number;
}

async function opened(): Promise<Gateway> {
  const { env, home } = makeSandbox();
  const file = writeHostsFile(
    { box: { sshd, port: proxy.port, servers: { echo: fixture(sshd, 'sh-echo.sh') } } },
    { reconnect: { initialMs: 20, maxMs: 100 }, heartbeat: { intervalMs: 200, leaseMs: 2_000 } },
  );
  const gateway = await openGateway({ config: file.path, env, cwd: home, homeDir: home, log: silentLog });
  gateway.start();
  return gateway;
}

function client(gateway: Gateway): StreamClient {
  return new StreamClient(gateway);
}

/** Until the server of the line that is there now has answered. */
async function answered(gateway: Gateway): Promise<void> {
  const one = client(gateway);
  await one.initialize();
  await until(async () => !JSON.stringify(await one.call('box__echo__echo')).includes('isError'), { everyMs: 5 });
  one.input.end();
  gateway.closeSession(one.door.session, await one.door.ended);
}

/** At rest: no server, one connection with its watcher. */
async function held(gateway: Gateway): Promise<Held> {
  const within = { withinMs: 20_000, everyMs: 50 };
  const programs = (): string[] => sshd.programs().map(({ commandLine }) => commandLine);
  await until(() => !programs().some((line) => line.includes('sh-echo')), { ...within, what: 'servers to end' });
  await until(() => proxy.connections === 1 && gateway.link('box').state.kind === 'ready', within);
  await settled(() => [...programs(), ...sshd.sessions().map(String)].length);
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  const own = gateway.catalog.changes.size + gateway.keeper.progress.size;
  return {
    ...footprint(),
    listeners: listeners + own,
    programs: programs().length,
    sessions: sshd.sessions().length,
  };
}

/** Until it was the same for as long as the slowest of what goes by itself takes. */
async function settled(count: () => number): Promise<void> {
  let [known, sinceMs] = [count(), performance.now()];
  await until(
    () => {
      const now = count();
      if (now !== known) [known, sinceMs] = [now, performance.now()];
      return performance.now() - sinceMs > 4_000;
    },
    { withinMs: 40_000, everyMs: 100, what: 'what runs there to stay the same' },
  );
}

async function cutTimes(count: number, gateway: Gateway): Promise<void> {
  for (let cut = 0; cut < count; cut += 1) {
    await (cut % 2 === 0 ? proxy.reset() : proxy.cut());
    await proxy.heal();
    await answered(gateway);
  }
}

it(
  `after ${cuts} cuts nothing more is held than after ${warm}`,
  async () => {
    const gateway = await opened();
    try {
      await answered(gateway);
      await cutTimes(warm, gateway);
      const early = await held(gateway);
      await cutTimes(cuts - warm, gateway);
      const late = await held(gateway);
      const slope = (bytes: (of: Held) => number): number => (bytes(late) - bytes(early)) / (cuts - warm);
      console.log(`cuts ${warm}: ${JSON.stringify(early)}\ncuts ${cuts}: ${JSON.stringify(late)}`);
      console.log(
        `a cut: heap ${slope(({ heap }) => heap).toFixed(0)} bytes, RSS ${slope(({ rss }) => rss).toFixed(0)} bytes`,
      );
      const { descriptors, handles, listeners, programs, sessions } = early;
      expect(late).toMatchObject({ descriptors, handles, listeners, programs, sessions });
      expect(late.heap - early.heap).toBeLessThan(6 * 1024 * 1024);
      // With few cuts what is compiled late is all that is seen.
      if (cuts >= 500) expect(slope(({ rss }) => rss)).toBeLessThan(MAX_SLOPE_BYTES);
    } finally {
      await gateway.close();
    }
  },
  60_000 + cuts * 1_500,
);

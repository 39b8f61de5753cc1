/** However our side ends, nothing of ours is alive ten seconds later (promise 4). */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Dialer } from '../../src/launch/contract.ts';
import type { LaunchedChannel, Link } from '../../src/link/contract.ts';
import { createLocalDialer } from '../../src/local/dialer.ts';
import { createSsh2Dialer } from '../../src/ssh2/dialer.ts';
import { gone, withVariable } from '../harness/processes.ts';
import { type Proxy, startProxy } from '../harness/proxy.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { proves } from '../requirements.ts';
import {
  fixtureLaunch,
  type LinkOptions,
  LOCAL_HOST,
  linkDeps,
  linkOver,
  NEVER,
  said,
  sshHost,
} from './launch-support.ts';
import type { HolderJob } from './reap-holder.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/servers', import.meta.url));
const HOLDER = fileURLToPath(new URL('reap-holder.ts', import.meta.url));
const SURVIVORS = [
  'stubborn.sh',
  'grandchild-timer.mjs',
  'grandchild-stubborn.sh',
  'setsid-grandchild.sh',
  'crash-grandchild.sh',
];
const WITHIN_MS = 10_000;

const machines: Sshd[] = [];

async function machine(): Promise<Sshd> {
  const sshd = await startSshd();
  machines.push(sshd);
  return sshd;
}

afterEach(async () => {
  await Promise.all(machines.splice(0).map((sshd) => sshd.stop()));
});

async function proxyTo(sshd: Sshd): Promise<Proxy> {
  const proxy = await startProxy({ to: sshd.port });
  onTestFinished(() => proxy.stop());
  return proxy;
}

/** Nothing that a login started runs any more. */
async function expectQuiet(sshd: Sshd, timeout = WITHIN_MS): Promise<void> {
  await expect.poll(() => sshd.programs(), { timeout, interval: 50 }).toEqual([]);
}

/** A link whose launchers watch stdin, or their output, from the first one on. */
function linkThatWatches(watch: 'input' | 'output', sshd: Sshd, options: LinkOptions = {}): Link {
  const folder = scratch();
  const deps = linkDeps(folder);
  const host = sshHost(sshd, folder, options);
  const link = linkOver(closingWhole(createSsh2Dialer(host, deps), watch === 'output'), host, deps, options);
  onTestFinished(() => link.close());
  return link;
}

describe.each(['input', 'output'] as const)('launchers that watch their %s', (watch) => {
  it('a closed channel ends everything of its program', async () => {
    const sshd = await machine();
    const link = linkThatWatches(watch, sshd);
    const channels = await startAll(link, sshd.servers);
    await expectWatch(sshd, watch);
    const warden = await wardenGroup(sshd);
    for (const channel of channels) channel.close();
    // One look that finds nothing is the proof: the warden starts helpers of its own from time to time.
    await expect.poll(() => outside(warden, sshd), { timeout: WITHIN_MS, interval: 50 }).toEqual([]);
  });

  it('a crashed server is reported at once, with its exit code, and its child does not outlive it', async () => {
    const sshd = await machine();
    const link = linkThatWatches(watch, sshd);
    const channel = await link.open(fixtureLaunch(sshd.servers, 'crash-grandchild.sh'), NEVER);
    channel.output.resume();
    channel.errors.resume();
    expect(await channel.ended).toEqual({ kind: 'exited', code: 137, signal: undefined });
    const warden = await wardenGroup(sshd);
    await gone(() => outside(warden, sshd), WITHIN_MS);
  });

  it(proves('a reset connection ends everything', 'nothing-left'), async () => {
    const sshd = await machine();
    const proxy = await proxyTo(sshd);
    const link = linkThatWatches(watch, sshd, { port: proxy.port });
    await startAll(link, sshd.servers);
    await proxy.reset();
    await expectQuiet(sshd);
  });

  it(proves('a line that went silent ends everything within the lease and ten seconds', 'nothing-left'), async () => {
    const sshd = await machine();
    const proxy = await proxyTo(sshd);
    const heartbeat = { intervalMs: 500, leaseMs: 3_000 };
    const link = linkThatWatches(watch, sshd, { port: proxy.port, heartbeat });
    await startAll(link, sshd.servers);
    await wardenEchoes(link);
    proxy.blackhole();
    await expectQuiet(sshd, heartbeat.leaseMs + WITHIN_MS);
  });
});

describe('our SIGKILL ends everything', () => {
  it.each(['ssh2', 'openssh'] as const)('over %s', async (way) => {
    const sshd = await machine();
    const folder = scratch();
    const holder = await hold({ way, host: sshHost(sshd, folder), folder, servers: sshd.servers, names: SURVIVORS });
    holder.kill('SIGKILL');
    await expectQuiet(sshd);
  });

  it('on this machine', async () => {
    const folder = scratch();
    const servers = join(folder, 'servers');
    cpSync(FIXTURES, servers, { recursive: true });
    const holder = await hold({ way: 'local', host: LOCAL_HOST, folder, servers, names: SURVIVORS });
    expect(withVariable('HOME', folder).length).toBeGreaterThan(SURVIVORS.length);
    holder.kill('SIGKILL');
    await gone(() => withVariable('HOME', folder), WITHIN_MS);
  });
});

it('a server that never reads a full stdin goes with a reset connection', async () => {
  const sshd = await machine();
  const proxy = await proxyTo(sshd);
  const link = linkThatWatches('input', sshd, { port: proxy.port });
  const channel = await link.open(fixtureLaunch(sshd.servers, 'stubborn.sh'), NEVER);
  await said(channel, 'up');
  channel.input.on('error', () => undefined);
  channel.input.write(Buffer.alloc(4 * 1024 * 1024));
  // The pump has read more than the program's pipe takes: it is stuck in its write.
  const pumps = () => sshd.programs().filter(({ commandLine }) => commandLine === 'cat');
  await until(() => pumps().some(({ pid }) => bytesRead(pid) > 100_000), { what: 'stdin to be full' });
  await proxy.reset();
  await expectQuiet(sshd);
});

it('closing a local link ends everything', async () => {
  const folder = scratch();
  const servers = join(folder, 'servers');
  cpSync(FIXTURES, servers, { recursive: true });
  const deps = linkDeps(folder);
  const link = linkOver(createLocalDialer(LOCAL_HOST, deps), LOCAL_HOST, deps);
  await startAll(link, servers);
  expect(withVariable('HOME', folder).length).toBeGreaterThan(SURVIVORS.length);
  await link.close();
  await gone(() => withVariable('HOME', folder), WITHIN_MS);
});

function startAll(link: Link, servers: string): Promise<LaunchedChannel[]> {
  return Promise.all(
    SURVIVORS.map(async (name) => {
      const channel = await link.open(fixtureLaunch(servers, name), NEVER);
      await said(channel, 'up');
      return channel;
    }),
  );
}

async function hold(job: HolderJob): Promise<ChildProcess> {
  const holder = spawn(process.execPath, ['--import', 'tsx', HOLDER, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    holder.kill('SIGKILL');
  });
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => {
      resolve();
    });
    holder.once('exit', (code) => {
      reject(new Error(`the holder ended with ${String(code)}`));
    });
  });
  return holder;
}

/** The warden stays as long as its link does; with a lease of 60 s only its ticker sleeps for 3 s. */
function wardenGroup(sshd: Sshd): Promise<number> {
  return until(
    () =>
      sshd
        .programs()
        .filter(({ commandLine }) => commandLine === 'sleep 3')
        .map(({ pid }) => groupOf(pid))[0],
  );
}

function outside(group: number, sshd: Sshd): ReturnType<Sshd['programs']> {
  return sshd.programs().filter(({ pid }) => groupOf(pid) !== group);
}

/** Field 5 of proc(5)'s stat, counted from the end of the name; 0 when it has gone. */
function groupOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')')).split(' ')[3]);
  } catch {
    return 0;
  }
}

/** Bytes that a process has read so far (proc(5), io). */
function bytesRead(pid: number): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${String(pid)}/io`, 'utf8'))?.[1] ?? 0);
}

async function expectWatch(sshd: Sshd, watch: 'input' | 'output'): Promise<void> {
  const tails = (): number => sshd.programs().filter(({ commandLine }) => /^\S*tail --pid/.test(commandLine)).length;
  // Each of the four that still run has one.
  if (watch === 'output') await until(() => tails() >= 4, { what: 'launchers to watch their output' });
  else expect(tails()).toBe(0);
}

async function wardenEchoes(link: Link): Promise<void> {
  await until(() => link.state.kind === 'ready' && link.state.rttMs !== undefined, { what: 'an echo of the warden' });
}

function closingWhole(dialer: Dialer, closesWhole: boolean): Dialer {
  return {
    host: dialer.host,
    backend: dialer.backend,
    dial: async (signal) => Object.assign(await dialer.dial(signal), { closesWhole }),
  };
}

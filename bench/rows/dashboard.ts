/** What the dashboard costs: bytes to the terminal, and time of a processor, while 50 hosts tell 10 events a second each. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawn } from '@lydell/node-pty';
import type { ControlNotifications } from '../../src/api/control.ts';
import type { HostStatus } from '../../src/api/status.ts';
import { locateDaemon } from '../../src/daemon/start.ts';
import { type FakeDaemon, startFakeDaemon } from '../../test/harness/fake-daemon.ts';
import { cpuSeconds } from '../memory.ts';
import type { Figure, Row } from '../row.ts';
import { compare } from '../row.ts';
import { median } from '../stats.ts';
import { BIN, type Setting, type World } from '../world.ts';

import { hostNames } from './many-hosts.ts';

const PROCESS = { command: ['echo'], env: [], instances: [], restarts: 0 } as const;

type Event = ControlNotifications['event']['event'];

const HOSTS = 50;
/** Each host tells ten events a second: five times two. */
const ROUND_MS = 200;
const MEASURE_MS = 6000;
const MAX_FRAME_BYTES = 2048;
const MAX_SHARE = 12;
const BEGIN_FRAME = '\u001B[?2026h';

interface Run {
  /** Of one processor, per cent. */
  readonly share: number;
  readonly frameBytes: readonly number[];
}

export const dashboard: Row = {
  name: 'dashboard',
  async run(world: World, runs: number): Promise<Figure[]> {
    const setting = world.setting({ hosts: hostNames(HOSTS), servers: { echo: world.shEcho }, port: world.sshd.port });
    const busy: Run[] = [];
    const calm: Run[] = [];
    for (let run = 0; run < Math.min(runs, 3); run += 1) {
      busy.push(await watched(setting, busyRound, ROUND_MS));
      calm.push(await watched(setting, calmRound, 500));
    }
    const row = { row: 'dashboard', against: 'limit', threshold: { atMost: 1 } } as const;
    return [
      compare(
        { ...row, what: `${HOSTS} hosts × 10 events/s, of one core`, unit: '%' },
        busy.map(({ share }) => share),
        busy.map(() => MAX_SHARE),
      ),
      compare(
        { ...row, what: `a frame with 5 of ${HOSTS} rows changing`, unit: 'bytes' },
        calm.map(({ frameBytes }) => median(frameBytes)),
        calm.map(() => MAX_FRAME_BYTES),
      ),
    ];
  },
};

/** Calls begin and end, and servers say something. */
function busyRound(round: number): Event[] {
  const atMs = Date.now();
  return hostNames(HOSTS).flatMap((host, index): Event[] => {
    const call = { call: round * HOSTS + index, host, server: 'echo', tool: 'echo' };
    const line = {
      atMs,
      type: 'log',
      host,
      server: 'echo',
      stream: 'stderr',
      line: `round ${round} says hello`,
    } as const;
    if (round % 5 === 4) return [line, line];
    return [
      { atMs, type: 'call-started', client: 'c1', ...call },
      { atMs, type: 'call-ended', ...call, durationMs: 5 + (round % 7), outcome: 'ok' },
    ];
  });
}

function calmRound(round: number): Event[] {
  const first = (round * 5) % HOSTS;
  const state = round % 2 === 0 ? 'connecting' : 'ready';
  return hostNames(HOSTS)
    .slice(first, first + 5)
    .map((host) => ({ atMs: Date.now(), type: 'host-state', host, state, reason: 'the bench' }));
}

async function watched(setting: Setting, roundOf: (round: number) => Event[], everyMs: number): Promise<Run> {
  const daemon = await daemonFor(setting);
  const pty = spawn(process.execPath, [BIN, 'dash', '--config', setting.hostsFile], {
    cols: 120,
    rows: 60,
    cwd: setting.cwd,
    env: { ...setting.env, TERM: 'xterm-256color' },
  });
  let written = '';
  pty.onData((data) => {
    written += data;
  });
  try {
    await shown(() => written.includes(`${HOSTS}/${HOSTS} up`));
    await tell(daemon, roundOf, everyMs, 2000);
    const before = { bytes: written.length, seconds: cpuSeconds(pty.pid), ms: performance.now() };
    await tell(daemon, roundOf, everyMs, MEASURE_MS);
    const seconds = (performance.now() - before.ms) / 1000;
    const frames = written.slice(before.bytes).split(BEGIN_FRAME).slice(1);
    return {
      share: ((cpuSeconds(pty.pid) - before.seconds) / seconds) * 100,
      frameBytes: frames.map((frame) => Buffer.byteLength(frame)),
    };
  } finally {
    pty.kill('SIGKILL');
    await daemon.stop();
  }
}

async function daemonFor({ hostsFile, env, cwd }: Setting): Promise<FakeDaemon> {
  // As the build says it, which is what looks for the daemon.
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const { endpoint } = await locateDaemon({
    config: hostsFile,
    env,
    cwd,
    homeDir: env['HOME'] ?? cwd,
    platform: process.platform,
    version,
  });
  const hosts = hostNames(HOSTS).map((name): HostStatus => {
    const servers = [{ name: 'echo', state: 'ready', tools: 1, problems: [], cached: false, ...PROCESS } as const];
    return { name, state: 'ready', rttMs: 12, connections: 1, backend: 'ssh2', tags: [], servers };
  });
  return await startFakeDaemon(endpoint, version, {
    snapshot: () => ({
      controlVersion: 1,
      run: 'bench',
      sequence: 0,
      status: {
        schemaVersion: 1,
        daemon: { pid: process.pid, version, uptimeMs: 0, hostsFile },
        hosts,
        clients: [],
        calls: [],
      },
      calls: [],
      prompts: [],
    }),
  });
}

async function tell(
  daemon: FakeDaemon,
  roundOf: (round: number) => Event[],
  everyMs: number,
  forMs: number,
): Promise<void> {
  for (let round = 0; round < forMs / everyMs; round += 1) {
    daemon.tell(...roundOf(round));
    await sleep(everyMs);
  }
}

async function shown(isThere: () => boolean): Promise<void> {
  for (let waited = 0; !isThere(); waited += 50) {
    if (waited > 20_000) throw new Error('the dashboard did not show the hosts');
    await sleep(50);
  }
}

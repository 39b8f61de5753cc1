/** The line goes silent while a program is being started, or before anybody over there watches the line: it ends all the same. */
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { HostPlan } from '../../src/config/plan.ts';
import type { Channel, Dialer, Transport } from '../../src/launch/contract.ts';
import type { Link, LinkDeps } from '../../src/link/contract.ts';
import { createOpensshDialer } from '../../src/openssh/dialer.ts';
import { createSsh2Dialer } from '../../src/ssh2/dialer.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { proves } from '../requirements.ts';
import { fixtureLaunch, linkDeps, linkOver, NEVER, said, sshHost } from './launch-support.ts';
import { SilencingLine } from './silencing-line.ts';

const HEARTBEAT = { intervalMs: 500, leaseMs: 3_000 };
const WITHIN_MS = HEARTBEAT.leaseMs + 10_000;
/** What is written to start a program that gets it, is larger than any of ssh's packets. */
const LARGE = new Map([['LARGE', 'x'.repeat(100_000)]]);
const machines: Sshd[] = [];

afterEach(async () => {
  await Promise.all(machines.splice(0).map((sshd) => sshd.stop()));
});

interface Setting {
  readonly sshd: Sshd;
  readonly line: SilencingLine;
  readonly link: Link;
  readonly host: HostPlan;
  readonly deps: LinkDeps;
}

/** @param onWritten called as soon as the first bytes for a program were written */
async function setting(way: 'ssh2' | 'openssh', onWritten: (line: SilencingLine) => void): Promise<Setting> {
  const sshd = await startSshd();
  machines.push(sshd);
  const line = new SilencingLine();
  await line.start(sshd.port);
  onTestFinished(() => {
    line.stop();
  });
  const folder = scratch();
  const deps = linkDeps(folder);
  const options = { port: line.port, heartbeat: HEARTBEAT };
  const host = sshHost(sshd, folder, options);
  const dialer = way === 'ssh2' ? createSsh2Dialer(host, deps) : createOpensshDialer(host, deps);
  const watched = onFirstWrite(dialer, () => {
    onWritten(line);
  });
  const link = linkOver(watched, host, deps, options);
  onTestFinished(() => link.close());
  return { sshd, line, link, host, deps };
}

function onFirstWrite(dialer: Dialer, then: () => void): Dialer {
  let isWritten = false;
  const watched = (channel: Channel): Channel => {
    const { input } = channel;
    const write = input.write.bind(input) as (...args: unknown[]) => boolean;
    const told = (...args: unknown[]): boolean => {
      const hasRoom = write(...args);
      if (!isWritten) then();
      isWritten = true;
      return hasRoom;
    };
    Object.assign(input, { write: told });
    return channel;
  };
  const through = (transport: Transport): Transport => {
    const exec = transport.exec.bind(transport);
    return Object.assign(transport, {
      exec: async (command: string, signal: AbortSignal) => watched(await exec(command, signal)),
    });
  };
  return {
    host: dialer.host,
    backend: dialer.backend,
    dial: async (signal, pulse) => through(await dialer.dial(signal, pulse)),
  };
}

async function open({ sshd, link }: Setting, env: ReadonlyMap<string, string>): Promise<void> {
  const channel = await link.open({ ...fixtureLaunch(sshd.servers, 'stubborn.sh'), env }, NEVER);
  channel.output.resume();
  channel.errors.resume();
}

function servers(sshd: Sshd): ReturnType<Sshd['programs']> {
  return sshd.programs().filter(({ commandLine }) => commandLine.includes('stubborn.sh'));
}

describe.each(['ssh2', 'openssh'] as const)('over %s, a line that goes silent', (way) => {
  it.each([50, 490])(
    proves('%d ms after a program was written to it leaves nothing behind', 'nothing-left'),
    { timeout: 60_000 },
    async (afterMs) => {
      const where = await setting(way, (line) => {
        setTimeout(() => {
          line.silenceAfter(0);
        }, afterMs);
      });
      await open(where, new Map());
      // Soon after the write, a slow machine has started only the shell that starts the program.
      const running = (): number => (afterMs === 50 ? where.sshd.programs() : servers(where.sshd)).length;
      await expect.poll(running, { message: 'something to run over there', interval: 5 }).toBeGreaterThan(0);
      await where.sshd.quiet(WITHIN_MS);
    },
  );

  it.each([
    // ssh2 sends the request for the shell and the first bytes for it together.
    ['before the first byte for it', way === 'ssh2' ? 1_200 : 0],
    ['in the middle of what starts it', 50_000],
  ])(
    proves('while a program is started, %s, leaves nothing behind', 'nothing-left'),
    { timeout: 60_000 },
    async (_when, bytes) => {
      const where = await setting(way, (line) => {
        line.silenceAfter(bytes);
      });
      await open(where, LARGE);
      await expect
        .poll(() => where.sshd.programs().length, { message: 'the shell that waits for it', interval: 5 })
        .toBeGreaterThan(0);
      await where.sshd.quiet(WITHIN_MS);
      expect(servers(where.sshd)).toEqual([]);
    },
  );

  it('is not taken for one while a warden stays: programs outlive the lease', { timeout: 60_000 }, async () => {
    const where = await setting(way, () => undefined);
    const channel = await where.link.open(fixtureLaunch(where.sshd.servers, 'stubborn.sh'), NEVER);
    await said(channel, 'up');
    const standIns = (): unknown[] => where.sshd.programs().filter(({ commandLine }) => commandLine === 'sleep 2');
    await expect.poll(() => standIns().length, { message: 'a stand-in', interval: 5 }).toBeGreaterThan(0);
    await expect.poll(() => standIns(), { message: 'the stand-ins to be relieved', timeout: 8_000 }).toHaveLength(0);
    await new Promise((resolve) => {
      setTimeout(resolve, 2 * HEARTBEAT.leaseMs);
    });
    expect(servers(where.sshd)).toHaveLength(1);
    expect(where.link.state.kind).toBe('ready');
    expect(where.link.connections).toBe(1);
  });
});

/** Where bytes are counted. */
describe('over ssh2, a line', () => {
  it('that goes silent before the warden is there is given up as soon as any other', async () => {
    const where = await setting('ssh2', () => undefined);
    const channel = await where.link.open(fixtureLaunch(where.sshd.servers, 'stubborn.sh'), NEVER);
    await said(channel, 'up');
    where.line.silenceAfter(0);
    const silentAt = performance.now();
    expect(await channel.ended).toMatchObject({ kind: 'lost', cause: { code: 'LINK_LOST', host: 'box' } });
    // Three beats, and the moment before the warden is started.
    expect(performance.now() - silentAt).toBeLessThan(3 * HEARTBEAT.intervalMs + 8_000);
  });
});

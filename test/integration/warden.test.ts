/** The warden on a real machine: what it ends, what it leaves alone, and where it finds room. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Channel, Transport } from '../../src/launch/contract.ts';
import { LAUNCH_COMMAND } from '../../src/launch/launcher.ts';
import { ORDER, type WardenOptions, wardenLine } from '../../src/launch/warden.ts';
import { createSsh2Dialer } from '../../src/ssh2/dialer.ts';
import { isAlive } from '../harness/processes.ts';
import { startProxy } from '../harness/proxy.ts';
import { scratch } from '../harness/scratch.ts';
import { type Sshd, type SshdOptions, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { fixtureLaunch, launchOf, linkDeps, NEVER, outputOf, said, sshHost, sshLink } from './launch-support.ts';

const NONCE = 'abcdef0123456789abcdef0123456789';
const machines: Sshd[] = [];

async function machine(options?: SshdOptions): Promise<Sshd> {
  const sshd = await startSshd(options);
  machines.push(sshd);
  return sshd;
}

afterEach(async () => {
  await Promise.all(machines.splice(0).map((sshd) => sshd.stop()));
});

async function dial(sshd: Sshd): Promise<Transport> {
  const folder = scratch();
  const deps = linkDeps(folder);
  const transport = await createSsh2Dialer(sshHost(sshd, folder), deps).dial(NEVER);
  onTestFinished(() => transport.close());
  return transport;
}

interface Running {
  readonly channel: Channel;
  /** Everything it wrote. */
  readonly text: () => string;
  /** Its sshd process, from the ready line. */
  readonly sshdPid: number;
}

async function warden(transport: Transport, options: Partial<WardenOptions> = {}): Promise<Running> {
  return running(transport, wardenLine({ nonce: NONCE, leaseMs: 60_000, onEnd: 'own', ...options }), NONCE);
}

async function running(transport: Transport, line: string, nonce: string): Promise<Running> {
  const channel = await transport.exec(LAUNCH_COMMAND, NEVER);
  let text = '';
  channel.errors.resume();
  channel.output.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  channel.input.on('error', () => undefined);
  channel.input.write(`${line}\n`);
  const ready = await until(() => new RegExp(`${nonce} ready \\d+ (\\d+)\\n`).exec(text));
  return { channel, text: () => text, sshdPid: Number(ready[1]) };
}

describe('the warden', () => {
  it('echoes every beat', async () => {
    const sshd = await machine();
    const { channel, text } = await warden(await dial(sshd));
    channel.input.write(ORDER.heartbeat(1));
    channel.input.write(ORDER.heartbeat(2));
    await expect.poll(() => text()).toContain('h 1\nh 2\n');
  });

  it('lives as long as beats come, and ends the connections it covers when they stop', async () => {
    const sshd = await machine();
    const [own, covered, other] = [await dial(sshd), await dial(sshd), await dial(sshd)];
    const guard = await warden(own, { leaseMs: 2_000 });
    const pid = async (transport: Transport): Promise<number> =>
      (await running(transport, `unset L;printf '%s ready %s %s\\n' ${NONCE} $$ $PPID;exec cat`, NONCE)).sshdPid;
    const [coveredPid, otherPid] = [await pid(covered), await pid(other)];
    guard.channel.input.write(ORDER.cover(coveredPid));
    for (let beat = 1; beat <= 12; beat += 1) {
      guard.channel.input.write(ORDER.heartbeat(beat));
      await until(() => guard.text().includes(`h ${String(beat)}\n`));
      await new Promise((resolve) => {
        setTimeout(resolve, 250);
      });
    }
    expect(isAlive(coveredPid)).toBe(true);
    await until(() => !isAlive(coveredPid) && !isAlive(guard.sshdPid));
    expect(isAlive(otherPid)).toBe(true);
    expect((await covered.ended).cause.name).toBe('AnywhereError');
  });

  it('ends no process that is not an sshd', async () => {
    const sshd = await machine();
    const transport = await dial(sshd);
    const guard = await warden(transport);
    const cat = await running(transport, `unset L;printf '%s ready %s %s\\n' ${NONCE} $PPID $$;exec cat`, NONCE);
    guard.channel.input.write(ORDER.end(cat.sshdPid));
    guard.channel.input.write('x $(touch harm)\nk ;touch harm\nc `touch harm`\n');
    guard.channel.input.write(ORDER.heartbeat(1));
    await expect.poll(() => guard.text()).toContain('h 1\n');
    await new Promise((resolve) => {
      setTimeout(resolve, 1_500);
    });
    expect(isAlive(cat.sshdPid)).toBe(true);
  });

  it('ends a connection that we gave up', async () => {
    const sshd = await machine();
    const guard = await warden(await dial(sshd));
    const other = await dial(sshd);
    const { sshdPid } = await running(other, `unset L;printf '%s ready %s %s\\n' ${NONCE} $$ $PPID;exec cat`, NONCE);
    guard.channel.input.write(ORDER.end(sshdPid));
    await expect.poll(() => isAlive(sshdPid), { timeout: 5_000 }).toBe(false);
    expect(isAlive(guard.sshdPid)).toBe(true);
  });

  it.each(['own', 'all'] as const)('without a goodbye the end of its stdin means `%s`', async (onEnd) => {
    const sshd = await machine();
    const guard = await warden(await dial(sshd), { onEnd });
    const { sshdPid } = await running(
      await dial(sshd),
      `unset L;printf '%s ready %s %s\\n' ${NONCE} $$ $PPID;exec cat`,
      NONCE,
    );
    guard.channel.input.write(ORDER.cover(sshdPid));
    guard.channel.input.end();
    if (onEnd === 'all')
      await expect.poll(() => [isAlive(sshdPid), isAlive(guard.sshdPid)], { timeout: 5_000 }).toEqual([false, false]);
    else {
      await guard.channel.ended;
      expect(isAlive(sshdPid)).toBe(true);
    }
  });

  it('after a goodbye it goes alone, at once', async () => {
    const sshd = await machine();
    const guard = await warden(await dial(sshd), { onEnd: 'all' });
    guard.channel.input.write(ORDER.goodbye);
    await guard.channel.ended;
    expect(isAlive(guard.sshdPid)).toBe(true);
    await sshd.quiet(3_000);
  });
});

describe('a link and its warden', () => {
  it('measures the round trip', async () => {
    const sshd = await machine();
    const proxy = await startProxy({ to: sshd.port, delayMs: 25 });
    onTestFinished(() => proxy.stop());
    const link = sshLink(sshd, { port: proxy.port });
    await said(await link.open(launchOf('sh', ['-c', 'echo up; cat']), NEVER), 'up');
    const rttMs = await until(() => (link.state.kind === 'ready' ? link.state.rttMs : undefined));
    expect(rttMs).toBeGreaterThan(49);
    expect(rttMs).toBeLessThan(5_000);
  });

  it.each([
    [1, 3],
    [2, 3],
    [3, 5],
  ])('with MaxSessions %d and %d programs it needs as few connections as can be', async (maxSessions, programs) => {
    const sshd = await machine({ maxSessions });
    const link = sshLink(sshd);
    const open = async (): Promise<void> => said(await link.open(launchOf('sh', ['-c', 'echo up; cat']), NEVER), 'up');
    await Promise.all(Array.from({ length: programs }, open));
    await until(() => link.state.kind === 'ready' && link.state.rttMs !== undefined);
    expect(link.connections).toBe(Math.ceil((programs + 1) / maxSessions));
    await link.close();
    await sshd.quiet();
  });

  it('notices a line that went silent, and connects again', async () => {
    const sshd = await machine();
    const proxy = await startProxy({ to: sshd.port });
    onTestFinished(() => proxy.stop());
    const link = sshLink(sshd, { port: proxy.port, heartbeat: { intervalMs: 300, leaseMs: 60_000 } });
    const channel = await link.open(fixtureLaunch(sshd.servers, 'stubborn.sh'), NEVER);
    await said(channel, 'up');
    await until(() => link.state.kind === 'ready' && link.state.rttMs !== undefined);
    proxy.blackhole();
    const end = await channel.ended;
    expect(end).toMatchObject({ kind: 'lost', cause: { code: 'LINK_LOST', host: 'box' } });
    await proxy.heal();
    await expect.poll(() => link.state.kind, { timeout: 25_000 }).toBe('ready');
    expect(await outputOf(await link.open(launchOf('echo', ['back']), NEVER))).toBe('back\n');
  });

  it('starts another warden when one was ended', async () => {
    const sshd = await machine();
    const link = sshLink(sshd);
    await said(await link.open(launchOf('sh', ['-c', 'echo up; cat']), NEVER), 'up');
    // Only the warden has a ticker.
    const group = (): number | undefined =>
      sshd
        .programs()
        .filter(({ commandLine }) => commandLine === 'sleep 3')
        .map(({ pid }) => groupOf(pid))[0];
    const first = await until(group);
    process.kill(-first, 'SIGKILL');
    await until(() => group() !== undefined && group() !== first, { withinMs: 15_000 });
    expect(link.state.kind).toBe('ready');
  });
});

/** Field 5 of proc(5)'s stat; the name in field 2 is without blanks here. */
function groupOf(pid: number): number {
  return Number(readFileSync(`/proc/${String(pid)}/stat`, 'utf8').split(' ')[4]);
}

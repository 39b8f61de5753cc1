/** One server of every bad kind at once, and a machine that is silent: nobody else notices. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { fixture, writeHostsFile } from '../harness/hosts-file.ts';
import { signalPid } from '../harness/processes.ts';
import { initialize, startServe } from '../harness/program.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { callText, offers, toolNames } from '../harness/tools.ts';
import { proves } from '../requirements.ts';
import { StreamClient } from '../unit/gateway/kit.ts';
import { hostOf, proxyTo, remote, rig } from './recovery-kit.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;

async function timesOf(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const begunAt = performance.now();
    await work();
    times.push(performance.now() - begunAt);
  }
  return times;
}

/** Resident memory of a process, MB. */
function residentOf(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

describe('with a stopped, an endless, a huge and a garbage server, and a silent machine', () => {
  it(proves(
    'lists come from the last good catalog at once, others are called as ever, memory stays',
    'isolation',
  ), async () => {
    const far = await proxyTo(sshd);
    const file = writeHostsFile(
      {
        box: {
          sshd,
          servers: {
            stopped: fixture(sshd, 'counting.mjs', ['/dev/null']),
            endless: fixture(sshd, 'endless.mjs'),
            huge: fixture(sshd, 'flood.mjs'),
            garbage: fixture(sshd, 'garbage.mjs'),
            echo: fixture(sshd, 'echo.mjs'),
          },
        },
        far: { sshd, port: far.port, servers: { echo: fixture(sshd, 'echo.mjs') } },
      },
      { limits: { maxMessageBytes: 16 << 20 } },
    );
    const { client } = startServe(file.path);
    await initialize(client);
    await offers(client, [
      'box__stopped__pid',
      'box__endless__begin',
      'box__huge__flood',
      'box__echo__echo',
      'far__echo__echo',
    ]);
    const listed = await toolNames(client);
    const echo = (): Promise<unknown> => callText(client, 'box__echo__echo', { message: 'x' });
    const quiet = await timesOf(20, echo);

    signalPid(Number(await callText(client, 'box__stopped__pid')), 'SIGSTOP');
    await callText(client, 'far__echo__echo');
    far.blackhole();
    await callText(client, 'box__endless__begin');
    const gigabyte = client.ask('tools/call', { name: 'box__huge__flood', arguments: { megabytes: 1024 } });
    for (const name of ['box__stopped__pid', 'far__echo__echo'])
      for (let calls = 0; calls < 20; calls += 1) client.ask('tools/call', { name, arguments: {} });

    const before = residentOf(client.pid);
    let most = 0;
    const state = { isDone: false };
    const done = client.reply(gigabyte, 100_000).finally(() => {
      state.isDone = true;
    });
    const lists: number[] = [];
    const calls: number[] = [];
    while (!state.isDone) {
      lists.push(
        ...(await timesOf(1, async () => {
          expect(await toolNames(client)).toEqual(listed);
        })),
      );
      calls.push(...(await timesOf(3, echo)));
      most = Math.max(most, residentOf(client.pid));
    }
    const figures = `lists ${median(lists).toFixed(1)} ms (worst ${Math.max(...lists).toFixed(1)}), calls ${median(quiet).toFixed(1)} → ${median(calls).toFixed(1)} ms (worst ${Math.max(...calls).toFixed(1)}), + ${(most - before).toFixed(0)} MB`;
    // Calls of the stopped server end after a minute.
    expect(Math.max(...lists, ...calls), figures).toBeLessThan(10_000);
    expect(most - before, figures).toBeLessThan(250);
    expect((await done).line).toContain('flooded');
    process.stderr.write(`isolation: ${figures}\n`);
  }, 120_000);
});

describe('a client that reads nothing', () => {
  it('holds back its own servers, and nobody else’s', async () => {
    const servers = [remote(sshd, 'endless', 'endless.mjs'), remote(sshd, 'echo', 'echo.mjs')];
    const { client, gateway } = await rig([hostOf(sshd, servers)], ['box__endless__begin', 'box__echo__echo']);
    const deaf = new StreamClient(gateway, { highWaterMark: 1 << 14 });
    await deaf.initialize();
    deaf.send({ id: 'level', method: 'logging/setLevel', params: { level: 'debug' } });
    await deaf.reply('level');
    await deaf.text('box__endless__begin');
    deaf.output.pause();
    onTestFinished(() => {
      deaf.output.resume();
    });
    await expect.poll(() => deaf.door.session.peer.unreadBytes).toBeGreaterThan(1 << 14);
    const unread: number[] = [];
    const times = await timesOf(40, async () => {
      unread.push(deaf.door.session.peer.unreadBytes);
      await client.text('box__echo__echo', { message: 'x' });
      await new Promise((resolve) => {
        setTimeout(resolve, 25);
      });
    });
    expect(Math.max(...times)).toBeLessThan(10_000);
    expect(Math.max(...unread)).toBeLessThan(2 << 20);
  });
});

/** What the dashboard writes to its terminal: how much, when, and how it leaves it. A daemon of a test tells it what to show. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HostStatus } from '../../../src/api/status.ts';
import { programVersion } from '../../../src/gateway/open.ts';
import { endpointFor } from '../../harness/daemon-process.ts';
import { type FakeDaemon, startFakeDaemon } from '../../harness/fake-daemon.ts';
import { descendants, signalPid } from '../../harness/processes.ts';
import { makeSandbox } from '../../harness/sandbox.ts';
import { runInTerminal, type TerminalRun } from '../../harness/terminal.ts';
import { host, snapshot } from '../../unit/dashboard/kit.ts';

const NAMES = Array.from({ length: 50 }, (_, index) => `host${String(index).padStart(2, '0')}`);

interface Started {
  readonly run: TerminalRun;
  readonly daemon: FakeDaemon;
}

type Options = Parameters<typeof runInTerminal>[2];

async function dash(hosts: readonly HostStatus[], options: Options = {}): Promise<Started> {
  const { run, daemon } = await started(hosts, options);
  await run.shows(`${hosts.length}/${hosts.length} up`);
  return { run, daemon };
}

async function started(hosts: readonly HostStatus[], options: Options = {}): Promise<Started> {
  const sandbox = makeSandbox();
  const file = join(sandbox.home, 'hosts.yaml');
  writeFileSync(file, 'version: 1\nhosts: {}\n');
  const daemon = await startFakeDaemon(endpointFor(file, sandbox), programVersion(), {
    snapshot: () => snapshot(hosts),
  });
  onTestFinished(() => daemon.stop());
  const run = runInTerminal(['dash', '--config', file], sandbox, { columns: 120, rows: 60, ...options });
  return { run, daemon };
}

function dashPid(run: TerminalRun): number {
  return descendants(run.pid).find(({ commandLine }) => commandLine.includes('bin.js dash'))?.pid ?? run.pid;
}

const waiting = { type: 'host-state', state: 'waiting', reason: 'a test' } as const;

describe('what is written', () => {
  it('is nothing when nothing changes', async () => {
    const { run } = await dash(NAMES.map((name) => host(name)));
    await sleep(1500);
    const before = run.written().length;
    await sleep(2500);
    expect(run.written().length).toBe(before);
  });

  it('is at most 2 KB a frame with 5 of 50 rows changing, and no row is ever blank', async () => {
    let isWatched = false;
    const blank: string[] = [];
    const hosts = NAMES.map((name) => host(name));
    const { run, daemon } = await dash(hosts, {
      onDraw: (text) => {
        const rows = text.split('\n').slice(3, 53);
        if (isWatched && rows.some((row) => row.trim() === '')) blank.push(text);
      },
    });
    run.type('|');
    await run.shows(NAMES.at(-1) ?? '');
    isWatched = true;
    const before = run.written().length;
    for (let round = 0; round < 8; round += 1) {
      const names = NAMES.slice(round * 5, round * 5 + 5);
      hosts.splice(round * 5, 5, ...names.map((name) => host(name, { state: 'waiting' })));
      daemon.tell(...names.map((name) => ({ ...waiting, atMs: Date.now(), host: name })));
      await expect.poll(() => run.screen().filter((row) => row.includes('◐ retry')).length).toBe((round + 1) * 5);
    }
    isWatched = false;
    const frames = run.written().slice(before).split('\x1B[?2026h').slice(1);
    expect(frames.length).toBeGreaterThanOrEqual(8);
    expect(Math.max(...frames.map((frame) => Buffer.byteLength(frame)))).toBeLessThanOrEqual(2048);
    expect(blank).toEqual([]);
    expect(run.written().slice(before)).not.toMatch(/\x1B\[[23]J/);
  });

  it('is a few frames a second, however much happens', async () => {
    const { run, daemon } = await dash(NAMES.map((name) => host(name)));
    const before = run.written().length;
    for (let round = 0; round < 20; round += 1) {
      for (const name of NAMES)
        daemon.tell({
          atMs: Date.now(),
          type: 'call-ended',
          call: 1,
          host: name,
          server: 'files',
          tool: 't',
          durationMs: round,
          outcome: 'ok',
        });
      await sleep(100);
    }
    const frames = run.written().slice(before).split('\x1B[?2026h').length - 1;
    expect(frames).toBeGreaterThanOrEqual(1);
    expect(frames).toBeLessThanOrEqual(10);
  });
});

describe('however it ends, the terminal is as it was', () => {
  /** An error that nobody has foreseen, on demand. */
  const BOOM = "process.on('SIGUSR2', () => { throw new Error('boom in the dashboard'); });";

  it.each([
    ['a crash', 'SIGUSR2', /exit=1\b/],
    ['SIGTERM', 'SIGTERM', /exit=130/],
    ['SIGHUP', 'SIGHUP', /exit=130/],
  ] as const)('%s', async (_what, signal, exit) => {
    const file = `data:text/javascript,${encodeURIComponent(BOOM)}`;
    const { run } = await dash([host('gpu1')], { thenStty: true, env: { NODE_OPTIONS: `--import=${file}` } });
    expect(run.isAlternate()).toBe(true);
    signalPid(dashPid(run), signal);
    await run.shows(exit);
    await run.shows('icanon');
    expect(run.isAlternate()).toBe(false);
    expect(run.wraps()).toBe(true);
    expect(run.text()).toMatch(/(?<!-)icanon/);
    expect(run.text()).toMatch(/ echo /);
    expect(run.written().lastIndexOf('\x1B[?25h')).toBeGreaterThan(run.written().lastIndexOf('\x1B[?25l'));
    if (signal === 'SIGUSR2') expect(run.text()).toContain('boom in the dashboard');
  });
});

/** A hook of Node's loader that fails for a module, as a damaged installation would. */
function failingToLoad(module: string): string {
  const hook = `export async function resolve(specifier, context, next) {
    if (/${module}/.test(specifier)) throw new Error('boom while loading');
    return await next(specifier, context);
  }`;
  const url = `data:text/javascript,${encodeURIComponent(hook)}`;
  return `data:text/javascript,${encodeURIComponent(`import { register } from 'node:module'; register(${JSON.stringify(url)});`)}`;
}

describe('when the dashboard cannot be shown', () => {
  it('a module that does not load ends it with exit code 1 and says why', async () => {
    const env = { NODE_OPTIONS: `--import=${failingToLoad('dashboard-[A-Z0-9]+')}` };
    const { run } = await started([host('gpu1')], { thenStty: true, env });
    await run.shows(/exit=1\b/);
    expect(run.text()).toContain('boom while loading');
    expect(run.isAlternate(), 'the alternate screen is left').toBe(false);
  });

  it('an error while a view is drawn gives the terminal back, says why, and ends with exit code 1', async () => {
    const odd = { ...host('gpu1'), servers: undefined } as unknown as HostStatus;
    const { run } = await started([odd], { thenStty: true });
    await run.shows(/exit=1\b/);
    expect(run.isAlternate(), 'the alternate screen is left').toBe(false);
    expect(run.text()).toMatch(/INTERNAL/);
    // What stty prints comes after the exit code.
    await run.shows(/(?<!-)icanon/);
  });

  it("what the user's environment would switch on in a library stays off", async () => {
    const env = {
      DEV: 'true',
      CI: 'true',
      CONTINUOUS_INTEGRATION: '1',
      INK_SCREEN_READER: 'true',
      NODE_ENV: 'development',
    };
    const { run } = await dash([host('gpu1')], { env });
    run.type('q');
    expect(await run.exit, run.text()).toBe(0);
  });
});

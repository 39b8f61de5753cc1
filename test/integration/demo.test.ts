/** The demo, whole: real SSH hosts, the real gateway, and nothing left behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { gone, type ProcessInfo, signalPid, withCommandLine, withVariable } from '../harness/processes.ts';
import { BIN, runProgram } from '../harness/program.ts';
import { makeSandbox, type Sandbox } from '../harness/sandbox.ts';
import { onlyNode, scratch } from '../harness/scratch.ts';
import { runInTerminal, type TerminalRun } from '../harness/terminal.ts';
import { until } from '../harness/until.ts';

/** Everything that the demo makes lies in `temp`, and every process of it names it. */
function stage(more: Readonly<Record<string, string>> = {}): { readonly sandbox: Sandbox; readonly temp: string } {
  const temp = scratch();
  return { temp, sandbox: makeSandbox({ TMPDIR: temp, ...more }) };
}

/** Logins of the demo hosts have their HOME below the temp folder; the rest has it as TMPDIR. */
function processesOf(temp: string): ProcessInfo[] {
  const hosts = readdirSync(temp).flatMap((demo) =>
    ['harbor', 'meadow', 'summit'].map((name) => join(temp, demo, 'hosts', name)),
  );
  const users = readdirSync(temp).map((demo) => join(temp, demo, 'user'));
  const found = [
    ...withVariable('TMPDIR', temp),
    ...[...hosts, ...users].flatMap((home) => withVariable('HOME', home)),
  ];
  return [...new Map(found.map((one) => [one.pid, one])).values()];
}

describe('without a terminal', () => {
  it('is a short tour through calls, a power cut and a return; exit 0 and nothing left', async () => {
    const { sandbox, temp } = stage();
    const began = performance.now();
    const { code, stdout, stderr } = await runProgram(['demo'], sandbox, { timeoutMs: 60_000 });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(performance.now() - began).toBeLessThan(20_000);
    const chapters = stdout
      .split(/^(?=\S)/m)
      .map((chapter) => chapter.trim())
      .filter((chapter) => chapter !== '');
    expect(chapters.map((chapter) => chapter.split('\n')[0])).toEqual([
      'Three machines, one hosts file',
      'Every machine answers, through one MCP server',
      'meadow loses its power',
      'meadow comes back',
      'That was real: SSH, MCP servers, one hosts file. Next:',
    ]);
    const [up = '', calls = '', cut = '', back = ''] = chapters;
    for (const host of ['harbor', 'meadow', 'summit']) {
      expect(up).toContain(`${host}__files__list_files`);
      expect(calls).toContain(`demo host: ${host}`);
    }
    expect(calls).toContain('Aurora, berth 4');
    expect(cut).toMatch(/✖ [^\n]*meadow/);
    expect(cut).toContain('ships.txt');
    expect(cut).toContain('weather.txt');
    expect(cut).toContain('its 5 tools stay listed');
    expect(back).toContain('ready to swarm');
    expect(readdirSync(temp)).toEqual([]);
    await gone(() => processesOf(temp));
  });

  it('reads nothing of the user and writes nothing', async () => {
    const { sandbox } = stage();
    const ssh = join(sandbox.home, '.ssh');
    mkdirSync(ssh, { mode: 0o700 });
    // Any of these, if read, would break the demo.
    writeFileSync(join(ssh, 'config'), 'this is no ssh configuration\n');
    writeFileSync(join(ssh, 'known_hosts'), '@revoked * ssh-ed25519 AAAA\n');
    mkdirSync(join(sandbox.configDir, 'mcp-anywhere'));
    writeFileSync(join(sandbox.configDir, 'mcp-anywhere', 'config.yaml'), '{ broken');
    const { code } = await runProgram(['demo'], sandbox, { timeoutMs: 60_000 });
    expect(code).toBe(0);
    expect(readdirSync(ssh).sort()).toEqual(['config', 'known_hosts']);
    for (const folder of [sandbox.cacheDir, sandbox.stateDir, sandbox.runtimeDir])
      expect(readdirSync(folder)).toEqual([]);
  });

  it('needs no program of OpenSSH: Node alone on the PATH is enough', async () => {
    const { sandbox, temp } = stage({ PATH: onlyNode() });
    const { code, stdout, stderr } = await runProgram(['demo'], sandbox, { timeoutMs: 60_000 });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('ready to swarm');
    expect(readdirSync(temp)).toEqual([]);
  });
});

describe('stopped half way', () => {
  async function running(): Promise<{ child: ChildProcess; temp: string }> {
    const { sandbox, temp } = stage();
    const child = spawn(process.execPath, [BIN, 'demo'], { env: sandbox.env, stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stdout.on('data', (chunk) => (said += String(chunk)));
    await until(() => said.includes('Every machine answers'), { withinMs: 30_000 });
    expect(processesOf(temp).length).toBeGreaterThan(10);
    return { child, temp };
  }

  it('by Ctrl-C: exit 130, and nothing is left', async () => {
    const { child, temp } = await running();
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
    await gone(() => processesOf(temp));
    expect(readdirSync(temp)).toEqual([]);
  });

  it('by SIGKILL: its hosts, their programs and its folder are gone soon after', async () => {
    const { child, temp } = await running();
    child.kill('SIGKILL');
    await once(child, 'exit');
    await gone(() => processesOf(temp), 15_000);
    expect(readdirSync(temp)).toEqual([]);
  });
});

describe('in a terminal', () => {
  const QUESTION = 'Open the dashboard on these three machines?';
  const CHAPTERS = [
    'Three machines, one hosts file',
    'Every machine answers, through one MCP server',
    'meadow loses its power',
    'meadow comes back',
    'That was real: SSH, MCP servers, one hosts file. Next:',
  ];

  function inTerminal(options: Parameters<typeof runInTerminal>[2] = {}): {
    readonly run: TerminalRun;
    readonly temp: string;
  } {
    const { sandbox, temp } = stage();
    return { run: runInTerminal(['demo'], sandbox, options), temp };
  }

  /** The demo with its tour over and its question on the screen. */
  async function asked(options: Parameters<typeof runInTerminal>[2] = {}): Promise<ReturnType<typeof inTerminal>> {
    const { run, temp } = inTerminal(options);
    await run.shows(QUESTION, 45_000);
    return { run, temp };
  }

  async function nothingLeft(temp: string): Promise<void> {
    expect(readdirSync(temp)).toEqual([]);
    await gone(() => processesOf(temp), 2_000);
    expect(withCommandLine(temp)).toEqual([]);
  }

  it('shows machines and calls on one screen, then the whole tour stands once in the scrollback; n ends it', async () => {
    let sawDown = false;
    let mostTitles = 0;
    let isOver = false;
    const { run, temp } = await asked({
      onDraw: (text) => {
        isOver ||= text.includes(QUESTION);
        if (isOver) return;
        sawDown ||= /✖ meadow +down/.test(text) && text.includes('15 tools of 3 machines');
        mostTitles = Math.max(mostTitles, text.match(/mcp-anywhere demo/g)?.length ?? 0);
      },
    });
    expect(sawDown).toBe(true);
    expect(mostTitles, 'one screen that is drawn over, not a scroll of screens').toBe(1);
    const text = run.text();
    expect(text, 'the screen is wiped').not.toContain('mcp-anywhere demo');
    const places = CHAPTERS.map((chapter) => {
      expect(text.split(chapter), `${chapter} stands once`).toHaveLength(2);
      return text.indexOf(chapter);
    });
    expect(places).toEqual(places.toSorted((one, other) => one - other));
    for (const line of ['demo host: harbor', 'demo host: summit', 'Aurora, berth 4', 'its 5 tools stay listed'])
      expect(text).toContain(line);
    run.type('n');
    expect(await run.exit).toBe(0);
    expect(run.isAlternate()).toBe(false);
    await nothingLeft(temp);
  }, 90_000);

  it('y opens the dashboard on the three machines; q ends it and everything of the demo', async () => {
    const { run, temp } = await asked();
    run.type('y');
    await run.shows('3/3 up');
    expect(run.isAlternate()).toBe(true);
    for (const host of ['harbor', 'meadow', 'summit']) expect(run.text()).toMatch(new RegExp(`${host} +● up`));
    expect(withCommandLine('bin.js daemon').filter(({ commandLine }) => commandLine.includes(temp))).toHaveLength(1);
    run.type('q');
    expect(await run.exit).toBe(0);
    expect(run.isAlternate()).toBe(false);
    expect(run.text(), 'the tour is still there').toContain('its 5 tools stay listed');
    await nothingLeft(temp);
  }, 90_000);

  it('keys that were typed during the tour answer nothing', async () => {
    const { run, temp } = inTerminal();
    await run.shows('meadow comes back', 45_000);
    run.type('n');
    await run.shows(QUESTION, 30_000);
    await sleep(500);
    expect(processesOf(temp).length).toBeGreaterThan(3);
    run.type('\r');
    await run.shows('3/3 up');
    run.type('q');
    expect(await run.exit).toBe(0);
    await nothingLeft(temp);
  }, 90_000);

  it.each([
    ['Ctrl-C in the tour', 'Every machine answers', '\x03'],
    ['SIGTERM in the tour', 'Every machine answers', undefined],
    ['SIGTERM at the question', QUESTION, undefined],
    ['SIGTERM in the dashboard', '3/3 up', undefined],
  ] as const)(
    '%s: exit 130, and nothing is left',
    async (_what, moment, keys) => {
      const { run, temp } = inTerminal();
      if (moment === '3/3 up') {
        await run.shows(QUESTION, 45_000);
        run.type('y');
      }
      await run.shows(moment, 45_000);
      if (keys === undefined) signalPid(run.pid, 'SIGTERM');
      else run.type(keys);
      expect(await run.exit, run.text()).toBe(130);
      expect(run.isAlternate()).toBe(false);
      await nothingLeft(temp);
    },
    90_000,
  );

  it('SIGKILL in the dashboard: its daemon, hosts and folder are gone soon after', async () => {
    const { run, temp } = await asked();
    run.type('y');
    await run.shows('3/3 up');
    signalPid(run.pid, 'SIGKILL');
    await run.exit;
    await gone(() => [...processesOf(temp), ...withCommandLine(temp)], 15_000);
    expect(readdirSync(temp, { recursive: true })).toEqual([]);
  }, 90_000);

  it('asks nothing in CI', async () => {
    const { run, temp } = inTerminal({ env: { CI: 'true' } });
    expect(await run.exit).toBe(0);
    expect(run.text()).toContain('That was real');
    expect(run.text()).not.toContain(QUESTION);
    await nothingLeft(temp);
  }, 60_000);
});

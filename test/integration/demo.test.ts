/** The demo, whole: real SSH hosts, the real gateway, and nothing left behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { descendants, gone, type ProcessInfo, withVariable } from '../harness/processes.ts';
import { BIN, runProgram } from '../harness/program.ts';
import { makeSandbox, type Sandbox } from '../harness/sandbox.ts';
import { onlyNode, scratch } from '../harness/scratch.ts';
import { runInTerminal } from '../harness/terminal.ts';
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
  const OFFER = 'Open the dashboard on these three machines?';

  it('shows machines and calls on one screen, and leaves the whole tour behind', async () => {
    const { sandbox, temp } = stage();
    let sawDown = false;
    const run = runInTerminal(['demo'], sandbox, {
      onDraw: (text) => {
        sawDown ||= /✖ meadow +down/.test(text);
      },
    });
    await run.shows(OFFER, 60_000);
    run.type('n');
    expect(await run.exit).toBe(0);
    expect(sawDown).toBe(true);
    const text = run.text();
    // The screen itself is gone. Each chapter stands once, in its order.
    expect(text).not.toContain('mcp-anywhere demo');
    const chapters = [
      'Three machines',
      'Every machine answers',
      'meadow loses its power',
      'meadow comes back',
      'That was real',
    ];
    expect(chapters.map((title) => text.split(title).length)).toEqual(chapters.map(() => 2));
    expect(chapters.map((title) => text.indexOf(title))).toEqual(
      chapters.map((title) => text.indexOf(title)).toSorted((left, right) => left - right),
    );
    expect(text).toContain('Aurora, berth 4');
    expect(readdirSync(temp)).toEqual([]);
    await gone(() => processesOf(temp));
  }, 90_000);

  it('offers the dashboard on its machines for as long as one likes, and then leaves nothing behind', async () => {
    const { sandbox, temp } = stage();
    const run = runInTerminal(['demo'], sandbox, { rows: 20 });
    await run.shows(OFFER, 60_000);
    run.type('\r');
    await run.shows('3/3 up', 30_000);
    for (const name of ['harbor', 'meadow', 'summit']) await run.shows(name);
    // Nothing of the user's own is touched: the daemon is one of the demo.
    for (const folder of [sandbox.cacheDir, sandbox.stateDir, sandbox.runtimeDir])
      expect(readdirSync(folder)).toEqual([]);
    run.type('q');
    expect(await run.exit).toBe(0);
    expect(readdirSync(temp)).toEqual([]);
    await gone(() => processesOf(temp));
  }, 90_000);

  it('stopped while the dashboard is open, leaves nothing behind either', async () => {
    const { sandbox, temp } = stage();
    const run = runInTerminal(['demo'], sandbox, { rows: 20 });
    await run.shows(OFFER, 60_000);
    run.type('y');
    await run.shows('3/3 up', 30_000);
    const demo = descendants(run.pid).find(({ commandLine }) => commandLine.includes('bin.js demo'))?.pid ?? run.pid;
    process.kill(demo, 'SIGTERM');
    await run.exit;
    expect(run.isAlternate()).toBe(false);
    await gone(() => processesOf(temp), 15_000);
    expect(readdirSync(temp)).toEqual([]);
  }, 90_000);
});

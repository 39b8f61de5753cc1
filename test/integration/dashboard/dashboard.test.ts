/** The dashboard of a real daemon in a real terminal. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clientAt, helloFor, servingDaemon } from '../../harness/daemon-process.ts';
import { daemonsIn } from '../../harness/daemons.ts';
import { fixture, type HostsFile, writeHostsFile } from '../../harness/hosts-file.ts';
import { makeKey } from '../../harness/keys.ts';
import { gone, signalPid } from '../../harness/processes.ts';
import { initialize } from '../../harness/program.ts';
import { makeSandbox } from '../../harness/sandbox.ts';
import { scratch } from '../../harness/scratch.ts';
import { startSshd } from '../../harness/sshd.ts';
import { runInTerminal, type TerminalRun } from '../../harness/terminal.ts';
import { until } from '../../harness/until.ts';

const SERVERS = join(process.cwd(), 'test/fixtures/servers');

function hosts(): HostsFile {
  const echo = { command: '/bin/sh', args: [join(SERVERS, 'sh-echo.sh')] };
  const slow = { command: process.execPath, args: [join(SERVERS, 'slow.mjs')] };
  return writeHostsFile({ here: { servers: { echo, slow } }, there: { servers: { echo } } });
}

/** The row under the cursor mark. */
function selected(run: TerminalRun): string {
  return run.screen().find((row) => row.startsWith('▶')) ?? '';
}

describe('the dashboard', () => {
  it('starts the daemon, shows its hosts, takes keys as they come, and leaves the daemon running', async () => {
    const sandbox = makeSandbox();
    const run = runInTerminal(['dash', '--config', hosts().path], sandbox, { columns: 100, rows: 30, thenStty: true });
    await run.shows('2/2 up');
    expect(run.isAlternate()).toBe(true);
    expect(selected(run)).toMatch(/^▶ here +● up/);
    run.type('2jj');
    await run.shows('here/slow');
    await expect.poll(() => selected(run)).toContain('there/echo');
    run.type('\x1B[<0;10;4M\x1B[<0;10;4mgk');
    await expect.poll(() => selected(run)).toContain('here/echo');
    run.type('?');
    await run.shows('leaves; the daemon goes on');
    run.type('q');
    await expect.poll(() => run.text()).not.toContain('leaves; the daemon goes on');
    run.type('q');
    await run.shows('exit=0');
    await run.shows('icanon');
    expect(run.isAlternate()).toBe(false);
    expect(run.wraps()).toBe(true);
    expect(run.text()).toMatch(/(?<!-)icanon/);
    expect(run.text()).toMatch(/ echo /);
    expect(run.written().lastIndexOf('\x1B[?25h')).toBeGreaterThan(run.written().lastIndexOf('\x1B[?25l'));
    expect(daemonsIn(sandbox.runtimeDir)).toHaveLength(1);
  });

  it('is what the bare command shows in a terminal', async () => {
    const run = runInTerminal(['--config', hosts().path], makeSandbox(), { columns: 80, rows: 24 });
    await run.shows('2/2 up');
    run.type('\x03');
    expect(await run.exit).toBe(0);
  });

  it('calls a tool through a form made from its schema, and copies the command that does the same', async () => {
    const run = runInTerminal(['dash', '--config', hosts().path], makeSandbox(), { columns: 100, rows: 30 });
    await run.shows('2/2 up');
    run.type('3');
    // To look has started nothing.
    await run.shows('no tools are known yet; L starts the servers');
    await run.shows('0/3 running');
    run.type('L');
    await run.shows('here__slow__steps');
    run.type('/slow__sleep\r');
    await expect.poll(() => selected(run)).toContain('here__slow__sleep');
    run.type('t');
    await run.shows('Call here__slow__sleep');
    run.type('x\x13');
    await run.shows('expected');
    run.type('\x7F5\x13');
    await run.shows(/● answered after \d/);
    run.type('\x1B');
    await run.shows('Call here__slow__sleep');
    run.type('\x1B');
    await expect.poll(() => selected(run)).toContain('here__slow__sleep');
    run.type('c');
    await run.shows(/copied: mcp-anywhere --config \S+ call here__slow__sleep/);
    const [, text = ''] = /\x1B\]52;c;([\w+/=]+)\x07/.exec(run.written()) ?? [];
    expect(Buffer.from(text, 'base64').toString()).toMatch(/^mcp-anywhere --config \S+ call here__slow__sleep$/);
  });

  it('shows a call of an AI client while it lives, and cancels it after a question', async () => {
    const [sandbox, file] = [makeSandbox(), hosts()];
    const daemon = await servingDaemon(file.path, sandbox);
    const run = runInTerminal(['dash', '--config', file.path], sandbox, { columns: 100, rows: 30 });
    await run.shows('2/2 up');
    const client = clientAt(daemon.endpoint, helloFor('mcp', file.path, sandbox));
    await initialize(client);
    const call = client
      .request('tools/call', { name: 'here__slow__never', arguments: {} })
      .catch((error: unknown) => error);
    run.type('4');
    await run.shows(/▶ +\d+s +never +here\/slow +raw-client/);
    run.type('K');
    await run.shows('Cancel never on here/slow');
    run.type('y');
    await run.shows('no call is running');
    expect(await call).toMatchObject({});
  });

  it('restarts a server after a question', async () => {
    const run = runInTerminal(['dash', '--config', hosts().path], makeSandbox(), { columns: 100, rows: 30 });
    await run.shows('2/2 up');
    run.type('2R');
    await run.shows('Restart here/echo?');
    run.type('\r');
    run.type('y');
    await run.shows('restarted here/echo');
    await expect.poll(() => run.text()).toMatch(/here\/echo +● up/);
  });

  it('follows the daemon: gone, and there again', async () => {
    const [sandbox, file] = [makeSandbox(), hosts()];
    const run = runInTerminal(['dash', '--config', file.path], sandbox, { columns: 100, rows: 30 });
    await run.shows('2/2 up');
    const [first] = daemonsIn(sandbox.runtimeDir);
    signalPid(first?.pid ?? 0, 'SIGKILL');
    await gone(() => daemonsIn(sandbox.runtimeDir), 5_000);
    await run.shows('daemon gone, reconnecting');
    expect(daemonsIn(sandbox.runtimeDir)).toEqual([]);
    run.type('r');
    await until(() => !run.text().includes('daemon gone') && run.text().includes('2/2 up'), { withinMs: 20_000 });
    const [second] = daemonsIn(sandbox.runtimeDir);
    expect(second?.pid).not.toBe(first?.pid);
    await run.shows(`pid ${second?.pid}`);
  });

  it('answers what only a person can, without showing it', async () => {
    const sshd = await startSshd();
    const key = await makeKey(join(scratch(), 'id_locked'), 'ed25519', 'open sesame 4711');
    sshd.authorize(key.publicKey);
    const servers = { echo: fixture(sshd, 'sh-echo.sh') };
    const file = writeHostsFile({ box: { sshd, identityFile: key.path, servers } });
    const run = runInTerminal(['dash', '--config', file.path], makeSandbox(), { columns: 120, rows: 30 });
    await run.shows(/box asks: .*passphrase.* \(a answers\)/i);
    run.type('a');
    await run.shows('Ctrl-D decline');
    run.type('open sesame 4711');
    await run.shows('················_');
    run.type('\r');
    await run.shows('1/1 up');
    expect(run.written()).not.toContain('sesame');
  });

  it('explains what is wrong with a host, and shows what its connection said', async () => {
    const sshd = await startSshd();
    const file = writeHostsFile({ lost: { sshd, port: 1, servers: { echo: fixture(sshd, 'sh-echo.sh') } } });
    const run = runInTerminal(['dash', '--config', file.path], makeSandbox(), { columns: 100, rows: 30 });
    await run.shows(/lost +◐ retry/);
    run.type('x');
    await run.shows(/doctor lost/);
    run.type('\x1B');
    await expect.poll(() => selected(run)).toContain('lost');
    run.type('l');
    await run.shows('lost · following');
    await run.shows('waiting: ');
  });

  it('comes back where Ctrl-Z has nobody to stop it for', async () => {
    const run = runInTerminal(['dash', '--config', hosts().path], makeSandbox(), { columns: 80, rows: 24 });
    await run.shows('2/2 up');
    const before = run.written().length;
    run.type('\x1A');
    await expect.poll(() => run.written().slice(before)).toMatch(/1049l[\s\S]*1049h[\s\S]*2\/2 up/);
    run.type('2');
    await run.shows('here/slow');
  });

  it('fits the terminal, whatever becomes of that', async () => {
    const run = runInTerminal(['dash', '--config', hosts().path], makeSandbox(), { columns: 100, rows: 30 });
    await run.shows('2/2 up');
    run.resize(40, 10);
    await expect.poll(() => run.screen()[1]).toBe(`[1]Hosts 2 3 4 5 6${'1/2'.padStart(40 - 18)}`);
    expect(run.screen()[9]).toContain('? help');
    run.resize(120, 40);
    await until(() => run.screen()[39]?.includes('? help'));
    expect(run.screen()[1]).toBe(`[1]Hosts [2]Servers [3]Tools [4]Live [5]Logs [6]Stats${'1/2'.padStart(120 - 53)}`);
  });

  it('says what is wrong with the start on the own screen of the person', async () => {
    const run = runInTerminal(['dash', '--config', '/nowhere/hosts.yaml'], makeSandbox());
    await run.shows('CONFIG_NOT_FOUND');
    expect(await run.exit).toBe(6);
    expect(run.written()).not.toContain('\x1B[?1049h');
  });
});

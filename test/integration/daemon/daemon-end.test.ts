/** How a daemon ends: unused, stopped, by a signal, by a defect. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lastCrash } from '../../../src/daemon/crash-report.ts';
import { listDaemons } from '../../../src/daemon/daemon-record.ts';
import { connected, exchange, faceAt, servingDaemon } from '../../harness/daemon-process.ts';
import { fixture, writeHostsFile } from '../../harness/hosts-file.ts';
import { isAlive } from '../../harness/processes.ts';
import { runProgram } from '../../harness/program.ts';
import { scratch } from '../../harness/scratch.ts';
import { type Sshd, startSshd } from '../../harness/sshd.ts';
import { call, callText, offers, textOf } from '../../harness/tools.ts';
import { until } from '../../harness/until.ts';
import { daemonOf, localHostsFile } from './kit.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

describe('its end', () => {
  it('comes by itself when nobody is there', async () => {
    const { daemon, client, endpoint } = await daemonOf(localHostsFile('echo.mjs'), { args: ['--idle-exit', '300'] });
    const one = await client();
    // Longer than the idle time: a client is there.
    await call(one, 'here__one__echo', {});
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(isAlive(daemon.pid)).toBe(true);
    await one.close();
    expect(await daemon.ended).toBe(0);
    expect(readdirSync(endpoint.folder).filter((name) => !name.includes('.lock.'))).toEqual([]);
    expect(await listDaemons([endpoint.folder])).toEqual([]);
  });

  it('stop waits for calls under way, takes nobody new, and another can start meanwhile', async () => {
    const file = localHostsFile('slow.mjs');
    const { daemon, client, endpoint, hello, sandbox } = await daemonOf(file);
    const [busy, idle] = [await client(), await client()];
    await offers(busy, ['here__one__sleep']);
    const face = await faceAt(endpoint, hello('control'));
    const slept = call(busy, 'here__one__sleep', { ms: 2_000 });
    await expect.poll(async () => (await face.request('snapshot', {})).calls).toHaveLength(1);
    await face.request('stop', {});
    await idle.ended;
    expect(existsSync(endpoint.socket)).toBe(false);
    await expect(connected(endpoint, hello('mcp'))).rejects.toMatchObject({ code: 'NO_DAEMON' });
    const next = await servingDaemon(file, sandbox);
    expect(textOf(await slept)).toBe('slept 2000 ms');
    expect(await daemon.ended).toBe(0);
    expect(await listDaemons([endpoint.folder])).toMatchObject([{ pid: next.pid }]);
  });

  it('a connection that says nothing does not hold it up', async () => {
    const { daemon, endpoint, hello } = await daemonOf(localHostsFile('echo.mjs'));
    const answer = exchange(endpoint, '');
    // The daemon has taken it when it answers one that came later.
    await connected(endpoint, hello('control'));
    const beganMs = performance.now();
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    expect(performance.now() - beganMs).toBeLessThan(8_000);
    expect(JSON.parse(await answer)).toMatchObject({ ok: false, restart: true, error: { code: 'NO_DAEMON' } });
  });

  it('TERM ends it in order, with calls under way: nothing is left on the host', async () => {
    const file = writeHostsFile({ box: { sshd, servers: { slow: fixture(sshd, 'slow.mjs') } } }).path;
    const { daemon, client, endpoint } = await daemonOf(file);
    const one = await client();
    await offers(one, ['box__slow__never']);
    one.ask('tools/call', { name: 'box__slow__never', arguments: {} });
    await until(() => sshd.programs().some(({ commandLine }) => commandLine.includes('slow.mjs')));
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);
    await one.ended;
    await sshd.quiet();
    expect(existsSync(endpoint.socket)).toBe(false);
  });

  it('a crash leaves a report without secrets, and no process on the host', async () => {
    const servers = { echo: fixture(sshd, 'echo.mjs', [], { env: { TOKEN: '${env:TOK}' } }) };
    const file = writeHostsFile({ box: { sshd, servers } }).path;
    const mine = join(scratch(), 'crash.mjs');
    writeFileSync(
      mine,
      'process.on("SIGUSR2", () => { setImmediate(() => { throw new Error("a defect, with tok-4711"); }); });',
    );
    const { daemon, client, endpoint, sandbox } = await daemonOf(file, { env: { NODE_OPTIONS: `--import=${mine}` } });
    const one = await client({ TOK: 'tok-4711' });
    await offers(one, ['box__echo__where']);
    await callText(one, 'box__echo__where');
    daemon.kill('SIGUSR2');
    expect(await daemon.ended).toBe(1);
    const report = await lastCrash(endpoint.logFolder, file, 0);
    expect(report).toMatchObject({ pid: daemon.pid, origin: 'uncaughtException' });
    expect(report?.message).toBe('a defect, with [redacted]');
    expect(report?.stack).toContain('crash.mjs');
    expect(JSON.stringify(report?.events)).toContain('"host-state"');
    const name = readdirSync(endpoint.logFolder).find((entry) => entry.startsWith('crash-')) ?? '';
    const text = readFileSync(join(endpoint.logFolder, name), 'utf8');
    expect(text).not.toContain('4711');
    const status = await runProgram(['status', '--json', '--config', file], sandbox);
    expect(status.code).toBe(7);
    expect(status.stderr).toContain('crashed at');
    expect(statSync(join(endpoint.logFolder, name)).mode & 0o777).toBe(0o600);
    await sshd.quiet();
  });
});

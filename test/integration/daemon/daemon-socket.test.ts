/** The daemon's socket: what is served there, and by whom of many. */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StatusSnapshot } from '../../../src/api/status.ts';
import { listDaemons } from '../../../src/daemon/daemon-record.ts';
import {
  clientAt,
  connected,
  endpointFor,
  exchange,
  faceAt,
  helloFor,
  servingDaemon,
  startDaemon,
} from '../../harness/daemon-process.ts';
import { writeHostsFile } from '../../harness/hosts-file.ts';
import { initialize } from '../../harness/program.ts';
import { makeSandbox } from '../../harness/sandbox.ts';
import { scratch } from '../../harness/scratch.ts';
import { call, callText, offers, textOf } from '../../harness/tools.ts';
import { daemonOf, localHostsFile, SERVERS } from './kit.ts';

describe('the socket', () => {
  it('serves MCP and the control API, to the user alone', async () => {
    const { endpoint, client, hello, daemon } = await daemonOf(localHostsFile('echo.mjs'));
    expect(statSync(endpoint.socket).mode & 0o777).toBe(0o600);
    expect(statSync(endpoint.folder).mode & 0o777).toBe(0o700);
    const mcp = await client();
    await offers(mcp, ['here__one__echo']);
    const face = await faceAt(endpoint, hello('control'));
    const status: StatusSnapshot = await face.request('status', {});
    expect(status.daemon?.pid).toBe(daemon.pid);
    expect(status.clients.map(({ name }) => name)).toEqual(['raw-client']);
    expect(await listDaemons([endpoint.folder])).toMatchObject([{ pid: daemon.pid, socket: endpoint.socket }]);
  });

  it('a transparent client has one server with nothing renamed; a filtered server is refused', async () => {
    const file = writeHostsFile({
      here: {
        entry: { local: true },
        servers: {
          one: { command: process.execPath, args: [join(SERVERS, 'echo.mjs')] },
          two: { command: process.execPath, args: [join(SERVERS, 'echo.mjs')], tools: { deny: ['raw'] } },
        },
      },
    }).path;
    const { endpoint, hello } = await daemonOf(file);
    const client = clientAt(endpoint, { ...hello('mcp'), transparent: 'here/one' });
    await initialize(client);
    expect(await callText(client, 'echo', { message: 'x' })).toBe('{"message":"x"}');
    const refused = connected(endpoint, { ...hello('mcp'), transparent: 'here/two' });
    await expect(refused).rejects.toMatchObject({ code: 'USAGE', server: 'two' });
  });

  it('what is no hello is told so, and closed', async () => {
    const { endpoint, hello } = await daemonOf(localHostsFile('echo.mjs'));
    const answers = await Promise.all([
      exchange(endpoint, '{"jsonrpc":"2.0","id":1,"method":"initialize"}\n'),
      exchange(endpoint, 'x'.repeat(1024 * 1024 + 1)),
      exchange(endpoint, '{"half":'),
      exchange(endpoint, ''),
    ]);
    const reports = answers.map(
      (text) => JSON.parse(text) as { ok: boolean; error: { code: string; message: string } },
    );
    expect(reports.map(({ ok }) => ok)).toEqual([false, false, false, false]);
    expect(reports.map(({ error }) => error.code)).toEqual(['USAGE', 'MESSAGE_TOO_LARGE', 'USAGE', 'USAGE']);
    expect(reports[3]?.error.message).toContain('within 5 s');
    await connected(endpoint, hello('mcp'));
  });

  it('another version is sent away to start its own', async () => {
    const { endpoint, hello } = await daemonOf(localHostsFile('echo.mjs'));
    const other = connected(endpoint, { ...hello('mcp'), version: '0.0.1' });
    await expect(other).rejects.toMatchObject({ code: 'NO_DAEMON' });
  });

  it('a folder that others can enter gets no hello, which may hold secrets', async () => {
    const file = localHostsFile('echo.mjs');
    const sandbox = makeSandbox();
    const endpoint = endpointFor(file, sandbox);
    mkdirSync(endpoint.folder);
    chmodSync(endpoint.folder, 0o777);
    let heard = '';
    const stranger = createServer((socket) => {
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.toString();
      });
    });
    await new Promise<void>((resolve) => stranger.listen(endpoint.socket, resolve));
    onTestFinished(() => {
      stranger.close();
    });
    const connecting = connected(endpoint, helloFor('mcp', file, sandbox));
    await expect(connecting).rejects.toMatchObject({ code: 'FOLDER_UNUSABLE' });
    expect(heard).toBe('');
  });
});

describe('who serves', () => {
  /** `MCPA_RACE_ROUNDS=100` for the whole proof. */
  const rounds = Number(process.env['MCPA_RACE_ROUNDS'] ?? 1);

  it(
    'of 20 daemons that start over a stale socket, one',
    async () => {
      const file = localHostsFile('echo.mjs');
      const sandbox = makeSandbox();
      const endpoint = endpointFor(file, sandbox);
      // Socket, lock and record of a dead process are what each round finds.
      const dead = await servingDaemon(file, sandbox);
      dead.kill('SIGKILL');
      await dead.ended;
      for (let round = 0; round < rounds; round += 1) {
        expect(existsSync(endpoint.socket)).toBe(true);
        const racers = Array.from({ length: 20 }, () => startDaemon(file, sandbox));
        const said = await Promise.all(racers.map((racer) => racer.said));
        const pids = new Set(said.map((word) => (word.ok ? word.pid : JSON.stringify(word.error))));
        expect(pids.size).toBe(1);
        const winner = racers.find(({ pid }) => pids.has(pid));
        for (const racer of racers) if (racer !== winner) expect(await racer.ended).toBe(0);
        const face = await faceAt(endpoint, helloFor('control', file, sandbox));
        expect((await face.request('status', {})).daemon?.pid).toBe(winner?.pid);
        winner?.kill('SIGKILL');
        expect(await winner?.ended).toBe('SIGKILL');
      }
    },
    30_000 + rounds * 15_000,
  );

  it('one whose socket was taken away leaves it, and another can serve', async () => {
    const file = localHostsFile('slow.mjs');
    const { endpoint, client, daemon, sandbox } = await daemonOf(file);
    const before = await client();
    await offers(before, ['here__one__sleep']);
    const slept = call(before, 'here__one__sleep', { ms: 3_500 });
    rmSync(endpoint.socket);
    const second = await servingDaemon(file, sandbox);
    expect(second.pid).not.toBe(daemon.pid);
    // What was under way is answered by the one that goes.
    expect(textOf(await slept)).toBe('slept 3500 ms');
    expect(await daemon.ended).toBe(0);
    const face = await faceAt(endpoint, helloFor('control', file, sandbox));
    expect((await face.request('status', {})).daemon?.pid).toBe(second.pid);
  });

  it('says why it cannot begin, to who started it and on stderr', async () => {
    const folder = scratch();
    const file = join(folder, 'hosts.yaml');
    writeFileSync(file, 'version: 1\nhosts: { a: { servers: { s: { comand: x } } } }\n');
    const daemon = startDaemon(file, makeSandbox());
    expect(await daemon.said).toMatchObject({ ok: false, error: { code: 'CONFIG_INVALID' } });
    expect(await daemon.ended).toBe(6);
    expect(daemon.stderr()).toContain('comand');
    expect(readdirSync(daemon.endpoint.folder).filter((name) => name.endsWith('.sock'))).toEqual([]);
  });

  it('a hosts file of a working folder must be trusted, though the daemon is told its name', async () => {
    const daemon = startDaemon(localHostsFile('echo.mjs'), makeSandbox(), { args: ['--from-folder'] });
    expect(await daemon.said).toMatchObject({ ok: false, error: { code: 'CONFIG_UNTRUSTED' } });
    expect(await daemon.ended).toBe(6);
  });
});

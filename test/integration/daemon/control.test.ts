/** The control API over the daemon's real socket: what faces that come, go, and do not read are given. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectDaemon, locateDaemon } from '../../../src/daemon/start.ts';
import { programVersion } from '../../../src/gateway/open.ts';
import { openFace } from '../../harness/face.ts';
import { type ServerEntry, writeHostsFile } from '../../harness/hosts-file.ts';
import { makeSandbox } from '../../harness/sandbox.ts';
import { until } from '../../harness/until.ts';

const SERVERS = fileURLToPath(new URL('../../fixtures/servers', import.meta.url));
const slow: ServerEntry = { command: process.execPath, args: [join(SERVERS, 'slow.mjs')] };
const echo: ServerEntry = { command: process.execPath, args: [join(SERVERS, 'echo.mjs')] };

describe('faces of one daemon', () => {
  it('see and cancel the calls of each other, also those from before they came', async () => {
    const [file, sandbox] = [writeHostsFile({ here: { servers: { slow } } }).path, makeSandbox()];
    const caller = await openFace(file, sandbox);
    await caller.request('tools', {});
    const call = caller.request('call', { tool: 'here__slow__never', arguments: {} });
    const failure = call.then(
      () => 'an answer',
      (error: unknown) => String(error),
    );
    await expect.poll(async () => (await caller.request('snapshot', {})).calls).toHaveLength(1);
    const watcher = await openFace(file, sandbox);
    const ended: string[] = [];
    watcher.on('event', ({ event }) => {
      if (event.type === 'call-ended') ended.push(event.outcome);
    });
    await watcher.request('events/subscribe', {});
    const [live] = (await watcher.request('snapshot', {})).calls;
    await watcher.request('call/cancel', { call: live?.call ?? 0 });
    expect(await failure).toContain('cancelled this call');
    await expect.poll(() => ended).toHaveLength(1);
    expect(ended).toEqual(['cancelled']);
  });

  it('that come back after an event get it, by the number they saw last', async () => {
    const [file, sandbox] = [writeHostsFile({ here: { servers: { echo } } }).path, makeSandbox()];
    const steady = await openFace(file, sandbox);
    const first = await openFace(file, sandbox);
    const { sequence, run } = await first.request('snapshot', {});
    await first.close();
    await steady.request('restart', { host: 'here', server: 'echo' });
    const again = await openFace(file, sandbox);
    const types: string[] = [];
    again.on('event', ({ event }) => types.push(event.type));
    expect(await again.request('events/subscribe', { since: sequence, run })).toMatchObject({ resync: false });
    expect(types).toContain('server-state');
  });

  it('that do not read lose events, are told so, and go on from there', async () => {
    const [file, sandbox] = [writeHostsFile({ here: { servers: { echo } } }).path, makeSandbox()];
    const face = await openFace(file, sandbox);
    await face.request('tools', {});
    const { env, home } = sandbox;
    const { endpoint, hello } = await locateDaemon({
      ...{ config: file, env, cwd: home, homeDir: home },
      ...{ platform: process.platform, version: programVersion() },
    });
    const socket = await connectDaemon(endpoint, hello, new AbortController().signal);
    onTestFinished(() => {
      socket.destroy();
    });
    socket.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'events/subscribe', params: {} })}\n`);
    const line = 'x'.repeat(4000);
    // More than a socket's buffers, the feed's share of them, and its queue hold together.
    for (let round = 0; round < 2000; round += 50)
      await Promise.all(
        Array.from({ length: 50 }, () => face.request('call', { tool: 'here__echo__stderr', arguments: { line } })),
      );
    let said = '';
    socket.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-100_000)));
    await until(() => said.includes('"events/resync"'), { what: () => `a resync; got ${said.slice(-500)}` });
    await face.request('call', { tool: 'here__echo__stderr', arguments: { line: 'after all' } });
    await expect.poll(() => said).toContain('after all');
  });
});

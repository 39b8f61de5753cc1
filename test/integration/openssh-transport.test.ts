/** The openssh backend as a transport, on a real sshd. */

import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AnywhereError } from '../../src/base/errors.ts';
import type { Channel, Transport } from '../../src/launch/contract.ts';
import { createOpensshDialer } from '../../src/openssh/dialer.ts';
import { descendants, gone, isAlive } from '../harness/processes.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { collect, hostPlan, never, owned, run, testDeps, text } from './openssh-setup.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

const dial = (): Promise<Transport> => owned(createOpensshDialer(hostPlan(sshd), testDeps()).dial(never));

describe('a program', () => {
  it('gets stdin, and its stdout, stderr and exit code come back apart', async () => {
    const ran = await run(await dial(), 'cat; echo oops >&2; exit 7', 'hello\n');
    expect(ran).toEqual({ output: 'hello\n', errors: 'oops\n', end: { kind: 'exited', code: 7, signal: undefined } });
  });

  it('that a signal ended is told by the signal', async () => {
    const { end } = await run(await dial(), "exec sh -c 'kill -KILL $$'");
    expect(end).toEqual({ kind: 'exited', code: undefined, signal: 'KILL' });
  });

  it('moves 30 MB each way through bounded windows, byte for byte', async () => {
    const bytes = 30 * 1024 * 1024;
    const channel = await (await dial()).exec('cat', never);
    const sent = Buffer.alloc(64 * 1024, 'abcdefgh');
    const reading = count(channel);
    for (let left = bytes; left > 0; left -= sent.length)
      if (!channel.input.write(sent)) await once(channel.input, 'drain');
    channel.input.end();
    expect(await reading).toEqual({ bytes, intact: true });
  });

  it('that nobody reads is held up, and nothing is lost when the reading begins', async () => {
    const transport = await dial();
    const channel = await transport.exec('head -c 20000000 /dev/zero', never);
    const window = 2 * 1024 * 1024;
    await expect.poll(() => channel.output.readableLength).toBeGreaterThanOrEqual(window);
    // Whatever else had been sent would have come before the answers to these.
    for (let index = 0; index < 3; index++) await run(transport, 'true');
    expect(channel.output.readableLength).toBe(window);
    expect((await count(channel)).bytes).toBe(20_000_000);
  });

  it('gets EOF when its channel is closed', async () => {
    const channel = await (await dial()).exec('cat >/dev/null; echo closed > seen-eof', never);
    channel.close();
    expect(await channel.ended).toEqual({ kind: 'closed' });
    const transport = await dial();
    await expect.poll(async () => (await run(transport, 'cat seen-eof')).output).toBe('closed\n');
  });

  it('that runs beside nine others keeps its own bytes', async () => {
    const transport = await dial();
    const names = Array.from({ length: 10 }, (_, index) => `n${index}`);
    const outputs = await Promise.all(names.map(async (name) => (await run(transport, 'cat', name)).output));
    expect(outputs).toEqual(names);
  });
});

describe('a connection', () => {
  it('is named by the fingerprint of its host key', async () => {
    expect((await dial()).identity).toBe(sshd.hostKeys[0]?.fingerprint);
  });

  it.each([1, 2])('with MaxSessions %i refuses the next session and lives on', async (maxSessions) => {
    const small = await startSshd({ maxSessions });
    onTestFinished(() => small.stop());
    const transport = await owned(createOpensshDialer(hostPlan(small), testDeps()).dial(never));
    const held: Channel[] = [];
    for (let index = 0; index < maxSessions; index++) held.push(await transport.exec('cat', never));
    await expect(transport.exec('cat', never)).rejects.toMatchObject({ code: 'CHANNEL_REFUSED', host: 'box' });
    held[0]?.input.end();
    await held[0]?.ended;
    await until(async () => {
      try {
        return (await run(transport, 'echo again')).output === 'again\n';
      } catch (error) {
        if (error instanceof AnywhereError && error.code === 'CHANNEL_REFUSED') return false;
        throw error;
      }
    });
  });

  it('tunnels to a port of that machine, both ways, and says when nothing listens', async () => {
    const echo = createServer((socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void echo.close());
    const port = (echo.address() as { port: number }).port;
    const transport = await dial();
    const tunnel = await transport.tunnel({ host: '127.0.0.1', port }, never);
    tunnel.end('through');
    expect(await text(tunnel)).toBe('through');
    await expect(transport.tunnel({ host: '127.0.0.1', port: 1 }, never)).rejects.toMatchObject({
      code: 'CHANNEL_REFUSED',
    });
  });

  it('opens a subsystem, and refuses one that is not there', async () => {
    const own = await startSshd({ config: ['Subsystem greet /bin/echo hello'] });
    onTestFinished(() => own.stop());
    const transport = await owned(createOpensshDialer(hostPlan(own), testDeps()).dial(never));
    expect((await collect(await transport.subsystem('greet', never))).output).toBe('hello\n');
    await expect(transport.subsystem('absent', never)).rejects.toMatchObject({ code: 'CHANNEL_REFUSED' });
  });

  it('that dies under its channels is told everywhere', async () => {
    const own = await startSshd();
    onTestFinished(() => own.stop());
    const deps = testDeps();
    const transport = await createOpensshDialer(hostPlan(own), deps).dial(never);
    const channel = await transport.exec('cat', never);
    await own.halt();
    expect(await transport.ended).toMatchObject({ cause: { code: 'LINK_LOST', host: 'box' } });
    expect(await channel.ended).toMatchObject({ kind: 'lost', cause: { code: 'LINK_LOST' } });
    expect(channel.dead).toBe(true);
    const failed = await new Promise((resolve) => channel.input.write('x', resolve));
    expect(failed).toBeInstanceOf(Error);
    await expect(transport.exec('cat', never)).rejects.toMatchObject({ code: 'LINK_LOST' });
    await expect.poll(() => readdirSync(deps.runtimeDir)).toHaveLength(0);
    await gone(() =>
      descendants(process.pid).filter((one) => one.name === 'ssh' && one.commandLine.includes(own.alias)),
    );
  });

  it('closes in order: the channels, the master, its folder', async () => {
    const deps = testDeps();
    const transport = await createOpensshDialer(hostPlan(sshd), deps).dial(never);
    const channel = await transport.exec('cat', never);
    const masters = descendants(process.pid).filter((one) => one.commandLine.includes(deps.runtimeDir));
    expect(masters.map((one) => one.name)).toContain('ssh');
    await transport.close();
    expect(await channel.ended).toEqual({ kind: 'closed' });
    expect(readdirSync(deps.runtimeDir)).toEqual([]);
    await gone(() => masters.filter((one) => isAlive(one.pid)));
  });

  it('destroyed ends at once with the given cause', async () => {
    const transport = await createOpensshDialer(hostPlan(sshd), testDeps()).dial(never);
    const channel = await transport.exec('cat', never);
    const cause = new AnywhereError('LINK_LOST', 'silent for too long', { host: 'box' });
    transport.destroy(cause);
    expect(channel.dead).toBe(true);
    expect(await channel.ended).toEqual({ kind: 'lost', cause });
    expect(await transport.ended).toEqual({ cause });
  });
});

describe('an abort', () => {
  it('ends a dial and everything of it', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const port = (silent.address() as { port: number }).port;
    const deps = testDeps();
    const abort = new AbortController();
    const dialing = createOpensshDialer(hostPlan(sshd, { port }), deps).dial(abort.signal);
    dialing.catch(() => undefined);
    await until(() =>
      descendants(process.pid).some((one) => one.name === 'ssh' && one.commandLine.includes(deps.runtimeDir)),
    );
    abort.abort(new AnywhereError('CANCELLED', 'not needed any more'));
    await expect(dialing).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(readdirSync(deps.runtimeDir)).toEqual([]);
    await gone(() => descendants(process.pid).filter((one) => one.commandLine.includes(deps.runtimeDir)));
  });

  it('before an answer rejects the open and gives its session back', async () => {
    const small = await startSshd({ maxSessions: 1 });
    onTestFinished(() => small.stop());
    const transport = await owned(createOpensshDialer(hostPlan(small), testDeps()).dial(never));
    const abort = new AbortController();
    const opening = transport.exec('cat', abort.signal);
    abort.abort(new AnywhereError('CANCELLED', 'not needed any more'));
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
    await until(async () =>
      run(transport, 'echo free').then(
        (ran) => ran.output === 'free\n',
        () => false,
      ),
    );
  });
});

async function count(channel: Channel): Promise<{ bytes: number; intact: boolean }> {
  let bytes = 0;
  let intact = true;
  for await (const part of channel.output as AsyncIterable<Buffer>) {
    if (part[0] !== 0 && part[0] !== 'abcdefgh'.charCodeAt(bytes % 8)) intact = false;
    bytes += part.length;
  }
  return { bytes, intact };
}

/** Programs over a real ssh2 connection: their bytes, their end, and the end of the line under them. */
import type { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AnywhereError } from '../../src/base/errors.ts';
import { startProxy } from '../harness/proxy.ts';
import { type Sshd, startSshd } from '../harness/sshd.ts';
import { until } from '../harness/until.ts';
import { dial, hostOf, knownAt, never, run, testDeps, textOf } from './ssh2-kit.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd();
});
afterAll(() => sshd.stop());

describe('a program', () => {
  it('speaks on stdout and stderr apart and ends with its exit code', async () => {
    const transport = await dial(hostOf(sshd));
    const { channel, out, err } = await run(transport, 'echo out; echo err >&2; exit 7');
    expect({ out, err }).toEqual({ out: 'out\n', err: 'err\n' });
    expect(await channel.ended).toEqual({ kind: 'exited', code: 7, signal: undefined });
    expect(channel.dead).toBe(false);
    expect(transport.identity).toBe(sshd.hostKeys[0]?.fingerprint);
    await transport.close();
  });

  it('names the signal that ended it', async () => {
    const transport = await dial(hostOf(sshd));
    const { channel } = await run(transport, 'kill -KILL $$');
    expect(await channel.ended).toEqual({ kind: 'exited', code: undefined, signal: 'KILL' });
    await transport.close();
  });

  it('gets every byte in order, also in pieces of any size, and echoes them back', async () => {
    const transport = await dial(hostOf(sshd));
    const channel = await transport.exec('cat', never());
    const sent = Buffer.alloc(9 * 1024 * 1024);
    for (let at = 0; at < sent.length; at += 4) sent.writeUInt32BE(at, at);
    let at = 0;
    const sizes = [1, 7, 100, 40_000, 700_000, 3];
    const pieces: Buffer[] = [];
    for (let index = 0; at < sent.length; index++) {
      const size = sizes[index % sizes.length] ?? 1;
      pieces.push(sent.subarray(at, at + size));
      at += size;
    }
    for (const piece of pieces) channel.input.write(piece);
    channel.input.end();
    const chunks: Buffer[] = [];
    for await (const chunk of channel.output) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(sent)).toBe(true);
    expect(await channel.ended).toMatchObject({ kind: 'exited', code: 0 });
    await transport.close();
  });

  it('speaks on while both sides agree on other keys, again and again', async () => {
    const rekeying = await startSshd({ config: ['RekeyLimit 64K'] });
    const transport = await dial(hostOf(rekeying));
    const channel = await transport.exec('cat', never());
    let echoed = '';
    channel.output.on('data', (chunk: Buffer) => {
      echoed += chunk.toString('latin1');
    });
    let sent = '';
    for (let length = 0; length < 600; length += 1) {
      const line = `${'x'.repeat(length)}\n`;
      sent += line;
      channel.input.write(Buffer.from(line));
      if (length % 50 === 0) await until(() => echoed.length === sent.length);
    }
    await until(() => echoed.length === sent.length);
    expect(echoed).toBe(sent);
    await transport.close();
    await rekeying.stop();
  });

  it('is not stopped by stderr that nobody reads', async () => {
    const transport = await dial(hostOf(sshd));
    const channel = await transport.exec('head -c 8000000 /dev/zero >&2; echo done', never());
    expect(await textOf(channel.output)).toBe('done\n');
    expect(channel.errors.readableLength).toBeLessThan(1_200_000);
    await transport.close();
  });

  it('is held back when nobody reads its stdout', async () => {
    const transport = await dial(hostOf(sshd));
    const channel = await transport.exec('head -c 50000000 /dev/zero; echo >&2 all', never());
    await expect.poll(() => channel.output.readableLength).toBeGreaterThanOrEqual(256 * 1024);
    // Another program starts, runs and ends meanwhile: the line itself is free.
    expect((await run(transport, 'echo free')).out).toBe('free\n');
    expect(channel.errors.readableLength).toBe(0);
    let length = 0;
    for await (const chunk of channel.output) length += (chunk as Buffer).length;
    expect(length).toBe(50_000_000);
    expect(await textOf(channel.errors)).toBe('all\n');
    await transport.close();
  });

  it('gets EOF and a closed channel on close, and ended says so once', async () => {
    const transport = await dial(hostOf(sshd));
    const channel = await transport.exec('cat; echo over > $HOME/over', never());
    channel.input.write('x');
    await new Promise((resolve) => channel.output.once('data', resolve));
    channel.close();
    expect(await channel.ended).toEqual({ kind: 'closed' });
    await expect.poll(async () => (await run(transport, 'cat $HOME/over 2>/dev/null')).out).toBe('over\n');
    await expect(written(channel.input)).rejects.toThrow();
    await transport.close();
  });
});

describe('when the connection dies', () => {
  it('pending and later writes fail and every channel is lost', async () => {
    const proxy = await startProxy({ to: sshd.port });
    const transport = await dial(
      hostOf(sshd, { port: proxy.port, host: '127.0.0.1', knownHostsFiles: [knownAt(sshd, proxy.port)] }),
    );
    const channel = await transport.exec('sleep 1000', never());
    // More than the window of the channel: some of it waits here.
    const pending = written(channel.input, Buffer.alloc(5_000_000));
    await proxy.reset();
    await expect(pending).rejects.toMatchObject({ code: 'LINK_LOST' });
    expect(await channel.ended).toMatchObject({ kind: 'lost', cause: { code: 'LINK_LOST' } });
    expect(channel.dead).toBe(true);
    await expect(written(channel.input)).rejects.toThrow();
    expect((await transport.ended).cause.code).toBe('LINK_LOST');
    await expect(transport.exec('true', never())).rejects.toMatchObject({ code: 'LINK_LOST' });
    await proxy.stop();
  });

  it('notices sshd being killed', async () => {
    const transport = await dial(hostOf(sshd));
    const channel = await transport.exec('sleep 1000', never());
    for (const pid of sshd.sessions()) process.kill(pid, 'SIGKILL');
    expect(await channel.ended).toMatchObject({ kind: 'lost' });
    await transport.ended;
  });

  it('a channel whose program had ended is not lost', async () => {
    const transport = await dial(hostOf(sshd));
    const { channel } = await run(transport, 'true');
    expect(await channel.ended).toMatchObject({ kind: 'exited', code: 0 });
    transport.destroy(new AnywhereError('LINK_LOST', 'gone'));
    await transport.ended;
    expect(channel.dead).toBe(false);
    await expect(written(channel.input)).rejects.toThrow();
  });
});

describe('refusals', () => {
  it('past MaxSessions it is CHANNEL_REFUSED and the connection stays usable', async () => {
    const one = await startSshd({ maxSessions: 1 });
    try {
      const deps = testDeps();
      for (const round of ['first contact', 'known host']) {
        const transport = await dial(hostOf(one), deps);
        const first = await transport.exec('cat', never());
        await expect(transport.exec('cat', never()), round).rejects.toMatchObject({
          code: 'CHANNEL_REFUSED',
          host: 'box',
        });
        first.input.end('still there');
        expect(await textOf(first.output)).toBe('still there');
        await first.ended;
        await until(async () => {
          const again = await run(transport, 'echo again').catch(() => undefined);
          return again?.out === 'again\n';
        });
        await transport.close();
      }
    } finally {
      await one.stop();
    }
  });

  it('a subsystem that is not there is CHANNEL_REFUSED', async () => {
    const transport = await dial(hostOf(sshd));
    await expect(transport.subsystem('nothing', never())).rejects.toMatchObject({ code: 'CHANNEL_REFUSED' });
    expect((await run(transport, 'echo fine')).out).toBe('fine\n');
    await transport.close();
  });

  it('a subsystem that is there speaks', async () => {
    const sub = await startSshd({ config: ['Subsystem echo /bin/cat'] });
    try {
      const transport = await dial(hostOf(sub));
      const channel = await transport.subsystem('echo', never());
      channel.input.end('hello');
      expect(await textOf(channel.output)).toBe('hello');
      await transport.close();
    } finally {
      await sub.stop();
    }
  });
});

describe('a tunnel', () => {
  it('carries bytes both ways, and a port where nobody listens is refused', async () => {
    const transport = await dial(hostOf(sshd));
    const tunnel = await transport.tunnel({ host: '127.0.0.1', port: sshd.port }, never());
    const greeting = await new Promise<Buffer>((resolve) => tunnel.once('data', resolve));
    expect(greeting.toString()).toMatch(/^SSH-2.0-/);
    tunnel.destroy();
    await expect(transport.tunnel({ host: '127.0.0.1', port: 1 }, never())).rejects.toMatchObject({
      code: 'CHANNEL_REFUSED',
    });
    await transport.close();
  });
});

/** Rejects when the write fails. */
function written(input: Writable, bytes: Buffer = Buffer.from('x')): Promise<void> {
  return new Promise((resolve, reject) => {
    input.write(bytes, (error) => {
      if (error === undefined || error === null) resolve();
      else reject(error);
    });
  });
}

/** What every kind of link does, written once. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { LaunchedChannel, Link, LinkChange } from '../../src/link/contract.ts';
import { until } from '../harness/until.ts';
import { errorsOf, fixtureLaunch, launchOf, NEVER, outputOf, said } from '../integration/launch-support.ts';

export interface ContractMachine {
  /** An idle link to it, which the suite closes. */
  link(): Link;
  /** Folder of the fixture servers there. */
  readonly servers: string;
  /** Ends every connection from outside. */
  cut(): Promise<void>;
  /** How many programs of ours run there. */
  programs(): number;
  stop(): Promise<void>;
}

/** `line`: whether there is a line that can be cut. */
export function linkContract(name: string, line: boolean, makeMachine: () => Promise<ContractMachine>): void {
  describe(`link contract: ${name}`, () => {
    let machine: ContractMachine;

    beforeAll(async () => {
      machine = await makeMachine();
    });

    afterAll(async () => {
      await machine.stop();
    });

    function link(): Link {
      const made = machine.link();
      onTestFinished(() => made.close());
      return made;
    }

    it('goes from idle over connecting to ready, and ends closed', async () => {
      const one = link();
      const changes: LinkChange[] = [];
      const off = one.onChange((change) => changes.push(change));
      expect(one.state.kind).toBe('idle');
      expect(one.connections).toBe(0);
      await one.ready(NEVER);
      expect(one.connections).toBe(1);
      await one.close();
      off();
      expect(changes.map(({ to }) => to.kind)).toEqual(['connecting', 'ready', 'closed']);
      expect(changes.every(({ reason }) => reason !== '')).toBe(true);
      await expect(one.open(launchOf('true'), NEVER)).rejects.toMatchObject({ code: 'LINK_LOST' });
    });

    it('carries every byte in both directions, and stderr apart', async () => {
      const bytes = randomBytes(3 * 1024 * 1024);
      const channel = await link().open(launchOf('sh', ['-c', 'echo apart >&2; cat']), NEVER);
      const errors = errorsOf(channel);
      channel.input.end(bytes);
      const chunks: Buffer[] = [];
      for await (const chunk of channel.output) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
      expect(await errors).toContain('apart\n');
      expect(await channel.ended).toEqual({ kind: 'exited', code: 0, signal: undefined });
    });

    it.each([
      [7, 'exit 7'],
      [137, 'kill -KILL $$'],
      [143, 'kill -TERM $$'],
    ])('keeps exit code %d', async (code, script) => {
      const channel = await link().open(launchOf('sh', ['-c', script]), NEVER);
      await outputOf(channel);
      expect(await channel.ended).toMatchObject({ kind: 'exited', code });
    });

    it('tells who the program is before its first byte', async () => {
      const channel = await link().open(launchOf('sh', ['-c', 'echo hello; cat']), NEVER);
      const first = once(channel.output, 'data');
      const started = await channel.started;
      expect(started?.pid).toBeGreaterThan(1);
      expect(String((await first)[0])).toBe('hello\n');
      expect(channel.failure).toBeUndefined();
    });

    it('runs several programs on one connection', async () => {
      const one = link();
      const numbers = [1, 2, 3, 4, 5];
      const texts = await Promise.all(
        numbers.map(async (n) => outputOf(await one.open(launchOf('echo', [String(n)]), NEVER))),
      );
      expect(texts).toEqual(numbers.map((n) => `${String(n)}\n`));
      expect(one.connections).toBe(1);
    });

    it('names a missing command', async () => {
      const channel = await link().open(launchOf('no-such-command-here'), NEVER);
      expect(await channel.started).toBeUndefined();
      expect(channel.failure).toMatchObject({ code: 'COMMAND_NOT_FOUND' });
      await outputOf(channel);
      expect(await channel.ended).toMatchObject({ kind: 'exited', code: 127 });
    });

    it('holds a program back that writes more than is read', async () => {
      const channel = await link().open(
        launchOf('sh', ['-c', 'head -c 200000000 /dev/zero; echo wrote >&2; cat']),
        NEVER,
      );
      let written = false;
      channel.errors.on('data', (chunk: Buffer) => {
        written ||= chunk.toString().includes('wrote');
      });
      await channel.started;
      await until(() => channel.output.readableLength > 0);
      expect(channel.output.readableLength).toBeLessThan(16 * 1024 * 1024);
      expect(written).toBe(false);
      channel.output.resume();
      await until(() => written, { withinMs: 20_000 });
    });

    it('gives every byte to a reader that pauses again and again', async () => {
      const total = 12_000_000;
      const channel = await link().open(launchOf('sh', ['-c', `head -c ${total} /dev/zero`]), NEVER);
      let read = 0;
      channel.output.on('data', (chunk: Buffer) => {
        read += chunk.length;
        channel.output.pause();
        setImmediate(() => channel.output.resume());
      });
      await expect.poll(() => read, { timeout: 20_000 }).toBe(total);
    });

    it('tells a writer to wait when the program does not read', async () => {
      const channel = await link().open(fixtureLaunch(machine.servers, 'stubborn.sh'), NEVER);
      await said(channel, 'up');
      channel.input.on('error', () => undefined);
      const block = Buffer.alloc(256 * 1024);
      let accepted = 0;
      while (channel.input.write(block) && accepted < 400) accepted += 1;
      expect(accepted).toBeLessThan(400);
    });

    it('ends with `closed` when we close, and the program goes', async () => {
      const one = link();
      const before = machine.programs();
      const channel = await one.open(launchOf('sh', ['-c', 'echo up; cat']), NEVER);
      await said(channel, 'up');
      channel.close();
      channel.close();
      expect(await channel.ended).toEqual({ kind: 'closed' });
      await one.close();
      await until(() => machine.programs() <= before);
    });

    it('opens nothing for a signal that was aborted', async () => {
      const opening = link().open(launchOf('cat'), AbortSignal.abort(new Error('not wanted')));
      await expect(opening).rejects.toThrow('not wanted');
    });

    it('tunnels to a port there, and says when nothing listens', async () => {
      const server = createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
      onTestFinished(() => {
        server.close();
      });
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const one = link();
      const stream = await one.tunnel({ host: '127.0.0.1', port }, NEVER);
      stream.write('through');
      expect(String((await once(stream, 'data'))[0])).toBe('through');
      stream.destroy();
      await expect(one.tunnel({ host: '127.0.0.1', port: 1 }, NEVER)).rejects.toMatchObject({ name: 'AnywhereError' });
    });

    if (!line) return;

    it('fails what runs when the line is cut, and comes back', async () => {
      const one = link();
      const channel = await one.open(launchOf('sh', ['-c', 'echo up; cat']), NEVER);
      await said(channel, 'up');
      await machine.cut();
      expect(await channel.ended).toMatchObject({ kind: 'lost', cause: { name: 'AnywhereError' } });
      expect(channel.dead).toBe(true);
      await expectWriteFails(channel);
      await until(() => one.state.kind === 'ready', { what: () => `ready, but ${one.state.kind}` });
      expect(await outputOf(await one.open(launchOf('echo', ['back']), NEVER))).toBe('back\n');
    });
  });
}

async function expectWriteFails(channel: LaunchedChannel): Promise<void> {
  channel.input.on('error', () => undefined);
  const error = await new Promise<Error | null | undefined>((resolve) => {
    channel.input.write('lost', resolve);
  });
  expect(error).toBeInstanceOf(Error);
}

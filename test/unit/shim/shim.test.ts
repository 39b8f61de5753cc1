/** The shim between streams and a real socket whose other end the test plays. */
import { createServer, connect as dial, type Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { DRAINING_LINE } from '../../../src/daemon/hello.ts';
import { runShim } from '../../../src/shim/shim.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { scratch } from '../../harness/scratch.ts';
import { until } from '../../harness/until.ts';

type Json = Readonly<Record<string, unknown>>;

interface DaemonEnd {
  readonly socket: Socket;
  readonly lines: () => Json[];
  readonly say: (message: Json) => void;
}

/** Every connection of the shim, from the first; each is read unless `isDeaf`. */
async function start({
  isDeaf = false,
  isOrderly = false,
  refuse,
}: {
  isDeaf?: boolean;
  isOrderly?: boolean;
  refuse?: () => AnywhereError | undefined;
} = {}) {
  const path = join(scratch(), 'daemon.sock');
  const daemons: DaemonEnd[] = [];
  const server = createServer((socket) => {
    let text = '';
    socket.on('error', () => undefined);
    if (!isDeaf) socket.on('data', (chunk) => (text += chunk.toString()));
    daemons.push({
      socket,
      lines: () =>
        text
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line) as Json),
      say: (message) => socket.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`),
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const clock = new ManualClock();
  const input = new PassThrough();
  const output = new PassThrough();
  const ended = runShim({
    input,
    output,
    clock,
    random: () => 0,
    connect: async () => {
      const error = refuse?.();
      if (error !== undefined) throw error;
      const socket = dial(path);
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.once('connect', resolve));
      return socket;
    },
    wasStopped: () => isOrderly,
    stopped: new Promise(() => undefined),
  });
  onTestFinished(async () => {
    input.destroy();
    for (const { socket } of daemons) socket.destroy();
    await ended.catch(() => undefined);
    server.close();
  });
  const send = (message: Json): boolean => input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  /** A delay of none takes the clock's permission all the same. */
  const daemon = (index: number): Promise<DaemonEnd> =>
    until(
      () => {
        clock.advance(0);
        return daemons[index];
      },
      { what: `daemon ${index}` },
    );
  return { input, output, clock, ended, daemons, daemon, send, server };
}

function textOf(output: PassThrough): () => string {
  const chunks: Buffer[] = [];
  output.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}

const CALL = { id: 5, method: 'tools/call', params: { name: 'a__b__c' } };
const MEGABYTE = 1024 * 1024;

describe('a client that has closed its end', () => {
  it('is told after 30 s that an outcome is unknown, and then the shim ends', async () => {
    const { input, output, clock, ended, daemon, send } = await start();
    const text = textOf(output);
    send(CALL);
    const first = await daemon(0);
    await expect.poll(() => first.lines()).toHaveLength(1);
    input.end();
    await expect.poll(() => clock.pending, { message: 'the limit' }).toBe(1);
    clock.advance(29_999);
    expect(text()).toBe('');
    expect(first.socket.readableEnded).toBe(false);
    clock.advance(1);
    await expect.poll(() => text()).toContain('outcome unknown');
    expect(JSON.parse(text())).toMatchObject({ id: 5 });
    await expect.poll(() => first.socket.readableEnded).toBe(true);
    first.socket.end();
    await ended;
  });

  it('is answered until then, and the shim ends with the last answer', async () => {
    const { input, output, clock, ended, daemon, send } = await start();
    const text = textOf(output);
    send(CALL);
    const first = await daemon(0);
    await expect.poll(() => first.lines()).toHaveLength(1);
    input.end();
    await expect.poll(() => clock.pending, { message: 'the limit' }).toBe(1);
    clock.advance(29_000);
    first.say({ id: 5, result: { late: true } });
    await expect.poll(() => text()).toContain('"late":true');
    first.socket.end();
    await ended;
    expect(text()).not.toContain('outcome unknown');
  });
});

it('passes large results on whole, as they are read, and keeps no more than one', async () => {
  const { output, daemon, send } = await start();
  send(CALL);
  const { socket } = await daemon(0);
  const chunk = Buffer.alloc(MEGABYTE, 'x');
  const head = '{"jsonrpc":"2.0","id":5,"result":{"t":"';
  for (let result = 0; result < 5; result += 1) {
    socket.write(head);
    for (let index = 0; index < 10; index += 1) socket.write(chunk);
    socket.write('"}}\n');
  }
  // Nobody reads yet: all but the first of them stay with their sender.
  await expect.poll(() => output.readableLength, { message: 'a first part' }).toBeGreaterThan(0);
  let left = -1;
  await until(() => left === (left = socket.writableLength), { everyMs: 100, what: 'the flow to stand still' });
  expect(left).toBeGreaterThan(36 * MEGABYTE);
  let size = 0;
  output.on('data', (part: Buffer) => {
    size += part.length;
  });
  await until(() => size === 5 * (head.length + 10 * MEGABYTE + 4), { what: () => `all of it; got ${size} bytes` });
});

it('reads no faster from the client than the daemon does', async () => {
  const { input, daemon } = await start({ isDeaf: true });
  const { socket } = await daemon(0);
  const line = `{"jsonrpc":"2.0","method":"x","params":"${'y'.repeat(100_000)}"}\n`;
  let sent = 0;
  const push = (): void => {
    for (let goesOn = true; goesOn && sent < 300; sent += 1) goesOn = input.write(line);
  };
  input.on('drain', push);
  push();
  await until(() => input.isPaused(), { what: 'the client to be held up' });
  expect(sent).toBeLessThan(100);
  socket.resume();
  await expect.poll(() => sent, { message: 'all to be taken' }).toBe(300);
});

it.each([
  ['short', 10],
  ['long', 400_000],
])('shows nothing of half a line that is %s, and answers its request', async (_length, size) => {
  const { output, daemon, send } = await start();
  const text = textOf(output);
  send(CALL);
  const first = await daemon(0);
  await expect.poll(() => first.lines()).toHaveLength(1);
  first.socket.write(
    `{"jsonrpc":"2.0","method":"notifications/x"}\n{"jsonrpc":"2.0","id":5,"result":{"t":"${'x'.repeat(size)}`,
  );
  await expect.poll(() => text()).toContain('notifications/x');
  first.socket.destroy();
  await expect.poll(() => text()).toContain('outcome unknown');
  expect(text()).not.toContain('"t"');
  (await daemon(1)).say({ method: 'notifications/y' });
  await expect.poll(() => text()).toContain('notifications/y');
  for (const line of text().trimEnd().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow();
});

it('keeps what the client says while no daemon is there, and says what stood before first', async () => {
  const { output, daemon, send } = await start();
  const text = textOf(output);
  send({ id: 1, method: 'initialize', params: {} });
  const first = await daemon(0);
  await expect.poll(() => first.lines()).toHaveLength(1);
  first.say({ id: 1, result: {} });
  send({ method: 'notifications/initialized' });
  send({ ...CALL, id: 4 });
  await expect.poll(() => first.lines()).toHaveLength(3);
  first.socket.destroy();
  // The manual clock holds the delay before the next one.
  await expect.poll(() => text()).toContain('outcome unknown');
  send(CALL);
  const second = await daemon(1);
  await expect.poll(() => second.lines()).toHaveLength(1);
  expect(second.lines()[0]).toMatchObject({ method: 'initialize' });
  second.say({ id: second.lines()[0]?.['id'], result: {} });
  await expect.poll(() => second.lines()).toHaveLength(3);
  expect(second.lines().slice(1)).toMatchObject([{ method: 'notifications/initialized' }, CALL]);
  second.say({ id: 5, result: { ok: true } });
  await expect.poll(() => text()).toContain('"ok":true');
  expect(
    text()
      .split('\n')
      .filter((line) => line.includes('"result"')),
  ).toHaveLength(3);
});

it('throws away the rest of a long request whose beginning went to a daemon that is gone', async () => {
  const { input, output, daemon } = await start();
  const text = textOf(output);
  input.write(`{"method":"tools/call","params":{"name":"a","arguments":"${'x'.repeat(400_000)}`);
  const first = await daemon(0);
  first.socket.destroy();
  await until(() => first.socket.destroyed);
  const second = await daemon(1);
  input.write('xx"},"jsonrpc":"2.0","id":9}\n{"jsonrpc":"2.0","id":10,"method":"ping"}\n');
  await expect.poll(() => text()).toContain('\n');
  expect(JSON.parse(text().trimEnd())).toMatchObject({ id: 9, result: { isError: true } });
  await expect.poll(() => second.lines()).toHaveLength(1);
  expect(second.lines()).toMatchObject([{ id: 10, method: 'ping' }]);
});

it('gives up on daemons that crash again and again, and says so to whoever asks', async () => {
  const { output, clock, daemons, send, server } = await start();
  const text = textOf(output);
  server.on('connection', (socket: Socket) => setImmediate(() => socket.destroy()));
  await until(
    () => {
      clock.advance(1000);
      return daemons.length === 6;
    },
    { everyMs: 5, what: 'six daemons' },
  );
  await expect.poll(() => daemons[5]?.socket.destroyed).toBe(true);
  send(CALL);
  await until(() => text().includes('(NO_DAEMON)') || text().includes('times in a row'), { what: 'the reason' });
  expect(daemons).toHaveLength(6);
});

it('rests where the daemon was stopped, until the client wants something', async () => {
  const { daemon, daemons, send, clock } = await start({ isOrderly: true });
  (await daemon(0)).socket.end();
  await expect.poll(() => daemons[0]?.socket.destroyed).toBe(true);
  clock.advance(60_000);
  expect(daemons).toHaveLength(1);
  send(CALL);
  const second = await daemon(1);
  await expect.poll(() => second.lines()).toHaveLength(1);
  expect(second.lines()).toMatchObject([CALL]);
});

it('tells a client that asks later why no daemon could be started, and ends with it', async () => {
  const error = new AnywhereError('CONFIG_INVALID', 'The hosts file has mistakes.');
  const { output, ended, send, clock } = await start({ refuse: () => error });
  const text = textOf(output);
  const outcome = ended.catch((reason: unknown) => reason);
  await until(() => send({ id: 1, method: 'initialize', params: {} }));
  await expect.poll(() => text()).toContain('\n');
  expect(JSON.parse(text())).toMatchObject({ id: 1, error: { data: { code: 'CONFIG_INVALID' } } });
  clock.advance(0);
  expect(await outcome).toBe(error);
});

describe('when the daemon says that it is on its way out', () => {
  const NEXT = { id: 6, method: 'tools/call', params: { name: 'a__b__d' } };

  /** A call is under way, and the daemon drains. */
  async function draining() {
    const talk = await start();
    const text = textOf(talk.output);
    talk.send(CALL);
    const first = await talk.daemon(0);
    await until(() => first.lines().length === 1);
    first.socket.write(`${DRAINING_LINE}\n{"jsonrpc":"2.0","method":"notifications/seen"}\n`);
    await until(() => text().includes('notifications/seen'));
    return { ...talk, text, first };
  }

  it('what is asked from then on waits for the next one, and nobody hears of it', async () => {
    const { send, text, first, daemon, daemons } = await draining();
    send(NEXT);
    send({ id: 7, method: 'ping' });
    await expect.poll(() => first.lines()).toHaveLength(2);
    expect(first.lines()).toMatchObject([CALL, { method: 'ping' }]);
    expect(first.socket.readableEnded).toBe(false);
    first.say({ id: 7, result: {} });
    first.say({ id: 5, result: { first: true } });
    // Its end: with the last answer, and not before.
    await until(() => first.socket.readableEnded, { what: 'the shim to leave' });
    expect(daemons).toHaveLength(1);
    const second = await daemon(1);
    await expect.poll(() => second.lines()).toHaveLength(1);
    expect(second.lines()).toEqual([{ jsonrpc: '2.0', ...NEXT }]);
    second.say({ id: 6, result: { second: true } });
    await expect.poll(() => text()).toContain('"second"');
    expect(first.lines()).toHaveLength(2);
    expect(text()).not.toContain('outcome unknown');
    expect(text()).not.toContain('draining');
  });

  it('what was on its way to it when it said so is its own to answer', async () => {
    const { send, daemon } = await start();
    const first = await daemon(0);
    // It has said so, and the shim has not read it yet.
    first.socket.write(`${DRAINING_LINE}\n`);
    send(CALL);
    await until(() => first.lines().length === 1 || first.socket.readableEnded);
    if (first.lines().length === 1) {
      expect(first.socket.readableEnded).toBe(false);
      first.say({ id: 5, result: {} });
    }
    await until(() => first.socket.readableEnded);
  });

  it('a client that has nothing under way leaves at once, and comes back when it wants something', async () => {
    const { send, daemon, daemons, clock } = await start();
    const first = await daemon(0);
    first.socket.write(`${DRAINING_LINE}\n`);
    await until(() => first.socket.readableEnded);
    await until(() => first.socket.destroyed);
    clock.advance(60_000);
    expect(daemons).toHaveLength(1);
    send(CALL);
    const second = await daemon(1);
    await expect.poll(() => second.lines()).toHaveLength(1);
  });

  it('a call that is cancelled while it waits is asked of nobody; answers and cancellations go to who has the call', async () => {
    const { send, first, daemon } = await draining();
    send({ ...NEXT, id: 9 });
    first.say({ id: 'r', method: 'roots/list' });
    send(NEXT);
    send({ method: 'notifications/cancelled', params: { requestId: 6 } });
    send({ id: 'r', result: { roots: [] } });
    await expect.poll(() => first.lines()).toHaveLength(2);
    expect(first.lines()[1]).toMatchObject({ id: 'r', result: { roots: [] } });
    send({ method: 'notifications/cancelled', params: { requestId: 5 } });
    await until(() => first.socket.readableEnded);
    expect(first.lines()[2]).toMatchObject({ method: 'notifications/cancelled', params: { requestId: 5 } });
    const second = await daemon(1);
    await expect.poll(() => second.lines()).toHaveLength(1);
    send({ id: 10, method: 'ping' });
    await expect.poll(() => second.lines()).toHaveLength(2);
    expect(second.lines()).toMatchObject([{ id: 9 }, { id: 10 }]);
  });

  it('a batch and a long request wait too', async () => {
    const { input, first, daemon } = await draining();
    input.write(`[${JSON.stringify({ jsonrpc: '2.0', ...NEXT })}]\n`);
    const long = 'y'.repeat(400_000);
    input.write(`${JSON.stringify({ jsonrpc: '2.0', id: 8, method: 'tools/call', params: { name: 'n', long } })}\n`);
    first.say({ id: 5, result: {} });
    await until(() => first.socket.readableEnded);
    const second = await daemon(1);
    await expect.poll(() => second.lines()).toHaveLength(2);
    expect(first.lines()).toHaveLength(1);
    expect(second.lines()).toMatchObject([[NEXT], { id: 8, params: { long } }]);
  });

  it('a daemon that goes before it has answered leaves an outcome unknown, and only that one', async () => {
    const { send, text, first, daemon } = await draining();
    send(NEXT);
    send({ id: 7, method: 'ping' });
    await expect.poll(() => first.lines()).toHaveLength(2);
    first.socket.destroy();
    const second = await daemon(1);
    await expect.poll(() => second.lines()).toHaveLength(2);
    expect(second.lines()).toMatchObject([{ method: 'ping' }, NEXT]);
    expect(text().match(/outcome unknown/g)).toHaveLength(1);
  });

  it('a client that leaves meanwhile is told what was not carried out', async () => {
    const { input, send, text, ended } = await draining();
    send(NEXT);
    input.destroy();
    await expect.poll(() => text()).toContain('not carried out');
    expect(text()).toContain('"id":6');
    await ended;
  });

  it('a client that has closed its end still gets the answer of the next one', async () => {
    const { input, send, text, first, daemon, ended } = await draining();
    send(NEXT);
    input.end();
    first.say({ id: 5, result: {} });
    first.socket.end();
    const second = await daemon(1);
    await expect.poll(() => second.lines()).toHaveLength(1);
    second.say({ id: 6, result: { late: true } });
    await expect.poll(() => text()).toContain('"late"');
    second.socket.end();
    await ended;
  });

  it('no server can say it', async () => {
    const { send, output, daemon } = await start();
    const text = textOf(output);
    const first = await daemon(0);
    first.say({ ...(JSON.parse(DRAINING_LINE) as Json), method: 'notifications/x' });
    await expect.poll(() => text()).toContain('notifications/x');
    send(CALL);
    await expect.poll(() => first.lines()).toHaveLength(1);
    expect(first.socket.readableEnded).toBe(false);
  });
});

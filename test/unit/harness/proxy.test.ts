import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Proxy, startProxy } from '../../harness/proxy.ts';

let target: Server;
let proxy: Proxy;
const sockets: Socket[] = [];

beforeEach(async () => {
  target = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(target, 'listening');
  const address = target.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  proxy = await startProxy({ to: address.port, delayMs: 30 });
});

afterEach(async () => {
  await proxy.stop();
  for (const socket of sockets.splice(0)) socket.destroy();
  target.close();
});

async function open(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

async function say(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
}

describe('a proxy', () => {
  it('delays each way', async () => {
    const socket = await open();
    const before = performance.now();
    expect(await say(socket, 'hello')).toBe('hello');
    expect(performance.now() - before).toBeGreaterThan(58);
  });

  it('cuts in order, refuses, and heals on the same port', async () => {
    const socket = await open();
    await say(socket, 'x');
    const ended = once(socket, 'end');
    socket.resume();
    await Promise.all([proxy.cut(), ended]);
    await expect(open()).rejects.toThrow('ECONNREFUSED');
    await proxy.heal();
    expect(await say(await open(), 'back')).toBe('back');
  });

  it('resets', async () => {
    const socket = await open();
    await say(socket, 'x');
    const failed = once(socket, 'error');
    await proxy.reset();
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  it('swallows, keeps the connection open, and never gives it back', async () => {
    const socket = await open();
    await say(socket, 'x');
    let came = 0;
    socket.on('data', () => (came += 1));
    proxy.blackhole();
    socket.write('lost');
    const later = await open();
    await proxy.heal();
    socket.write('lost too');
    expect(await say(await open(), 'fresh')).toBe('fresh');
    expect(came).toBe(0);
    expect([socket.destroyed, later.destroyed]).toEqual([false, false]);
  });

  it('passes much, in order', async () => {
    const socket = await open();
    const bytes = Buffer.alloc(8 << 20, 'abcdefghijklmnop');
    const got: Buffer[] = [];
    socket.on('data', (chunk) => got.push(chunk));
    socket.end(bytes);
    await once(socket, 'end');
    expect(Buffer.concat(got).equals(bytes)).toBe(true);
  });
});

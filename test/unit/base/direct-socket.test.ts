import { spawn } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { connectDirect } from '../../../src/base/direct-socket.ts';

const servers: { close(): unknown }[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function listen(onClient: (client: Socket) => void): Promise<number> {
  const server = createServer(onClient);
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}

describe('connectDirect', () => {
  it('keeps what arrives before anybody listens', async () => {
    const port = await listen((client) => client.end('SSH-2.0-early\r\n'));
    const socket = connectDirect({ host: '127.0.0.1', port });
    await new Promise((resolve) => socket.once('connect', resolve));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await text(socket)).toBe('SSH-2.0-early\r\n');
  });

  it('passes megabytes through in order while its reader pauses now and then', async () => {
    const sent = Buffer.alloc(8 * 1024 * 1024);
    for (let at = 0; at < sent.length; at += 4) sent.writeUInt32LE(at, at);
    const port = await listen((client) => client.end(sent));
    const socket = connectDirect({ host: '127.0.0.1', port });
    let chunks = 0;
    socket.on('data', () => {
      chunks += 1;
      if (chunks % 7 !== 0) return;
      socket.pause();
      setTimeout(() => socket.resume(), 1);
    });
    const parts: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => parts.push(chunk));
    await new Promise((resolve) => socket.once('end', resolve));
    expect(Buffer.concat(parts).equals(sent)).toBe(true);
  });

  it('holds the sender back while its reader pauses', async () => {
    let server: Socket | undefined;
    const port = await listen((client) => {
      server = client;
      client.on('error', () => undefined);
      for (let count = 0; count < 64; count += 1) client.write(Buffer.alloc(1024 * 1024));
    });
    const socket = connectDirect({ host: '127.0.0.1', port });
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const held = server?.writableLength ?? 0;
    expect(held).toBeGreaterThan(16 * 1024 * 1024);
    expect(socket.readableLength).toBeLessThan(1024 * 1024);
    socket.destroy();
  });
});

describe('openInput', () => {
  const program = `
    import { openInput } from ${JSON.stringify(new URL('../../../src/base/direct-socket.ts', import.meta.url).href)};
    const input = openInput(0);
    input.on('data', (chunk) => process.stdout.write(chunk));
    input.on('end', () => process.stdout.write('|end'));`;

  it('reads a pipe to its end', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const sent = Buffer.alloc(300_000, 'x');
    child.stdin.end(sent);
    const got = await buffer(child.stdout);
    expect(got.length).toBe(sent.length + '|end'.length);
    expect(got.subarray(-4).toString()).toBe('|end');
  });
});

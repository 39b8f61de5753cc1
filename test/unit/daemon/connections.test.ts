import { createServer, connect as dial, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Connections } from '../../../src/daemon/connections.ts';
import { DRAINING_LINE, type Hello } from '../../../src/daemon/hello.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { scratch } from '../../harness/scratch.ts';
import { until } from '../../harness/until.ts';

interface Pair {
  readonly near: Socket;
  readonly heard: () => string;
  readonly isEnded: () => boolean;
}

async function pair(): Promise<Pair> {
  const path = join(scratch(), 'one.sock');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  // It does not close its end by itself, as one that hangs would not.
  const far = dial({ path, allowHalfOpen: true });
  let text = '';
  far.on('data', (chunk) => (text += chunk.toString())).on('error', () => undefined);
  const near = await accepted;
  near.on('error', () => undefined);
  onTestFinished(() => {
    far.destroy();
    near.destroy();
    server.close();
  });
  return { near, heard: () => text, isEnded: () => far.readableEnded };
}

const hello = (role: Hello['role']): Hello => ({ role, version: '1', pid: 1, cwd: '/', env: {} });

it('asks each client to leave, and ends the idle ones that have not after a while; faces stay for as long', async () => {
  const clock = new ManualClock();
  const connections = new Connections(clock);
  const [idle, busy, face] = await Promise.all([pair(), pair(), pair()]);
  const of = (role: Hello['role'], { near: socket }: Pair, isBusy: boolean) => ({
    ...{ hello: hello(role), socket, isBusy: () => isBusy },
  });
  const [client, caller, watcher] = [of('mcp', idle, false), of('mcp', busy, true), of('control', face, false)];
  for (const each of [client, caller, watcher]) connections.add(each);
  connections.askToLeave();
  await until(() => [idle, busy].every(({ heard }) => heard() === `${DRAINING_LINE}\n`));
  expect(face.heard()).toBe('');
  clock.advance(4_999);
  connections.endIdle();
  expect(idle.near.writableEnded).toBe(false);
  clock.advance(1);
  connections.endIdle();
  await until(() => idle.isEnded());
  expect([busy, face].map(({ near }) => near.writableEnded)).toEqual([false, false]);
  connections.delete(client);
  connections.delete(caller);
  connections.endIdle();
  await until(() => face.isEnded());
});

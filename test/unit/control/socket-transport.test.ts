import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { socketTransport } from '../../../src/control/socket-transport.ts';
import { scratch } from '../../harness/scratch.ts';
import { until } from '../../harness/until.ts';

/** Both ends of one connection. */
async function pair(): Promise<readonly [Socket, Socket]> {
  const server = createServer();
  const path = join(scratch(), 's');
  server.listen(path);
  await once(server, 'listening');
  const here = connect(path);
  const [there] = (await once(server, 'connection')) as [Socket];
  onTestFinished(() => {
    here.destroy();
    there.destroy();
    server.close();
  });
  return [here, there];
}

describe('socketTransport', () => {
  it('carries messages both ways, whole and in order, in any pieces', async () => {
    const [here, there] = await pair();
    const [left, right] = [socketTransport(here), socketTransport(there)];
    const [atLeft, atRight]: [unknown[], unknown[]] = [[], []];
    left.onMessage((message) => atLeft.push(message));
    right.onMessage((message) => atRight.push(message));
    left.send({ text: 'ü\n'.repeat(100_000) });
    left.send({ n: 2 });
    right.send({ n: 3 });
    await until(() => atRight.length === 2 && atLeft.length === 1);
    expect(atRight).toEqual([{ text: 'ü\n'.repeat(100_000) }, { n: 2 }]);
    expect(atLeft).toEqual([{ n: 3 }]);
  });

  it('delivers what was sent before it was closed, and tells both sides', async () => {
    const [here, there] = await pair();
    const [left, right] = [socketTransport(here), socketTransport(there)];
    const seen: unknown[] = [];
    right.onMessage((message) => seen.push(message));
    const closed = Promise.all([left, right].map((one) => new Promise<void>((resolve) => one.onClose(resolve))));
    left.send({ last: true });
    left.close();
    await closed;
    expect(seen).toEqual([{ last: true }]);
    left.send({ after: 'the end' });
  });

  it('a line that is no JSON ends the connection', async () => {
    const [here, there] = await pair();
    const right = socketTransport(there);
    const closed = new Promise<void>((resolve) => right.onClose(resolve));
    here.write('{"a":\n');
    await closed;
  });

  it('says how much waits for a side that does not read', async () => {
    const [here] = await pair();
    const left = socketTransport(here);
    expect(left.backlog).toBe(0);
    left.send({ text: 'x'.repeat(4_000_000) });
    expect(left.backlog).toBeGreaterThan(1_000_000);
  });
});

/** Spilling over past MaxSessions, on transports that count their sessions. */
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { Scope } from '../../../src/base/scope.ts';
import type { Channel, ChannelEnd, Transport, TransportEnd } from '../../../src/launch/contract.ts';
import { Connections } from '../../../src/link/connections.ts';
import { manualClock } from './manual-clock.ts';

interface FakeHost {
  readonly clock: ReturnType<typeof manualClock>;
  readonly transports: FakeTransport[];
  readonly connections: Connections;
  open(): Promise<Channel>;
  dialsAtOnce: number;
}

class FakeTransport implements Transport {
  readonly identity = 'fake';
  readonly ended: Promise<TransportEnd>;
  readonly #maxSessions: number;
  sessions = 0;
  /** Sessions that have ended, and still count. */
  reaping = 0;
  closed = false;
  #end: (end: TransportEnd) => void = () => undefined;

  constructor(maxSessions: number) {
    this.#maxSessions = maxSessions;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  async exec(): Promise<Channel> {
    await Promise.resolve();
    if (this.sessions + this.reaping >= this.#maxSessions)
      throw new AnywhereError('CHANNEL_REFUSED', 'no more sessions');
    this.sessions += 1;
    return fakeChannel(() => {
      this.sessions -= 1;
    });
  }

  subsystem(): Promise<Channel> {
    return this.exec();
  }

  tunnel(): Promise<never> {
    return Promise.reject(new Error('not here'));
  }

  close(): Promise<void> {
    this.closed = true;
    this.#end({ cause: new AnywhereError('LINK_LOST', 'closed') });
    return Promise.resolve();
  }

  destroy(cause: AnywhereError): void {
    this.#end({ cause });
  }
}

function fakeChannel(onClose: () => void): Channel {
  let end: (end: ChannelEnd) => void = () => undefined;
  const ended = new Promise<ChannelEnd>((resolve) => {
    end = resolve;
  });
  return {
    input: new PassThrough(),
    output: new PassThrough(),
    errors: new PassThrough(),
    ended,
    dead: false,
    close: () => {
      onClose();
      end({ kind: 'closed' });
    },
  };
}

function fakeHost(maxSessions: number): FakeHost {
  const transports: FakeTransport[] = [];
  const clock = manualClock();
  let dialling = 0;
  const host: FakeHost = {
    clock,
    transports,
    dialsAtOnce: 0,
    open: async () =>
      (
        await connections.open(
          (transport) => transport.exec('', new AbortController().signal),
          new AbortController().signal,
        )
      ).channel,
    connections: undefined as never,
  };
  const connections: Connections = new Connections({
    host: 'box',
    clock,
    scope: new Scope(() => undefined),
    dial: async () => {
      dialling += 1;
      host.dialsAtOnce = Math.max(host.dialsAtOnce, dialling);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      dialling -= 1;
      const transport = new FakeTransport(maxSessions);
      transports.push(transport);
      return transport;
    },
    onEnd: () => undefined,
  });
  const first = new FakeTransport(maxSessions);
  transports.push(first);
  connections.add(first);
  return Object.assign(host, { connections });
}

async function settled(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
}

describe.each([
  [1, 6],
  [2, 7],
  [3, 7],
  [10, 25],
])('with MaxSessions %d and %d programs', (maxSessions, programs) => {
  it('needs as few connections as can be, and at most three handshakes at once', async () => {
    const host = fakeHost(maxSessions);
    await Promise.all(Array.from({ length: programs }, () => host.open()));
    expect(host.connections.count).toBe(Math.ceil(programs / maxSessions));
    expect(host.dialsAtOnce).toBeLessThanOrEqual(3);
  });

  it('needs as few when they start one after another', async () => {
    const host = fakeHost(maxSessions);
    for (let n = 0; n < programs; n += 1) await host.open();
    expect(host.connections.count).toBe(Math.ceil(programs / maxSessions));
  });
});

describe('connections', () => {
  it('closes one that became empty, but never the first', async () => {
    const host = fakeHost(1);
    const [a, b] = [await host.open(), await host.open()];
    expect(host.connections.count).toBe(2);
    b.close();
    a.close();
    await settled();
    expect(host.connections.count).toBe(1);
    expect(host.transports.map(({ closed }) => closed)).toEqual([false, true]);
  });

  it('takes the free place before it makes another connection', async () => {
    const host = fakeHost(2);
    const channels = [await host.open(), await host.open(), await host.open()];
    channels[0]?.close();
    await settled();
    await host.open();
    expect(host.transports.map(({ sessions }) => sessions)).toEqual([2, 1]);
  });

  it('does not take the sessions that are still being reaped for what the host allows', async () => {
    const host = fakeHost(2);
    const [first] = host.transports;
    const channels = [await host.open(), await host.open()];
    if (first !== undefined) first.reaping = 1;
    channels[1]?.close();
    await settled();
    // Only one session counts as open there, and one more is refused.
    channels.push(await host.open());
    expect(host.transports.map(({ sessions }) => sessions)).toEqual([1, 1]);
    if (first !== undefined) first.reaping = 0;
    host.clock.advance(6_000);
    for (let n = 0; n < 2; n += 1) await host.open();
    expect(host.transports.map(({ sessions }) => sessions)).toEqual([2, 2]);
  });

  it('makes another one when the only session has ended and still counts', async () => {
    const host = fakeHost(1);
    const [first] = host.transports;
    const channel = await host.open();
    if (first !== undefined) first.reaping = 1;
    channel.close();
    await settled();
    await host.open();
    expect(host.transports.map(({ sessions }) => sessions)).toEqual([0, 1]);
  });

  it('says so when the host wants no session at all', async () => {
    await expect(fakeHost(0).open()).rejects.toMatchObject({ code: 'CHANNEL_REFUSED' });
  });

  it('all of several callers hear of it when the host wants none', async () => {
    const host = fakeHost(0);
    const results = await Promise.allSettled([host.open(), host.open(), host.open()]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });
});

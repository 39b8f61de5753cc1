/** A link's life over a dialer that does as it is told. */
import { describe, expect, it } from 'vitest';
import { AnywhereError, type ErrorCode } from '../../../src/base/errors.ts';
import { Turns } from '../../../src/base/turns.ts';
import type { HostPlan } from '../../../src/config/plan.ts';
import type { Dialer, Transport, TransportEnd } from '../../../src/launch/contract.ts';
import type { LinkChange } from '../../../src/link/contract.ts';
import { createLink } from '../../../src/link/link.ts';
import { scratch } from '../../harness/scratch.ts';
import { until } from '../../harness/until.ts';
import { HEARTBEAT, linkDeps, silentLog } from '../../integration/launch-support.ts';
import { settled } from '../protocol/kit.ts';
import { manualClock } from './manual-clock.ts';

const RECONNECT = { initialMs: 250, maxMs: 30_000, attempts: Number.POSITIVE_INFINITY };
const HOST = { name: 'box', tags: [], servers: [], ssh: undefined };

class FakeTransport implements Transport {
  readonly identity = 'fake';
  readonly ended: Promise<TransportEnd>;
  lose: (cause: AnywhereError) => void = () => undefined;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.lose = (cause) => {
        resolve({ cause });
      };
    });
  }

  exec(): Promise<never> {
    return Promise.reject(new AnywhereError('CHANNEL_REFUSED', 'not here'));
  }

  subsystem(): Promise<never> {
    return this.exec();
  }

  tunnel(): Promise<never> {
    return this.exec();
  }

  close(): Promise<void> {
    this.lose(new AnywhereError('LINK_LOST', 'closed'));
    return Promise.resolve();
  }

  destroy(cause: AnywhereError): void {
    this.lose(cause);
  }
}

function setUp(reconnect = RECONNECT) {
  const clock = manualClock();
  const dials: { readonly signal: AbortSignal; succeed(): FakeTransport; fail(code: ErrorCode): void }[] = [];
  const dialer: Dialer = {
    host: 'box',
    backend: () => 'fake',
    dial: (signal) =>
      new Promise((resolve, reject) => {
        dials.push({
          signal,
          succeed: () => {
            const transport = new FakeTransport();
            resolve(transport);
            return transport;
          },
          fail: (code) => {
            reject(new AnywhereError(code, `it was ${code}`));
          },
        });
      }),
  };
  const link = createLink(
    HOST,
    dialer,
    { reconnect, heartbeat: HEARTBEAT },
    { ...linkDeps(scratch()), clock, log: silentLog(), random: () => 1 },
  );
  const changes: LinkChange[] = [];
  link.onChange((change) => changes.push(change));
  const becomes = (kind: string): Promise<true> =>
    until(() => link.state.kind === kind, { what: () => `${kind}, but ${link.state.kind}` });
  const dial = (index: number) => until(() => dials[index]);
  return { clock, dials, link, changes, becomes, dial };
}

/** Links of other hosts, which have one turn to dial together. */
function sharing(names: readonly string[]) {
  const clock = manualClock();
  const turns = new Turns(1);
  const dialled: string[] = [];
  const give = new Map<string, () => void>();
  const ssh = { alias: 'x' } as unknown as HostPlan['ssh'];
  const links = names.map((name) => {
    const dial: Dialer['dial'] = () => {
      dialled.push(name);
      return new Promise((resolve) => {
        give.set(name, () => {
          resolve(new FakeTransport());
        });
      });
    };
    const deps = { ...linkDeps(scratch()), clock, log: silentLog(), random: () => 1, dials: turns };
    const settings = { reconnect: RECONNECT, heartbeat: HEARTBEAT };
    return createLink({ ...HOST, name, ssh }, { host: name, backend: () => 'fake', dial }, settings, deps);
  });
  return { clock, dialled, links, answer: (name: string) => give.get(name)?.() };
}

function fresh(): AbortSignal {
  return new AbortController().signal;
}

describe('a link', () => {
  it('dials once for all who ask', async () => {
    const { link, dials, dial } = setUp();
    const waiting = Promise.all([link.ready(fresh()), link.ready(fresh()), link.ready(fresh())]);
    link.wake('again');
    (await dial(0)).succeed();
    await waiting;
    expect(dials).toHaveLength(1);
    expect(link.state.kind).toBe('ready');
  });

  it('waits longer and longer while the host cannot be reached', async () => {
    const { link, clock, becomes, dial } = setUp();
    link.wake('first');
    const waits: number[] = [];
    for (let attempt = 0; attempt < 9; attempt += 1) {
      (await dial(attempt)).fail('HOST_UNREACHABLE');
      await becomes('waiting');
      if (link.state.kind !== 'waiting') throw new Error('not waiting');
      expect(link.state.attempt).toBe(attempt + 1);
      waits.push(link.state.retryAtMs - clock.now());
      clock.advance(link.state.retryAtMs - clock.now());
      expect(link.state.kind).toBe('connecting');
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  });

  it('knows since when the host has been failing, until it is up', async () => {
    const { link, clock, becomes, dial } = setUp();
    clock.advance(1_000);
    link.wake('first');
    expect(link.failingSinceMs).toBeUndefined();
    (await dial(0)).fail('HOST_UNREACHABLE');
    await becomes('waiting');
    expect(link.failingSinceMs).toBe(1_000);
    clock.advance(250);
    (await dial(1)).fail('AUTH_FAILED');
    await becomes('refused');
    expect(link.failingSinceMs).toBe(1_000);
    link.wake('the user', { user: true });
    const transport = (await dial(2)).succeed();
    await becomes('ready');
    expect(link.failingSinceMs).toBeUndefined();
    clock.advance(5_000);
    transport.lose(new AnywhereError('LINK_LOST', 'cut'));
    await becomes('waiting');
    expect(link.failingSinceMs).toBe(6_250);
  });

  it('repeats at once a login that came when the host had too many, and then waits as for any failure', async () => {
    const { link, clock, becomes, dial, dials } = setUp();
    link.wake('first');
    for (const delayMs of [250, 500, 1_000, 2_000]) {
      (await dial(dials.length - 1)).fail('HOST_BUSY');
      await until(() => clock.timers === 1);
      expect(link.state.kind).toBe('connecting');
      const before = dials.length;
      clock.advance(delayMs - 1);
      await settled();
      expect(dials).toHaveLength(before);
      clock.advance(1);
      await until(() => dials.length > before);
    }
    (await dial(4)).fail('HOST_BUSY');
    await becomes('waiting');
    clock.advance(250);
    (await dial(5)).fail('HOST_BUSY');
    await until(() => clock.timers === 1);
    clock.advance(250);
    (await dial(6)).succeed();
    await becomes('ready');
  });

  it('a wake ends the waiting, and leaves no timer behind', async () => {
    const { link, clock, becomes, dial, dials } = setUp();
    link.wake('first');
    (await dial(0)).fail('HOST_UNREACHABLE');
    await becomes('waiting');
    link.wake('a call needs it');
    expect(link.state.kind).toBe('connecting');
    // The one that looks how the attempt gets on.
    expect(clock.timers).toBe(1);
    clock.advance(60_000);
    expect(dials).toHaveLength(2);
  });

  it('who waits hears why the attempt failed', async () => {
    const { link, dial } = setUp();
    const ready = link.ready(fresh());
    (await dial(0)).fail('HOST_TIMEOUT');
    await expect(ready).rejects.toMatchObject({ code: 'HOST_TIMEOUT', host: 'box' });
  });

  it.each([
    'AUTH_FAILED',
    'KEY_UNUSABLE',
    'HOST_KEY_UNKNOWN',
    'HOST_KEY_CHANGED',
    'HOST_KEY_REVOKED',
    'NO_TTY',
  ] as const)('%s waits for the user, never for a timer', async (code) => {
    const { link, clock, becomes, dial, dials } = setUp();
    link.wake('first');
    (await dial(0)).fail(code);
    await becomes('refused');
    expect(clock.timers).toBe(0);
    link.wake('a call needs it');
    await expect(link.ready(fresh())).rejects.toMatchObject({ code });
    expect(dials).toHaveLength(1);
    link.wake('restart', { user: true });
    (await dial(1)).succeed();
    await becomes('ready');
  });

  it('waits for the user after so many attempts', async () => {
    const { link, clock, becomes, dial, dials } = setUp({ ...RECONNECT, attempts: 2 });
    link.wake('first');
    (await dial(0)).fail('HOST_UNREACHABLE');
    await becomes('waiting');
    clock.advance(1_000);
    (await dial(1)).fail('HOST_UNREACHABLE');
    await becomes('refused');
    expect(clock.timers).toBe(0);
    clock.advance(600_000);
    expect(dials).toHaveLength(2);
  });

  it('comes back by itself after a loss', async () => {
    const { link, clock, becomes, dial, changes } = setUp();
    link.wake('first');
    const transport = (await dial(0)).succeed();
    await becomes('ready');
    transport.lose(new AnywhereError('LINK_LOST', 'reset by peer'));
    await becomes('waiting');
    expect(link.state).toMatchObject({ cause: { code: 'LINK_LOST', host: 'box' } });
    clock.advance(250);
    (await dial(1)).succeed();
    await becomes('ready');
    expect(changes.map(({ to }) => to.kind)).toEqual(['connecting', 'ready', 'waiting', 'connecting', 'ready']);
    expect(changes.every(({ reason }) => reason !== '')).toBe(true);
  });

  it('backs off from a host whose connections never last, but not from one that stood long', async () => {
    const { link, clock, becomes, dial } = setUp();
    link.wake('first');
    const waitAfterLoss = async (index: number, stoodMs: number): Promise<number> => {
      const transport = (await dial(index)).succeed();
      await becomes('ready');
      clock.advance(stoodMs);
      transport.lose(new AnywhereError('LINK_LOST', 'reset by peer'));
      await becomes('waiting');
      const waitMs = link.state.kind === 'waiting' ? link.state.retryAtMs - clock.now() : 0;
      clock.advance(waitMs);
      return waitMs;
    };
    expect([await waitAfterLoss(0, 0), await waitAfterLoss(1, 0), await waitAfterLoss(2, 0)]).toEqual([250, 500, 1000]);
    expect(await waitAfterLoss(3, 60_000)).toBe(250);
  });

  it('closed while it dials, it gives the dial up and keeps no connection', async () => {
    const { link, dial, dials } = setUp();
    const ready = link.ready(fresh());
    const rejected = expect(ready).rejects.toMatchObject({ code: 'LINK_LOST' });
    const first = await dial(0);
    const closing = link.close();
    await rejected;
    expect(dials[0]?.signal.aborted).toBe(true);
    await expect(first.succeed().ended).resolves.toMatchObject({ cause: { code: 'LINK_LOST' } });
    await closing;
    expect(link.connections).toBe(0);
    link.wake('too late', { user: true });
    expect(dials).toHaveLength(1);
  });

  it('an aborted wait ends at once, and the dial goes on for the others', async () => {
    const { link, dial } = setUp();
    const abort = new AbortController();
    const mine = link.ready(abort.signal);
    const theirs = link.ready(fresh());
    abort.abort(new Error('not wanted'));
    await expect(mine).rejects.toThrow('not wanted');
    (await dial(0)).succeed();
    await theirs;
  });
});

describe('links of one gateway', () => {
  it('dial in turn, those first that somebody waits for', async () => {
    const { links, dialled, answer } = sharing(['a', 'b', 'c']);
    for (const link of links) link.wake('start', { isAwaited: false });
    links[2]?.wake('a call');
    await settled();
    expect(dialled).toEqual(['a']);
    answer('a');
    await until(() => dialled.length === 2);
    expect(dialled).toEqual(['a', 'c']);
    answer('c');
    await until(() => dialled.length === 3);
    expect(links.map(({ state }) => state.kind)).toEqual(['ready', 'connecting', 'ready']);
  });

  it('do not wait for one that hangs, nor for one that is closed', async () => {
    const { links, dialled, clock } = sharing(['hangs', 'closed', 'next']);
    for (const link of links) link.wake('start', { isAwaited: false });
    await links[1]?.close();
    await settled();
    expect(dialled).toEqual(['hangs']);
    clock.advance(1_999);
    await settled();
    expect(dialled).toEqual(['hangs']);
    clock.advance(1);
    await until(() => dialled.length === 2);
    expect(dialled).toEqual(['hangs', 'next']);
  });
});

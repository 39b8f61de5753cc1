import { describe, expect, it } from 'vitest';
import type { GatewayEvent } from '../../../src/api/events.ts';
import type { ControlClient } from '../../../src/control/client.ts';
import { EventFeed } from '../../../src/control/event-feed.ts';
import { EventHub } from '../../../src/control/event-hub.ts';
import { EventBus } from '../../../src/telemetry/event-bus.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { until } from '../../harness/until.ts';
import { control } from '../daemon/kit.ts';
import { connected, StreamClient, server, textOf } from '../gateway/kit.ts';

const echo = server('box/echo', 'echo.mjs');
const slow = server('box/slow', 'slow.mjs');

function watch(client: ControlClient): { sequence: number; event: GatewayEvent }[] {
  const seen: { sequence: number; event: GatewayEvent }[] = [];
  client.on('event', (one) => seen.push(one));
  return seen;
}

function calls(seen: readonly { event: GatewayEvent }[]): string[] {
  return seen.flatMap(({ event }) =>
    event.type === 'call-started' || event.type === 'call-ended' ? [`${event.type} ${event.call} ${event.tool}`] : [],
  );
}

describe('live calls', () => {
  it('shows a call that began before anybody watched, and tells its end', async () => {
    const { client, gateway } = control([slow]);
    const ai = new StreamClient(gateway);
    await ai.initialize();
    await ai.offers('box__slow__never');
    const id = ai.ask('tools/call', { name: 'box__slow__never', arguments: {} });
    await expect.poll(async () => (await client.request('snapshot', {})).calls).toHaveLength(1);
    const seen = watch(client);
    await client.request('events/subscribe', {});
    const {
      calls: [live],
    } = await client.request('snapshot', {});
    expect(live).toMatchObject({
      client: ai.door.session.id,
      clientName: 'test',
      host: 'box',
      server: 'slow',
      tool: 'never',
    });
    expect(Math.abs(Date.now() - (live?.startedMs ?? 0))).toBeLessThan(10_000);
    expect(live?.bytesIn).toBeGreaterThan(50);

    await client.request('call/cancel', { call: live?.call ?? 0 });
    const reply = await ai.reply(id);
    expect(reply.result).toMatchObject({ isError: true });
    expect(textOf(reply)).toContain('cancelled this call');
    // The server was told, as if the client itself had.
    await expect.poll(() => ai.text('box__slow__cancelled')).toContain('known');
    expect(calls(seen)[0]).toBe(`call-ended ${live?.call ?? 0} never`);
    expect((await client.request('snapshot', {})).calls).toEqual([]);
  });

  it('shows what the server tells of its progress, whoever watches since when', async () => {
    const { client, gateway } = control([slow]);
    const ai = new StreamClient(gateway);
    await ai.initialize();
    await ai.offers('box__slow__steps');
    const params = { name: 'box__slow__steps', arguments: { count: 40, everyMs: 10 }, _meta: { progressToken: 'p' } };
    const id = ai.ask('tools/call', params);
    // Nobody listened to events so far.
    const [live] = await until(async () => {
      const { calls: under } = await client.request('status', {});
      return under[0]?.progress === undefined ? undefined : under;
    });
    expect(live).toMatchObject({ tool: 'steps', total: 40, message: `step ${live?.progress ?? 0}` });
    const seen = watch(client);
    await client.request('events/subscribe', {});
    await ai.reply(id);
    const told = seen.flatMap(({ event }) => (event.type === 'call-progress' ? [event] : []));
    expect(told[0]).toMatchObject({ call: live?.call, total: 40, message: `step ${told[0]?.progress ?? 0}` });
    // 40 steps in half a second are not 40 events.
    expect(told.length).toBeLessThan(10);
    expect((await client.request('status', {})).calls).toEqual([]);
  });

  it('shows and cancels a call that is watched from its beginning', async () => {
    const { client, gateway } = control([slow]);
    const ai = new StreamClient(gateway);
    await ai.initialize();
    await ai.offers('box__slow__never');
    const seen = watch(client);
    await client.request('events/subscribe', { types: ['call-started', 'call-ended'] });
    const id = ai.ask('tools/call', { name: 'box__slow__never', arguments: {} });
    await expect.poll(() => seen).toHaveLength(1);
    const {
      calls: [live],
    } = await client.request('snapshot', {});
    expect(seen[0]?.event).toMatchObject({ type: 'call-started', call: live?.call });
    await client.request('call/cancel', { call: live?.call ?? 0 });
    expect((await ai.reply(id)).result).toMatchObject({ isError: true });
    await expect.poll(() => seen).toHaveLength(2);
    expect(seen[1]?.event).toMatchObject({ type: 'call-ended', call: live?.call, outcome: 'cancelled' });
  });

  it('a call that its own client cancels gets no answer, as ever', async () => {
    const { gateway, client: ai } = await connected([slow], ['box__slow__never']);
    const id = ai.ask('tools/call', { name: 'box__slow__never', arguments: {} });
    await expect.poll(() => [...gateway.sessions.keys()][0]?.calls).toHaveLength(1);
    ai.send({ method: 'notifications/cancelled', params: { requestId: id } });
    await expect.poll(() => [...gateway.sessions.keys()][0]?.calls).toHaveLength(0);
    await ai.request('ping');
    expect(ai.received.some((message) => message.id === id)).toBe(false);
  });

  it('says so where there is no such call', async () => {
    const { client } = control([echo], { starts: false });
    await expect(client.request('call/cancel', { call: 99 })).rejects.toMatchObject({ code: 'USAGE' });
  });
});

describe('the event stream', () => {
  it('gives a watcher that was away what it missed, and nothing twice', async () => {
    const { client, face, gateway } = control([echo]);
    const first = watch(client);
    const { run } = await client.request('events/subscribe', {});
    await client.request('tools', {});
    const last = first.at(-1)?.sequence ?? 0;
    await client.close();
    gateway.bus.emit({ type: 'client-joined', client: 'c77', name: 'while away' });

    const again = face();
    const missed = watch(again);
    const answer = await again.request('events/subscribe', { since: last, run });
    expect(answer.resync).toBe(false);
    gateway.bus.emit({ type: 'client-left', client: 'c77' });
    await until(() => missed.some(({ event }) => event.type === 'client-left' && event.client === 'c77'));
    const numbers = missed.map(({ sequence }) => sequence);
    expect(numbers).toEqual(numbers.map((_, index) => last + 1 + index));
    expect(missed.some(({ event }) => event.type === 'client-joined' && event.client === 'c77')).toBe(true);
  });

  it('a snapshot and a subscription from there on leave nothing out', async () => {
    const { client, gateway } = control([echo], { starts: false });
    const { sequence, run } = await client.request('snapshot', {});
    gateway.bus.emit({ type: 'client-joined', client: 'c9', name: 'between' });
    const seen = watch(client);
    expect(await client.request('events/subscribe', { since: sequence, run })).toMatchObject({ resync: false });
    expect(seen.map(({ event }) => event.type)).toEqual(['client-joined']);
  });

  it.each([
    ['of another run', { since: 0, run: 'another' }],
    ['of the future', { since: 10_000 }],
  ])('asks for a snapshot where the number is %s', async (_, params) => {
    const { client } = control([echo], { starts: false });
    await client.request('snapshot', {});
    expect(await client.request('events/subscribe', params)).toMatchObject({ resync: true });
  });

  it('gives only the types that were asked for', async () => {
    const { client, gateway } = control([echo], { starts: false });
    const seen = watch(client);
    await client.request('events/subscribe', { types: ['client-left'] });
    gateway.bus.emit({ type: 'client-joined', client: 'c9', name: 'x' });
    gateway.bus.emit({ type: 'client-left', client: 'c9' });
    await expect.poll(() => seen.length).toBeGreaterThan(0);
    expect(seen.map(({ event }) => event.type)).toEqual(['client-left']);
  });
});

describe('a watcher that reads slowly', () => {
  function slowWatcher(): {
    told: string[];
    /** For each write: how many events had been sent before. */
    writes: number[];
    emit: (count: number) => void;
    clock: ManualClock;
    reads: () => void;
    feed: EventFeed;
  } {
    const clock = new ManualClock();
    const bus = new EventBus({ clock, onListenerError: () => undefined });
    let backlog = 10_000_000;
    const told: string[] = [];
    const writes: number[] = [];
    const feed = new EventFeed({
      hub: new EventHub(bus, clock, 'r'),
      clock,
      backlog: () => backlog,
      notify: (name, params) => told.push(`${name} ${params.sequence}`),
      together: (work) => {
        writes.push(told.length);
        work();
      },
    });
    feed.subscribe({});
    return {
      told,
      writes,
      clock,
      feed,
      emit: (count) => {
        for (let left = count; left > 0; left -= 1) bus.emit({ type: 'client-left', client: 'c1' });
      },
      reads: () => {
        backlog = 0;
        clock.advance(100);
      },
    };
  }

  it('gets what waited for it, in order', () => {
    const { told, emit, reads } = slowWatcher();
    emit(3);
    expect(told).toEqual([]);
    reads();
    emit(1);
    expect(told).toEqual(['event 1', 'event 2', 'event 3', 'event 4']);
  });

  it('gets an event at once, and those that follow closely in one write', () => {
    const { told, writes, emit, reads, clock } = slowWatcher();
    reads();
    emit(1);
    expect(told).toEqual(['event 1']);
    emit(3);
    expect(told).toEqual(['event 1']);
    clock.advance(100);
    expect(told).toEqual(['event 1', 'event 2', 'event 3', 'event 4']);
    expect(writes).toEqual([0, 1]);
    emit(250);
    expect(told.length).toBeGreaterThan(200);
  });

  it('is told to take a snapshot when too much waited, and goes on from there', () => {
    const { told, emit, reads } = slowWatcher();
    emit(5000);
    reads();
    expect(told).toEqual(['events/resync 5000']);
    emit(1);
    expect(told.at(-1)).toBe('event 5001');
  });

  it('leaves nothing running when it leaves', () => {
    const { told, emit, reads, feed } = slowWatcher();
    emit(5);
    feed.close();
    reads();
    expect(told).toEqual([]);
  });
});

describe('listening', () => {
  it('ends a while after the last watcher has left, so that calls cost nothing again', () => {
    const clock = new ManualClock();
    const bus = new EventBus({ clock, onListenerError: () => undefined });
    const hub = new EventHub(bus, clock, 'r');
    const stop = hub.on(() => undefined);
    expect(bus.hasListeners).toBe(true);
    stop();
    expect(bus.hasListeners).toBe(true);
    clock.advance(60_000);
    expect(bus.hasListeners).toBe(false);
    expect(hub.since(bus.sequence, 'r').missed).toBe(true);
  });
});

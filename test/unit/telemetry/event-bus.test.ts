import { expect, test } from 'vitest';
import type { NumberedEvent } from '../../../src/telemetry/event-bus.ts';
import { EventBus } from '../../../src/telemetry/event-bus.ts';

const joined = (client: string) => ({ type: 'client-joined', client, name: 'test' }) as const;
const said = (line: string) => ({ type: 'log', host: 'a', stream: 'stderr', line }) as const;

function makeBus(keep = 3) {
  const errors: unknown[] = [];
  let now = 0;
  const bus = new EventBus({ clock: { now: () => (now += 10) }, onListenerError: (error) => errors.push(error), keep });
  return { bus, errors };
}

test('numbers events from 1 and stamps them with the clock', () => {
  const { bus } = makeBus();
  const seen: NumberedEvent[] = [];
  bus.on((event) => seen.push(event));
  bus.emit(joined('x'));
  bus.emit(joined('y'));
  expect(seen).toEqual([
    { sequence: 1, event: { atMs: 10, ...joined('x') } },
    { sequence: 2, event: { atMs: 20, ...joined('y') } },
  ]);
  expect(bus.sequence).toBe(2);
});

test('a listener that unsubscribed hears nothing more', () => {
  const { bus } = makeBus();
  const seen: NumberedEvent[] = [];
  const off = bus.on((event) => seen.push(event));
  bus.emit(joined('x'));
  off();
  bus.emit(joined('y'));
  expect(seen).toHaveLength(1);
});

test('a listener that throws harms nobody else', () => {
  const { bus, errors } = makeBus();
  const seen: NumberedEvent[] = [];
  bus.on(() => {
    throw new Error('face fell over');
  });
  bus.on((event) => seen.push(event));
  bus.emit(joined('x'));
  expect(seen).toHaveLength(1);
  expect(errors).toEqual([new Error('face fell over')]);
});

test('replays what came after a sequence, and says when some of it is gone', () => {
  const { bus } = makeBus(3);
  for (const name of ['a', 'b', 'c', 'd', 'e']) bus.emit(joined(name));
  expect(bus.since(3)).toMatchObject({ missed: false, events: [{ sequence: 4 }, { sequence: 5 }] });
  expect(bus.since(2)).toMatchObject({ missed: false, events: [{ sequence: 3 }, { sequence: 4 }, { sequence: 5 }] });
  expect(bus.since(1).missed).toBe(true);
  expect(bus.since(5)).toEqual({ missed: false, events: [] });
});

test('a sequence from the future belongs to another bus', () => {
  expect(makeBus().bus.since(7).missed).toBe(true);
});

test('log lines are delivered and numbered, and push nothing out of the replay', () => {
  const { bus } = makeBus(2);
  const seen: number[] = [];
  bus.on(({ sequence }) => seen.push(sequence));
  bus.emit(joined('a'));
  for (let line = 0; line < 100; line += 1) bus.emit(said(`line ${line}`));
  bus.emit(joined('b'));
  expect(seen).toHaveLength(102);
  expect(bus.since(0)).toMatchObject({ missed: false, events: [{ sequence: 1 }, { sequence: 102 }] });
});

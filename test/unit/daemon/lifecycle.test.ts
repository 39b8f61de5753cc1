import { describe, expect, it } from 'vitest';
import {
  Lifecycle,
  type LifecycleAction,
  type LifecycleState,
  reduceLifecycle,
} from '../../../src/daemon/lifecycle.ts';
import { ManualClock } from '../../harness/manual-clock.ts';

const STARTING: LifecycleState = { kind: 'starting' };
const EMPTY: LifecycleState = { kind: 'serving', clients: 0 };
const SERVING: LifecycleState = { kind: 'serving', clients: 2 };
const DRAINING: LifecycleState = { kind: 'draining', clients: 2 };
const LAST: LifecycleState = { kind: 'draining', clients: 1 };
const ENDED: LifecycleState = { kind: 'ended' };

const BOUND: LifecycleAction = { type: 'bound' };
const JOINED: LifecycleAction = { type: 'joined' };
const LEFT: LifecycleAction = { type: 'left' };
const IDLE: LifecycleAction = { type: 'idle' };
const DRAIN: LifecycleAction = { type: 'drain' };
const END: LifecycleAction = { type: 'end' };

const WAYS: readonly [string, LifecycleState, LifecycleAction, LifecycleState][] = [
  ['the socket is bound', STARTING, BOUND, EMPTY],
  ['stopped before it served', STARTING, DRAIN, ENDED],
  ['ended before it served', STARTING, END, ENDED],
  ['a first client', EMPTY, JOINED, { kind: 'serving', clients: 1 }],
  ['a further client', SERVING, JOINED, { kind: 'serving', clients: 3 }],
  ['one client leaves', SERVING, LEFT, { kind: 'serving', clients: 1 }],
  ['nobody came for a while', EMPTY, IDLE, ENDED],
  ['nothing to drain', EMPTY, DRAIN, ENDED],
  ['clients to see off', SERVING, DRAIN, DRAINING],
  ['ended with clients', SERVING, END, ENDED],
  ['ended without clients', EMPTY, END, ENDED],
  ['one of them is gone', DRAINING, LEFT, LAST],
  ['the last one is gone', LAST, LEFT, ENDED],
  ['the time to drain is over', DRAINING, END, ENDED],
];

describe('reduceLifecycle', () => {
  it.each(WAYS)('%s', (_name, from, action, to) => {
    expect(reduceLifecycle(from, action)).toEqual(to);
  });

  it('somebody who came at the very moment is not left alone', () => {
    expect(reduceLifecycle(SERVING, IDLE)).toBe(SERVING);
  });

  it('draining takes nobody new, and does not go back', () => {
    for (const action of [BOUND, JOINED, IDLE, DRAIN]) expect(reduceLifecycle(DRAINING, action)).toBe(DRAINING);
  });

  it('gone is the end', () => {
    for (const action of [BOUND, JOINED, LEFT, IDLE, DRAIN, END]) expect(reduceLifecycle(ENDED, action)).toBe(ENDED);
  });

  it('one who leaves without having come is not counted', () => {
    expect(reduceLifecycle(EMPTY, LEFT)).toEqual(EMPTY);
  });
});

function life() {
  const clock = new ManualClock();
  const one = new Lifecycle(clock, { idleExitMs: 1000, drainMs: 500 });
  const reasons: string[] = [];
  one.changes.on(({ to, reason }) => reasons.push(`${to.kind}: ${reason}`));
  return { clock, one, reasons };
}

describe('Lifecycle', () => {
  it('leaves when nobody was there for the whole idle time', () => {
    const { clock, one, reasons } = life();
    one.dispatch(BOUND, 'bound');
    clock.advance(999);
    expect(one.state.kind).toBe('serving');
    clock.advance(1);
    expect(one.state.kind).toBe('ended');
    expect(reasons.at(-1)).toBe('ended: no client needs the daemon');
    expect(clock.pending).toBe(0);
  });

  it('a client stops the idle time, and its leaving begins it anew', () => {
    const { clock, one } = life();
    one.dispatch(BOUND, 'bound');
    clock.advance(900);
    one.dispatch(JOINED, 'one');
    clock.advance(5000);
    expect(one.state.kind).toBe('serving');
    one.dispatch(LEFT, 'one');
    clock.advance(999);
    expect(one.state.kind).toBe('serving');
    clock.advance(1);
    expect(one.state.kind).toBe('ended');
  });

  it('draining is limited, however many clients leave meanwhile', () => {
    const { clock, one, reasons } = life();
    one.dispatch(BOUND, 'bound');
    one.dispatch(JOINED, 'one');
    one.dispatch(JOINED, 'two');
    one.dispatch(DRAIN, 'stop');
    clock.advance(400);
    one.dispatch(LEFT, 'one');
    clock.advance(99);
    expect(one.state.kind).toBe('draining');
    clock.advance(1);
    expect(reasons.at(-1)).toBe('ended: the time to drain is over');
  });
});

import { describe, expect, it } from 'vitest';
import { Emitter } from '../../../src/base/emitter.ts';
import { waitUntil } from '../../../src/calls/patience.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { stateOf } from '../protocol/peer-kit.ts';

function waiting(isOver: () => boolean, withinMs = 100) {
  const clock = new ManualClock();
  const progress = new Emitter<number>();
  const controller = new AbortController();
  return { clock, progress, controller, done: waitUntil(progress, isOver, clock, withinMs, controller.signal) };
}

describe('waitUntil', () => {
  it.each(['progress', 'time', 'abort'])('ends with %s, and leaves nothing behind', async (how) => {
    let over = false;
    const { clock, progress, controller, done } = waiting(() => over);
    progress.emit(1);
    expect(await stateOf(done)).toBe('pending');
    over = how === 'progress';
    if (how === 'progress') progress.emit(2);
    if (how === 'time') clock.advance(100);
    if (how === 'abort') controller.abort();
    await done;
    expect([clock.pending, progress.size]).toEqual([0, 0]);
  });

  it.each<[string, () => boolean, number]>([
    ['it is over', () => true, 100],
    ['no time is left', () => false, 0],
    ['time is long over', () => false, -5000],
  ])('does not even begin where %s', async (_why, isOver, withinMs) => {
    const { clock, progress, done } = waiting(isOver, withinMs);
    await done;
    expect([clock.pending, progress.size]).toEqual([0, 0]);
  });
});

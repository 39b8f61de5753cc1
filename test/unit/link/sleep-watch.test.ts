import { describe, expect, it } from 'vitest';
import { SleepWatch } from '../../../src/link/sleep-watch.ts';
import { manualClock } from './manual-clock.ts';

describe('SleepWatch', () => {
  it('tells of a wall clock that has moved on by more than a busy machine is late', () => {
    const clock = manualClock();
    const slept: number[] = [];
    const watch = new SleepWatch(clock);
    const stop = watch.onAwake((ms) => slept.push(ms));
    clock.advance(10_000);
    clock.jump(5_000);
    clock.advance(1_000);
    expect(slept).toEqual([]);
    clock.jump(3_600_000);
    clock.advance(1_000);
    clock.advance(10_000);
    expect(slept).toEqual([3_600_000]);
    stop();
    expect(clock.timers).toBe(0);
  });

  it('is not misled by a clock that is set back, and looks only while somebody wants to know', () => {
    const clock = manualClock();
    const slept: number[] = [];
    const watch = new SleepWatch(clock);
    expect(clock.timers).toBe(0);
    const stops = [watch.onAwake((ms) => slept.push(ms)), watch.onAwake((ms) => slept.push(ms))];
    expect(clock.timers).toBe(1);
    clock.jump(-3_600_000);
    clock.advance(2_000);
    stops[0]?.();
    clock.jump(60_000);
    clock.advance(1_000);
    expect(slept).toEqual([60_000]);
    stops[1]?.();
    clock.jump(60_000);
    watch.onAwake((ms) => slept.push(ms));
    clock.advance(1_000);
    expect(slept).toEqual([60_000]);
  });
});

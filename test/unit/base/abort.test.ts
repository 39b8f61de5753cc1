import { describe, expect, it } from 'vitest';
import { deadline, orAbort } from '../../../src/base/abort.ts';
import { sleep } from '../../../src/base/clock.ts';
import { ManualClock } from '../../harness/manual-clock.ts';

const late = new Error('late');

describe('deadline', () => {
  it('aborts with its reason when the time is over', () => {
    const clock = new ManualClock();
    const { signal } = deadline(clock, 100, () => late);
    clock.advance(99);
    expect(signal.aborted).toBe(false);
    clock.advance(1);
    expect([signal.aborted, signal.reason]).toEqual([true, late]);
  });

  it("aborts with its parent and the parent's reason, before or after it was made", () => {
    const parent = new AbortController();
    const clock = new ManualClock();
    const before = deadline(clock, 100, () => late, parent.signal);
    const reason = new Error('parent');
    parent.abort(reason);
    const after = deadline(clock, 100, () => late, parent.signal);
    clock.advance(100);
    expect([before.signal.reason, after.signal.reason]).toEqual([reason, reason]);
  });

  it('once cleared leaves no timer and hears of nothing', () => {
    const parent = new AbortController();
    const clock = new ManualClock();
    const { signal, clear } = deadline(clock, 100, () => late, parent.signal);
    clear();
    parent.abort();
    expect([clock.pending, signal.aborted]).toEqual([0, false]);
  });
});

describe('orAbort', () => {
  it('is the work, where the work is first', async () => {
    await expect(orAbort(Promise.resolve(5), new AbortController().signal)).resolves.toBe(5);
    await expect(orAbort(Promise.reject(late), new AbortController().signal)).rejects.toBe(late);
  });

  it('is the reason, where the signal is first or was before', async () => {
    const controller = new AbortController();
    const waiting = orAbort(new Promise(() => undefined), controller.signal);
    controller.abort(late);
    await expect(waiting).rejects.toBe(late);
    await expect(orAbort(Promise.reject(new Error('unseen')), controller.signal)).rejects.toBe(late);
  });
});

describe('orAbort with a discard function', () => {
  it('discards a result that arrives after the abort, or although the signal was aborted before', async () => {
    const controller = new AbortController();
    let resolve: (value: string) => void = () => undefined;
    const promise = new Promise<string>((settle) => {
      resolve = settle;
    });
    const discarded: string[] = [];
    const keep = (late: string): void => {
      discarded.push(late);
    };
    const waiting = orAbort(promise, controller.signal, keep);
    controller.abort(late);
    await expect(waiting).rejects.toBe(late);
    await expect(orAbort(Promise.resolve('second'), controller.signal, keep)).rejects.toBe(late);
    resolve('first');
    await promise;
    expect(discarded.sort()).toEqual(['first', 'second']);
  });

  it('discards nothing that is used', async () => {
    const controller = new AbortController();
    const discarded: string[] = [];
    const keep = (late: string): void => {
      discarded.push(late);
    };
    await expect(orAbort(Promise.resolve('used'), controller.signal, keep)).resolves.toBe('used');
    controller.abort(late);
    expect(discarded).toEqual([]);
  });
});

describe('sleep', () => {
  it('ends with time or with its signal, and leaves no timer', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const [whole, cut] = [sleep(clock, 100), sleep(clock, 100, controller.signal)];
    controller.abort(late);
    await expect(cut).rejects.toBe(late);
    expect(clock.pending).toBe(1);
    clock.advance(100);
    await whole;
    await expect(sleep(clock, 100, controller.signal)).rejects.toBe(late);
    expect(clock.pending).toBe(0);
  });
});

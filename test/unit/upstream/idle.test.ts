import { describe, expect, it } from 'vitest';
import { watchIdle } from '../../../src/upstream/health.ts';
import { instanceKit } from './kit.ts';

describe('watchIdle', () => {
  it('ends what nobody uses, once', async () => {
    const { instance, clock, up } = instanceKit();
    await up();
    let idle = 0;
    watchIdle(instance, 1000, clock, () => {
      idle += 1;
    });
    clock.advance(600);
    instance.touch();
    clock.advance(999);
    expect(idle).toBe(0);
    clock.advance(5000);
    expect([idle, clock.foreground]).toEqual([1, 0]);
  });

  it('takes a call under way for use, however long it is', async () => {
    const { instance, clock, up } = instanceKit();
    await up();
    let idle = 0;
    watchIdle(instance, 1000, clock, () => {
      idle += 1;
    });
    instance.peer.request('m', undefined, { timeoutMs: Number.POSITIVE_INFINITY }).catch(() => undefined);
    clock.advance(100_000);
    expect(idle).toBe(0);
  });

  it.each([0, Number.POSITIVE_INFINITY])('with %s never does', async (idleMs) => {
    const { instance, clock } = instanceKit();
    const before = clock.pending;
    watchIdle(instance, idleMs, clock, () => {
      throw new Error('idle');
    })();
    expect(clock.pending).toBe(before);
  });

  it('can be called off', async () => {
    const { instance, clock, up } = instanceKit();
    await up();
    watchIdle(instance, 1000, clock, () => {
      throw new Error('idle');
    })();
    clock.advance(10_000);
  });
});

import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { patienceMs } from '../../../src/calls/patience.ts';
import type { LinkState } from '../../../src/link/contract.ts';

const cause = new AnywhereError('HOST_UNREACHABLE', 'down');

describe('a call waits for its host', () => {
  it.each<[LinkState, number]>([
    [{ kind: 'idle' }, 30_000],
    [{ kind: 'connecting', sinceMs: 0, attempt: 1, lastCause: undefined }, 30_000],
    [{ kind: 'connecting', sinceMs: 0, attempt: 2, lastCause: cause }, 3_000],
    [{ kind: 'ready', sinceMs: 0, rttMs: 1 }, 30_000],
    [{ kind: 'waiting', retryAtMs: 0, attempt: 1, cause }, 3_000],
    [{ kind: 'refused', cause }, 0],
    [{ kind: 'closed' }, 0],
  ])('%j: %i ms', (state, ms) => {
    expect(patienceMs(state, 60_000)).toBe(ms);
    expect(patienceMs(state, 1_000)).toBe(Math.min(ms, 1_000));
  });
});

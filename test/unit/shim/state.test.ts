import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import { FIRST_STATE, reduceShim, type ShimEvent, type ShimState } from '../../../src/shim/state.ts';

const cause = new AnywhereError('CONFIG_INVALID', 'it has mistakes');
const after = (...events: readonly ShimEvent[]): ShimState => events.reduce(reduceShim, FIRST_STATE);
const connected = (atMs = 0): ShimEvent => ({ type: 'connected', atMs });
const crashed = (atMs: number): ShimEvent => ({ type: 'lost', isOrderly: false, isIdle: false, atMs });
const failed: ShimEvent = { type: 'failed', cause, atMs: 100 };

describe('the first connection', () => {
  it('leads to relaying', () => {
    expect(after(connected(5))).toEqual({ kind: 'relaying', failures: 0, sinceMs: 5 });
  });

  it('ends the shim where it fails, once the client was told', () => {
    expect(after(failed)).toEqual({ kind: 'failing', cause });
    expect(after(failed, { type: 'waited' })).toEqual({ kind: 'ended', cause });
    expect(after(failed, { type: 'left' })).toEqual({ kind: 'ended', cause });
  });

  it('is still made for a client that has left: what it sent is answered', () => {
    expect(after({ type: 'left' }).kind).toBe('connecting');
    expect(after({ type: 'left' }, connected())).toEqual({ kind: 'leaving' });
    expect(after({ type: 'left' }, failed)).toEqual({ kind: 'ended', cause });
  });
});

describe('a daemon that ends', () => {
  it('is followed by another at once', () => {
    expect(after(connected(), crashed(60_000))).toEqual({ kind: 'waiting', failures: 1 });
    expect(after(connected(), crashed(60_000), { type: 'waited' })).toMatchObject({
      kind: 'connecting',
      isFirst: false,
    });
  });

  it('and ends again soon is given up after some times, with a reason, and tried again later', () => {
    let state = after(connected());
    for (let crash = 1; crash <= 5; crash += 1) {
      state = reduceShim(state, crashed(crash));
      expect(state).toEqual({ kind: 'waiting', failures: crash });
      state = reduceShim(reduceShim(state, { type: 'waited' }), connected(crash));
    }
    state = reduceShim(state, crashed(6));
    expect(state).toMatchObject({ kind: 'resting', cause: { code: 'NO_DAEMON' }, retryAtMs: 10_006 });
    expect(reduceShim(state, { type: 'asked', atMs: 10_005 })).toBe(state);
    expect(reduceShim(state, { type: 'asked', atMs: 10_006 }).kind).toBe('connecting');
  });

  it('counts anew when it had served for a while', () => {
    const twice = after(connected(), crashed(1), { type: 'waited' }, connected(2), crashed(40_000));
    expect(twice).toEqual({ kind: 'waiting', failures: 1 });
  });

  it('while it is told what stood before counts as a crash', () => {
    expect(after(connected(), crashed(1), { type: 'waited' }, crashed(2))).toEqual({ kind: 'waiting', failures: 2 });
  });

  it('because it was stopped is only replaced when the client wants something', () => {
    const stopped = after(connected(), { type: 'lost', isOrderly: true, isIdle: true, atMs: 7 });
    expect(stopped).toEqual({ kind: 'resting', failures: 0, cause: undefined, retryAtMs: 7 });
    expect(reduceShim(stopped, { type: 'asked', atMs: 7 }).kind).toBe('connecting');
    expect(after(connected(), { type: 'lost', isOrderly: true, isIdle: false, atMs: 7 }).kind).toBe('waiting');
  });

  it('and cannot be replaced leaves the shim alive, with the reason', () => {
    const rest = after(connected(), crashed(1), { type: 'waited' }, failed);
    expect(rest).toMatchObject({ kind: 'resting', cause, retryAtMs: 10_100 });
  });
});

describe('the end', () => {
  it('waits for what the daemon has still to say', () => {
    expect(after(connected(), { type: 'left' })).toEqual({ kind: 'leaving' });
    expect(after(connected(), { type: 'left' }, crashed(1))).toEqual({ kind: 'ended', cause: undefined });
    expect(after(connected(), { type: 'left' }, { type: 'waited' })).toEqual({ kind: 'ended', cause: undefined });
  });

  it.each<readonly [string, readonly ShimEvent[]]>([
    ['connecting', []],
    ['relaying', [connected()]],
    ['waiting', [connected(), crashed(1)]],
    ['failing', [failed]],
    ['leaving', [connected(), { type: 'left' }]],
  ])('comes with a signal while %s, and is final', (_kind, events) => {
    const ended = after(...events, { type: 'stopped' });
    expect(ended.kind).toBe('ended');
    for (const event of [connected(), failed, crashed(9), { type: 'waited' } as const])
      expect(reduceShim(ended, event)).toBe(ended);
  });
});

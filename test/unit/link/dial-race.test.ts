/** A fresh attempt beside one that gets nowhere. */
import { describe, expect, it } from 'vitest';
import { AnywhereError, type ErrorCode } from '../../../src/base/errors.ts';
import { Scope } from '../../../src/base/scope.ts';
import type { Dialer, Pulse, Transport } from '../../../src/launch/contract.ts';
import { DialRace } from '../../../src/link/dial-race.ts';
import { Dials } from '../../../src/link/dials.ts';
import { settled } from '../protocol/kit.ts';
import { stateOf } from '../protocol/peer-kit.ts';
import { manualClock } from './manual-clock.ts';

function setUp() {
  const clock = manualClock();
  const dials: {
    readonly signal: AbortSignal;
    readonly pulse: Pulse;
    readonly destroyed: unknown[];
    succeed(): void;
    fail(code: ErrorCode): void;
  }[] = [];
  const dialer: Dialer = {
    host: 'box',
    backend: () => 'fake',
    dial: (signal, pulse = { source: () => undefined }) =>
      new Promise((resolve, reject) => {
        const destroyed: unknown[] = [];
        dials.push({
          signal,
          pulse,
          destroyed,
          succeed: () => {
            const destroy = (cause: unknown) => destroyed.push(cause);
            const close = () => Promise.resolve(destroy('closed'));
            resolve({ identity: '', destroy, close } as unknown as Transport);
          },
          fail: (code) => {
            reject(new AnywhereError(code, code));
          },
        });
      }),
  };
  const abort = new AbortController();
  const race = new DialRace({ dialer, clock, signal: abort.signal });
  const won = race.transport;
  const at = (index: number) => {
    const dial = dials[index];
    if (dial === undefined) throw new Error(`there is no attempt ${index}`);
    return dial;
  };
  return { clock, dialer, dials, race, won, at, abort };
}

describe('an attempt to connect', () => {
  it('that hears nothing for 2 s is raced by one more, and the first there wins', async () => {
    const { clock, dials, won, at } = setUp();
    at(0).pulse.source = () => 7;
    clock.advance(1_999);
    expect(dials).toHaveLength(1);
    clock.advance(1);
    expect(dials).toHaveLength(2);
    at(1).pulse.source = () => 0;
    clock.advance(60_000);
    expect(dials).toHaveLength(2);
    at(1).succeed();
    await won;
    expect([at(0).signal.aborted, at(1).signal.aborted, clock.timers]).toEqual([true, false, 0]);
    at(0).succeed();
    await settled();
    expect([at(0).destroyed.length, at(1).destroyed.length]).toEqual([1, 0]);
  });

  it('that is waited for again makes room for a fresh one every 2 s, but for the first: a slow host answers that', async () => {
    const { clock, dials, race, won, at } = setUp();
    at(0).pulse.source = () => 7;
    clock.advance(2_000);
    for (const index of [1, 2, 3]) {
      at(index).pulse.source = () => 0;
      race.hurry();
      clock.advance(1_999);
      expect(dials).toHaveLength(index + 1);
      clock.advance(1);
      expect(dials).toHaveLength(index + 2);
    }
    expect([0, 1, 2, 3, 4].map((index) => at(index).signal.aborted)).toEqual([false, true, true, true, false]);
    at(2).fail('HOST_TIMEOUT');
    at(3).succeed();
    await settled();
    expect(at(3).destroyed).toHaveLength(1);
    at(0).succeed();
    await won;
    expect([at(0).signal.aborted, at(4).signal.aborted, clock.timers]).toEqual([false, true, 0]);
  });

  it('that nobody waits for is not repeated for ever', () => {
    const { clock, dials, race, at } = setUp();
    at(0).pulse.source = () => 7;
    race.hurry();
    clock.advance(2_000);
    at(1).pulse.source = () => 0;
    clock.advance(20_000);
    expect(dials).toHaveLength(2);
  });

  it('that gets on, asks a person, or cannot tell is left alone', () => {
    const { clock, dials, at } = setUp();
    clock.advance(20_000);
    let bytes = 0;
    at(0).pulse.source = () => {
      bytes += 1;
      return bytes;
    };
    clock.advance(20_000);
    at(0).pulse.source = () => Number.NaN;
    clock.advance(20_000);
    expect(dials).toHaveLength(1);
  });

  it('that fails leaves it to the other, but for a refusal', async () => {
    const { clock, won, at } = setUp();
    at(0).pulse.source = () => 1;
    clock.advance(4_000);
    at(0).fail('HOST_UNREACHABLE');
    expect(await stateOf(won)).toBe('pending');
    at(1).fail('HOST_TIMEOUT');
    expect(await stateOf(won)).toMatchObject({ code: 'HOST_TIMEOUT' });

    const other = setUp();
    other.at(0).pulse.source = () => 1;
    other.clock.advance(4_000);
    other.at(1).fail('HOST_KEY_CHANGED');
    expect(await stateOf(other.won)).toMatchObject({ code: 'HOST_KEY_CHANGED' });
    expect([other.at(0).signal.aborted, other.clock.timers]).toEqual([true, 0]);
  });

  it('ends with its link', () => {
    const { at, abort, won } = setUp();
    won.catch(() => undefined);
    abort.abort();
    expect(at(0).signal.aborted).toBe(true);
  });
});

describe('a connection that does not answer', () => {
  function replacing() {
    const { clock, dialer, dials, at } = setUp();
    const scope = new Scope((error) => {
      throw error;
    });
    const connections = new Dials({ dialer, clock, random: () => 0.5, scope, turns: undefined });
    const seen = { isDoubtful: true, deaths: 0 };
    const replace = (): void => {
      connections.replace(
        () => seen.isDoubtful,
        () => {
          seen.deaths += 1;
        },
      );
    };
    return { clock, dials, at, connections, seen, replace };
  }

  it('is dead where another one is up first, which takes its place', async () => {
    const { at, connections, seen, replace } = replacing();
    replace();
    at(1).succeed();
    await settled();
    expect([seen.deaths, connections.hasReplacement, at(1).destroyed]).toEqual([1, true, []]);
    await connections.connect({ isAwaited: true });
    expect(connections.hasReplacement).toBe(false);
  });

  it('lives where it answers first: the other one is closed, and the next comes 10 s later', async () => {
    const { clock, dials, at, connections, seen, replace } = replacing();
    replace();
    seen.isDoubtful = false;
    at(1).succeed();
    await settled();
    expect([seen.deaths, connections.hasReplacement, at(1).destroyed]).toEqual([0, false, ['closed']]);
    clock.advance(9_999);
    replace();
    expect(dials).toHaveLength(2);
    clock.advance(1);
    replace();
    expect(dials).toHaveLength(3);
  });

  it('is replaced at the next call where no other connection could be made', async () => {
    const { dials, at, replace } = replacing();
    replace();
    replace();
    expect(dials).toHaveLength(2);
    at(1).fail('HOST_UNREACHABLE');
    await settled();
    replace();
    expect(dials).toHaveLength(3);
  });
});

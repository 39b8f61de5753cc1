import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AnywhereError } from '../../../src/base/errors.ts';
import {
  INITIAL_SERVER_STATE,
  reduceServer,
  type ServerAction,
  serverStateKind,
} from '../../../src/upstream/server-state.ts';

const cause = new AnywhereError('SERVER_EXITED', 'gone');
const after = (...actions: ServerAction[]): string =>
  serverStateKind(actions.reduce(reduceServer, INITIAL_SERVER_STATE));

const launched = { type: 'launched' } as const;
const initialized = { type: 'initialized' } as const;
const failed = { type: 'start-failed', cause } as const;
const ended = { type: 'ended', cause, worked: false } as const;
const endedAfterWork = { ...ended, worked: true } as const;
const forgiven = { type: 'forgiven' } as const;
const lasted = { type: 'lasted' } as const;
const stopped = (wasReady: boolean): ServerAction => ({ type: 'stopped', wasReady });

describe('a server', () => {
  it.each([
    ['idle', []],
    ['starting', [launched]],
    ['ready', [launched, initialized]],
    ['failed', [launched, failed]],
    ['starting', [launched, failed, launched]],
    ['ready', [launched, failed, launched, initialized]],
    ['failed', [launched, initialized, ended]],
    ['idle', [launched, initialized, stopped(true)]],
    ['idle', [launched, stopped(false)]],
    ['ready', [launched, launched, initialized, failed]],
    ['starting', [launched, launched, initialized, ended]],
    ['failed', [launched, failed, launched, stopped(false)]],
    ['failed', [launched, failed, launched, failed]],
    ['crash-loop', [launched, failed, launched, failed, launched, failed]],
    ['crash-loop', [launched, failed, launched, failed, launched, failed, launched]],
    ['crash-loop', [launched, initialized, ended, launched, initialized, ended, launched, initialized, ended]],
    ['ready', [launched, failed, launched, failed, launched, failed, launched, initialized]],
    ['crash-loop', [launched, failed, launched, failed, launched, failed, launched, initialized, ended]],
    ['failed', [launched, failed, launched, failed, launched, initialized, lasted, ended]],
    ['failed', [launched, failed, launched, failed, launched, initialized, endedAfterWork]],
    ['failed', [1, 2, 3].flatMap(() => [launched, initialized, endedAfterWork])],
    ['idle', [launched, failed, launched, failed, launched, failed, forgiven]],
    ['starting', [launched, failed, launched, failed, launched, failed, forgiven, launched]],
    ['idle', [launched, failed, launched, failed, launched, failed, launched, initialized, stopped(true)]],
  ] as const)('is %s after %j', (kind, actions) => {
    expect(after(...actions)).toBe(kind);
  });

  it('counts its instances, however each of them ends', () => {
    const life = fc.constantFrom<readonly ServerAction[]>(
      [launched, failed],
      [launched, stopped(false)],
      [launched, initialized, ended],
      [launched, initialized, stopped(true)],
    );
    fc.assert(
      fc.property(fc.array(life, { maxLength: 10 }), (lives) => {
        const state = lives.flat().reduce(reduceServer, INITIAL_SERVER_STATE);
        expect([state.starting, state.ready]).toEqual([0, 0]);
      }),
    );
  });
});

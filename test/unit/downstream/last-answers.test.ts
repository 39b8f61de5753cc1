/** What is asked before the end of the input is answered, within 30 s in all. */
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { AnywhereError } from '../../../src/base/errors.ts';
import { type DoorSession, openStreamDoor } from '../../../src/downstream/stream-door.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { peerKit } from '../protocol/peer-kit.ts';

/** A client that waits for an answer and has closed its end. */
async function finished() {
  const [clock, input] = [new ManualClock(), new PassThrough()];
  const givenUp: AnywhereError[] = [];
  const session = {
    peer: peerKit().peer,
    takesBatches: false,
    isBusy: true as boolean,
    giveUp: (error: AnywhereError) => {
      givenUp.push(error);
    },
    instances: [],
  } satisfies DoorSession;
  const door = openStreamDoor({
    input,
    output: new PassThrough(),
    maxMessageBytes: 1 << 20,
    open: () => session,
    clock,
  });
  const state = { hasEnded: false };
  const ended = (): void => {
    state.hasEnded = true;
  };
  door.ended.then(ended, ended);
  input.resume().end();
  await expect.poll(() => clock.pending).toBe(1);
  /** In steps, so that who waits can look again. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      await turn();
    }
  };
  return { session, givenUp, state, pass };
}

it('gives up after 30 s what is not answered, and ends', async () => {
  const { givenUp, state, pass } = await finished();
  await pass(29_000);
  expect([givenUp, state.hasEnded]).toEqual([[], false]);
  await pass(2_000);
  expect(givenUp.map(({ code }) => code)).toEqual(['OUTCOME_UNKNOWN']);
  expect(state.hasEnded).toBe(true);
});

it('ends with the last answer', async () => {
  const { session, givenUp, state, pass } = await finished();
  await pass(20_000);
  session.isBusy = false;
  await pass(100);
  expect([givenUp, state.hasEnded]).toEqual([[], true]);
});

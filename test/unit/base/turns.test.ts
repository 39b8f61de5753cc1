import { expect, it } from 'vitest';
import { type Turn, type TurnOptions, Turns } from '../../../src/base/turns.ts';

interface Rig {
  /** Names of the tasks that have begun, in their order. */
  readonly begun: readonly string[];
  readonly take: (name: string, options?: TurnOptions) => Turn;
}

const background = { isAwaited: false };

function rig(most: number | (() => number)): Rig {
  const turns = new Turns(most);
  const begun: string[] = [];
  const take = (name: string, options?: TurnOptions): Turn => {
    const turn = turns.take(options);
    turn.begun.then(() => begun.push(name), expect.unreachable);
    return turn;
  };
  return { begun, take };
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

it('lets no more than so many be under way at once, and the others in their order', async () => {
  const { begun, take } = rig(2);
  const [a, b] = ['a', 'b', 'c', 'd'].map((name) => take(name));
  await settled();
  expect(begun).toEqual(['a', 'b']);
  b?.end();
  await settled();
  expect(begun).toEqual(['a', 'b', 'c']);
  a?.end();
  await settled();
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
});

it('lets a task that somebody waits for go before those that nobody waits for', async () => {
  const { begun, take } = rig(1);
  const first = take('first', background);
  const patient = take('patient', background);
  const raised = take('raised', background);
  const awaited = take('awaited');
  raised.raise();
  raised.raise();
  for (const turn of [first, awaited, raised, patient]) {
    turn.end();
    await settled();
  }
  expect(begun).toEqual(['first', 'awaited', 'raised', 'patient']);
});

it('a task that ended in the queue never begins', async () => {
  const { begun, take } = rig(1);
  const first = take('first');
  const second = take('second');
  take('third');
  second.end();
  first.end();
  await settled();
  expect(begun).toEqual(['first', 'third']);
});

it('makes room once, however often a task ends', async () => {
  const { begun, take } = rig(1);
  const first = take('first');
  take('second');
  take('third');
  first.end();
  first.end();
  await settled();
  expect(begun).toEqual(['first', 'second']);
});

it('follows a limit that changes', async () => {
  let most = 1;
  const { begun, take } = rig(() => most);
  const first = take('a');
  for (const name of ['b', 'c', 'd']) take(name);
  most = 3;
  first.end();
  await settled();
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
});

it('runs work in its turn, and passes the turn on when work fails', async () => {
  const turns = new Turns(1);
  let fail: (error: Error) => void = () => undefined;
  const first = turns.run(
    () =>
      new Promise((_resolve, reject) => {
        fail = reject;
      }),
  );
  const second = turns.run(() => Promise.resolve('b'));
  await settled();
  fail(new Error('a'));
  await expect(first).rejects.toThrow('a');
  await expect(second).resolves.toBe('b');
});

import { expect, it } from 'vitest';
import { TaskAliases } from '../../../src/downstream/tasks.ts';
import type { Instance } from '../../../src/upstream/instance.ts';
import { ManualClock } from '../../harness/manual-clock.ts';
import { proves } from '../../requirements.ts';

it(proves('an alias names its task until the ttl is over or the instance is gone', 'tasks'), () => {
  const clock = new ManualClock();
  const aliases = new TaskAliases(clock);
  const state = { isLive: true };
  const instance = state as unknown as Instance;
  const short = aliases.learn(instance, 'short', 1_000)?.alias;
  const long = aliases.learn(instance, 'long', null)?.alias;
  clock.advance(999);
  expect([aliases.named(short)?.id, aliases.named(long)?.id]).toEqual(['short', 'long']);
  clock.advance(1);
  expect([aliases.named(short), aliases.named(long)?.id]).toEqual([undefined, 'long']);
  state.isLive = false;
  expect(aliases.named(long)).toBeUndefined();
});

it(proves('an instance that ended leaves no alias behind, and its tasks are nobody’s', 'tasks'), () => {
  const aliases = new TaskAliases(new ManualClock());
  const [one, other] = [{ isLive: true }, { isLive: true }] as unknown as [Instance, Instance];
  const [gone, stays] = [one, other].map((instance) => aliases.learn(instance, 'same')?.alias);
  aliases.forget(one);
  expect([aliases.named(gone), aliases.of(one, 'same'), aliases.withId('same').length]).toEqual([
    undefined,
    undefined,
    1,
  ]);
  expect(aliases.named(stays)?.instance).toBe(other);
  aliases.forget(other);
  expect(aliases.isEmpty).toBe(true);
});

it(proves('an instance that never ends a task costs a thousand of them, and only its own', 'tasks'), () => {
  const clock = new ManualClock();
  const aliases = new TaskAliases(clock);
  const [loud, other] = [{ isLive: true }, { isLive: true }] as unknown as [Instance, Instance];
  const quiet = aliases.learn(other, 'quiet')?.alias;
  aliases.learn(loud, 'over', 1);
  for (let at = 0; at < 999; at += 1) aliases.learn(loud, `t${at}`);
  clock.advance(1);
  aliases.learn(loud, 't999');
  // The one that is over makes room, then the oldest.
  expect([aliases.of(loud, 't0')?.id, aliases.of(loud, 't999')?.id]).toEqual(['t0', 't999']);
  aliases.learn(loud, 't1000');
  expect([aliases.of(loud, 't0'), aliases.of(loud, 't1')?.id]).toEqual([undefined, 't1']);
  expect(aliases.named(quiet)?.id).toBe('quiet');
});

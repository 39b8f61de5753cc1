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

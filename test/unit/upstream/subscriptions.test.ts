import { expect, it } from 'vitest';
import { Subscriptions } from '../../../src/upstream/subscriptions.ts';
import { proves } from '../../requirements.ts';

it(proves('tells the server of the first subscriber and of the last', 'subscriptions'), () => {
  const held = new Subscriptions<string>();
  expect([held.add('u', 'a'), held.add('u', 'a'), held.add('u', 'b'), held.add('v', 'a')]).toEqual([
    true,
    false,
    false,
    true,
  ]);
  expect([held.has('u', 'a'), held.has('u', 'c'), held.uris]).toEqual([true, false, ['u', 'v']]);
  expect([held.remove('u', 'a'), held.remove('u', 'a'), held.remove('none', 'a')]).toEqual([false, false, false]);
  expect([held.removeAll('a'), held.uris, held.remove('u', 'b'), held.uris]).toEqual([['v'], ['u'], true, []]);
});

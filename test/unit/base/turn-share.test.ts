import { expect, it } from 'vitest';
import { TurnShare } from '../../../src/base/turn-share.ts';

it('a stream is paused once it had its share, until the next turn', async () => {
  const seen: string[] = [];
  const share = new TurnShare((isPaused) => seen.push(isPaused ? 'pause' : 'resume'));
  share.took(50_000);
  expect(seen).toEqual([]);
  share.took(50_000);
  share.took(50_000);
  expect(seen).toEqual(['pause']);
  await new Promise(setImmediate);
  expect(seen).toEqual(['pause', 'resume']);
});

/** The launch of a server waits for its turn, and makes room for the next. */
import { expect, it } from 'vitest';
import { inTurn, Turns } from '../../../src/base/turns.ts';

import { ManualClock } from '../../harness/manual-clock.ts';
import { settled } from '../protocol/kit.ts';

function rig() {
  const clock = new ManualClock();
  const turns = new Turns(1);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const launch = (name: string, signal = new AbortController().signal): Promise<string> =>
    inTurn(turns.take(), { clock, atMostMs: 2_000, signal }, () => {
      begun.push(name);
      return new Promise((resolve) => {
        ends.set(name, () => {
          resolve(name);
        });
      });
    });
  return { clock, begun, launch, end: (name: string) => ends.get(name)?.() };
}

it('begins when the server before it has answered', async () => {
  const { begun, launch, end } = rig();
  const first = launch('a');
  const second = launch('b');
  await settled();
  expect(begun).toEqual(['a']);
  end('a');
  expect(await first).toBe('a');
  await settled();
  expect(begun).toEqual(['a', 'b']);
  end('b');
  expect(await second).toBe('b');
});

it('begins after 2 s where the server before it is slow, which goes on', async () => {
  const { clock, begun, launch, end } = rig();
  const slow = launch('slow');
  const next = launch('next');
  await settled();
  clock.advance(1_999);
  await settled();
  expect(begun).toEqual(['slow']);
  clock.advance(1);
  await settled();
  expect(begun).toEqual(['slow', 'next']);
  end('slow');
  expect(await slow).toBe('slow');
  end('next');
  expect(await next).toBe('next');
});

it('does not begin where the server was stopped before its turn', async () => {
  const { begun, launch, end } = rig();
  const stop = new AbortController();
  const first = launch('a');
  const stopped = launch('stopped', stop.signal);
  const third = launch('c');
  stop.abort(new Error('its client left'));
  await expect(stopped).rejects.toThrow('its client left');
  end('a');
  await settled();
  expect(begun).toEqual(['a', 'c']);
  end('c');
  expect(await Promise.all([first, third])).toEqual(['a', 'c']);
});

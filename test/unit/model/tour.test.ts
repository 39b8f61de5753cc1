import { expect, it } from 'vitest';
import { emptyTour, type TourEvent, tourReducer } from '../../../src/model/tour.ts';

function viewAfter(...events: TourEvent[]): ReturnType<typeof tourReducer> {
  return events.reduce(tourReducer, emptyTour);
}

it('keeps one row a host, with its last state and its tools', () => {
  const view = viewAfter(
    { type: 'host', host: 'a', state: 'starting', reason: 'begins' },
    { type: 'host', host: 'b', state: 'starting', reason: 'begins' },
    { type: 'tools', perHost: new Map([['a', ['x', 'y']]]), total: 2 },
    { type: 'host', host: 'a', state: 'down', reason: 'killed' },
  );
  expect(view.hosts).toEqual([
    { name: 'a', state: 'down', reason: 'killed', tools: ['x', 'y'] },
    { name: 'b', state: 'starting', reason: 'begins', tools: [] },
  ]);
  expect(view.totalTools).toBe(2);
});

it('gives an answer to the call that waits for it', () => {
  const answer = { type: 'answered', host: 'a', tool: 't', isError: true, text: 'gone', durationMs: 3 } as const;
  const asked = { type: 'asked', host: 'a', tool: 't', args: '' } as const;
  const view = viewAfter(asked, { ...asked, host: 'b' }, answer, asked);
  expect(view.calls.map((call) => call.answer?.text)).toEqual(['gone', undefined, undefined]);
});

it('begins each chapter with an empty stage', () => {
  const view = viewAfter(
    { type: 'asked', host: 'a', tool: 't', args: '' },
    { type: 'remark', text: 'hm' },
    { type: 'chapter', title: 'two' },
  );
  expect(view).toMatchObject({ chapter: 'two', calls: [], remarks: [], next: undefined });
});

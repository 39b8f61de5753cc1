import { expect, it } from 'vitest';
import { Turns } from '../../../src/base/turns.ts';

interface Work {
  readonly name: string;
  readonly finish: () => void;
  readonly fail: () => void;
}

function bench(most: number): { begun: Work[]; run: (name: string) => Promise<string> } {
  const turns = new Turns(most);
  const begun: Work[] = [];
  const run = (name: string): Promise<string> =>
    turns.run(
      () =>
        new Promise((resolve, reject) => {
          begun.push({
            name,
            finish: () => {
              resolve(name);
            },
            fail: () => {
              reject(new Error(name));
            },
          });
        }),
    );
  return { begun, run };
}

it('lets no more than so many run at once, and the others in their order', async () => {
  const { begun, run } = bench(2);
  const all = ['a', 'b', 'c', 'd'].map(run);
  await Promise.resolve();
  expect(begun.map(({ name }) => name)).toEqual(['a', 'b']);
  begun[1]?.finish();
  await all[1];
  expect(begun.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  begun[0]?.finish();
  await all[0];
  expect(begun.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd']);
});

it('passes the turn on when work fails', async () => {
  const { begun, run } = bench(1);
  const first = run('a');
  const second = run('b');
  begun[0]?.fail();
  await expect(first).rejects.toThrow('a');
  begun[1]?.finish();
  await expect(second).resolves.toBe('b');
  const third = run('c');
  expect(begun.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  begun[2]?.finish();
  await third;
});

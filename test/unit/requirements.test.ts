import { describe, expect, it } from 'vitest';
import { holders, MUTATIONS, OF_THE_WHOLE, sources } from '../mutations.ts';
import { findProofs, proofsIn } from '../proofs.ts';
import { REQUIREMENTS } from '../requirements.ts';

const proofs = findProofs();

describe('the requirements', () => {
  it('have ids of their own', () => {
    const ids = REQUIREMENTS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(REQUIREMENTS.map(({ id, text }) => [id, text] as const))('%s is proved: %s', (id) => {
    expect(proofs.filter((proof) => proof.id === id && !proof.isSkipped).map(({ test }) => test)).not.toEqual([]);
  });

  it('are all that tests claim to prove', () => {
    const known = new Set(REQUIREMENTS.map(({ id }) => id));
    expect(proofs.filter(({ id }) => !known.has(id))).toEqual([]);
  });
});

describe('the mutations', () => {
  const all = sources();

  it.each(Object.entries(MUTATIONS).flatMap(([id, own]) => own.map(({ from }) => [id, from] as const)))(
    'of %s change a text that src/ holds once: %s',
    (_id, from) => {
      expect(holders(from, all)).toHaveLength(1);
    },
  );

  it('switch off every promise that hangs on one place', () => {
    const promises = REQUIREMENTS.filter(({ disable }) => disable === undefined).map(({ id }) => id);
    expect([...Object.keys(MUTATIONS), ...OF_THE_WHOLE].toSorted()).toEqual(promises.toSorted());
  });
});

describe('a proof', () => {
  // Put together, so that this file claims nothing itself.
  const wrapped = 'proves';
  const claim = (caller: string): string =>
    `${caller}(${wrapped}('a \\'name\\'', 'tools-list', 'client:ping'), () => {});`;

  it('is found with every id it names', () => {
    expect(proofsIn('a.test.ts', claim('it')).map(({ id }) => id)).toEqual(['tools-list', 'client:ping']);
  });

  it('may take several lines', () => {
    expect(proofsIn('a.test.ts', claim('])').replaceAll(/([(,]) ?/gu, '$1\n    ')).map(({ id }) => id)).toEqual([
      'tools-list',
      'client:ping',
    ]);
  });

  it.each(['it.skip', 'describe.skip', 'it.todo', 'it.skipIf(x)'])('that %s leaves out is none', (caller) => {
    expect(proofsIn('a.test.ts', claim(caller)).every(({ isSkipped }) => isSkipped)).toBe(true);
  });
});

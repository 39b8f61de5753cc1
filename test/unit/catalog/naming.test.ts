import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPlainName, publicName } from '../../../src/catalog/naming.ts';
import { isLegalName } from '../../../src/config/names.ts';

/** What the hosts file allows: no `__`, a letter or digit first and last. Few letters, so that names meet. */
const hostName = fc.stringMatching(/^[ab0](?:[ab_-]{0,6}[ab0])?$/).filter(isLegalName);
const toolName = fc.oneof(
  fc.stringMatching(/^[ab_-]{1,8}$/),
  fc.string({ minLength: 1, maxLength: 80 }),
  fc.stringMatching(/^[a_]{30,60}$/),
  fc.constantFrom('é', '😀', 'a b', 'a/b', 'a.b'),
);
const parts = fc.tuple(hostName, hostName, toolName);
const maxLength = fc.integer({ min: 24, max: 64 });

describe('publicName', () => {
  it('is legal for every client and never too long', () => {
    fc.assert(
      fc.property(parts, maxLength, (names, max) => {
        const name = publicName(names, max);
        expect(name).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(name.length).toBeLessThanOrEqual(max);
      }),
    );
  });

  it('is another one for other parts', () => {
    fc.assert(
      fc.property(fc.array(parts, { minLength: 2, maxLength: 60 }), maxLength, (all, max) => {
        const byName = new Map<string, string>();
        for (const names of all) {
          const key = JSON.stringify(names);
          const name = publicName(names, max);
          expect(byName.get(name) ?? key).toBe(key);
          byName.set(name, key);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is the plain joining wherever that is legal and short enough', () => {
    fc.assert(
      fc.property(parts, maxLength, (names, max) => {
        const plain = names.join('__');
        const isFine = /^[A-Za-z0-9_-]+$/.test(plain) && plain.length <= max;
        expect(isPlainName(names, max)).toBe(isFine);
        if (isFine) expect(publicName(names, max)).toBe(plain);
      }),
    );
  });

  it('stays what it is today: AI clients keep allow lists by it', () => {
    expect(publicName(['gpu1', 'files', 'read_text_file'], 44)).toBe('gpu1__files__read_text_file');
    expect(publicName(['gpu1', 'files', 'dots.and/slashes'], 44)).toBe('gpu1__files__dots_and_slashes_0b5d132a');
    expect(publicName(['gpu1', 'files', 'n'.repeat(60)], 44)).toBe('gpu1__files__nnnnnnnnnnnnnnnnnnnnnn_d66a519d');
  });
});

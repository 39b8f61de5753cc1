import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesGlob } from '../../../src/base/glob.ts';
import { isOffered, renamed } from '../../../src/catalog/naming.ts';
import { toolsPlan } from './kit.ts';

describe('matchesGlob', () => {
  it.each([
    ['read_*', 'read_file', true],
    ['read_*', 'read_', true],
    ['read_*', 'xread_a', false],
    ['*', '', true],
    ['*', 'line\nbreak', true],
    ['?', 'a', true],
    ['?', '😀', true],
    ['?', '', false],
    ['a.c', 'abc', false],
    ['a+', 'aa', false],
    ['(a|b)', 'a', false],
    ['[ab]', 'a', false],
    ['[ab]', '[ab]', true],
    ['a\\*', 'a\\b', true],
    ['^a$', 'a', false],
    ['READ', 'read', false],
    ['*secret*', 'my_secret_x', true],
  ])('%j on %j: %s', (glob, name, expected) => {
    expect(matchesGlob(glob, name)).toBe(expected);
  });

  it('takes every text without wildcards for itself alone', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter((text) => !/[*?]/.test(text)),
        fc.string({ unit: 'grapheme' }),
        (glob, name) => {
          expect(matchesGlob(glob, name)).toBe(glob === name);
          expect(matchesGlob(glob, glob)).toBe(true);
        },
      ),
    );
  });

  it('agrees with the regular expression it stands for', () => {
    const few = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 7 });
    fc.assert(
      fc.property(few, fc.string({ unit: fc.constantFrom('a', 'b', '😀'), maxLength: 7 }), (glob, name) => {
        const pattern = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'su');
        expect(matchesGlob(glob, name)).toBe(pattern.test(name));
      }),
      { numRuns: 2000 },
    );
  });

  it('does not take exponential time over many stars', () => {
    const began = performance.now();
    expect(matchesGlob('*a'.repeat(12), 'a'.repeat(60) + 'b')).toBe(false);
    expect(matchesGlob('*a*b', 'a'.repeat(300_000))).toBe(false);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

describe('isOffered', () => {
  it('offers all where nothing is said', () => {
    expect(isOffered(toolsPlan(), 'x')).toBe(true);
  });

  it('offers only what is allowed, and deny wins', () => {
    const tools = toolsPlan({ allow: ['read_*', 'list'], deny: ['*_secret'] });
    expect(['read_a', 'list', 'write', 'read_secret', 'list_secret'].map((name) => isOffered(tools, name))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it("looks at the server's own names, not at the renamed ones", () => {
    const tools = toolsPlan({
      deny: ['remove'],
      rename: new Map([
        ['remove', 'tidy'],
        ['tidy', 'remove'],
      ]),
    });
    expect([isOffered(tools, 'remove'), isOffered(tools, 'tidy'), renamed(tools, 'tidy'), renamed(tools, 'x')]).toEqual(
      [false, true, 'remove', 'x'],
    );
  });
});

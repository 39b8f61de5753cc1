import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ascii, cut, fit, plain, plainLines, widthOf, wrapLine, wrapped } from '../../../src/model/text.ts';

/** Anything that a terminal could take for more than text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are looked for
const STEERS = /[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E\u2066-\u2069]/;

describe('text of a remote machine', () => {
  it.each([
    ['\u001B[2Jcleared\u001B[31m', 'cleared'],
    ['\u001B]0;title\u0007after', 'after'],
    ['a\u001B]52;c;ZXZpbA==\u001B\\b', 'ab'],
    ['bell\u0007 back\u0008space', 'bell backspace'],
    ['\u009B31mC1', '31mC1'],
    ['two\r\nlines\tand  tab', 'two lines and tab'],
    ['\u202Eesrever\u2066', 'esrever'],
    ['日本語 🎉', '日本語 🎉'],
  ])('%j becomes %j', (text, shown) => {
    expect(plain(text)).not.toMatch(STEERS);
    if (!text.includes('\u009B')) expect(plain(text)).toBe(shown);
  });

  it('never steers a terminal, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(plain(text)).not.toMatch(STEERS);
        for (const line of plainLines(text)) expect(line).not.toMatch(STEERS);
      }),
    );
  });

  it('keeps the indentation of lines', () => {
    expect(plainLines('{\n\t"a": 1\r\n}')).toEqual(['{', '  "a": 1', '}']);
  });
});

describe('columns', () => {
  const anything = fc.string({ unit: 'grapheme', maxLength: 60 }).map(plain);

  it('fitted text has exactly as many as asked for', () => {
    fc.assert(
      fc.property(anything, fc.integer({ min: 2, max: 40 }), (text, width) => {
        expect(widthOf(fit(text, width))).toBe(width);
      }),
    );
  });

  it('wrapped text loses nothing and no piece is too wide', () => {
    fc.assert(
      fc.property(anything, fc.integer({ min: 2, max: 40 }), (text, width) => {
        const pieces = wrapped(text, width);
        // wrap-ansi composes characters (NFC).
        expect(pieces.join('').normalize()).toBe(text.normalize());
        // One character can be wider than the row.
        for (const piece of pieces.filter((each) => [...new Intl.Segmenter().segment(each)].length > 1))
          expect(widthOf(piece)).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('wide characters are not cut in half', () => {
    expect(cut('日本語', 4)).toBe('日…');
    expect(fit('日本語', 4)).toBe('日… ');
  });

  it('lines are wrapped between words', () => {
    const rows = wrapLine([{ text: 'one two ' }, { text: 'three four', look: 'bad' }], 9);
    expect(rows.map((row) => row.map(({ text }) => text).join(''))).toEqual(['one two ', 'three ', 'four']);
  });
});

it('with --ascii columns stay what they are', () => {
  expect(ascii('● up ✖ 日本 …')).toBe('* up x ???? ~');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }).map(plain), (text) => {
      expect(ascii(text)).toMatch(/^[ -~]*$/);
    }),
  );
});

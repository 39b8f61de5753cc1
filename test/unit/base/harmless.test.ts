import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { harmless, harmlessJson, oneLine, visible } from '../../../src/base/harmless.ts';

const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const EMOJI_GLUE = /(?<=\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f|[0-9#*])[\ufe0f\u200d]/gu;

/** Any code unit, and the ones that matter more often. */
const texts = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
      fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point)),
      fc.constantFrom(
        '\u001b[2J',
        '\u001b]0;x\u0007',
        '\u009b1A',
        '\u202e',
        '\u200d',
        '\ufe0f',
        '👩',
        '🏽',
        '\n',
        'a',
        '\u{e0041}',
      ),
    ),
  )
  .map((parts) => parts.join(''));

const everyCodePoint = Array.from({ length: 0x110000 }, (_, point) => String.fromCodePoint(point));

describe('harmless', () => {
  it('lets no code point of a harmful category through, and every other one', () => {
    const wrong = everyCodePoint.filter((one) => {
      const expected = one === '\n' || one === '\t' || !HARMFUL.test(one) ? one : '';
      // 日 ends no escape sequence: a letter behind U+009B would go with it.
      return harmless(`a${one}日`) !== `a${expected}日`;
    });
    expect(wrong.map((one) => one.codePointAt(0)?.toString(16))).toEqual([]);
  });

  it('holds for any text, and twice is as once', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const shown = harmless(text);
        expect(HARMFUL.test(shown.replaceAll(/[\n\t]/g, '').replaceAll(EMOJI_GLUE, ''))).toBe(false);
        expect(harmless(shown)).toBe(shown);
        expect(oneLine(text)).not.toMatch(/[\n\t\r\u2028\u2029]/);
        expect(visible(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(['👩‍👩‍👧', '👩🏽‍💻', '❤️', '1️⃣', 'naïve — ünïcode 日本語 עברית'])('leaves %s as it is', (text) => {
    expect(harmless(text)).toBe(text);
  });

  it.each([
    ['a whole sequence', '\u001b[31mred\u001b[0m', 'red'],
    ['a title', '\u001b]0;title\u0007x', 'x'],
    ['C1', 'a\u009b31mb', 'ab'],
    ['bidi', 'a\u202eb\u2066c', 'abc'],
    ['tags', `a${String.fromCodePoint(0xe0069, 0xe0067)}b`, 'ab'],
    ['a joiner that joins nothing', 'a\u200db', 'ab'],
    ['variation selectors', `a\ufe01b${String.fromCodePoint(0xe0100)}`, 'ab'],
  ])('takes out %s', (_name, text, expected) => {
    expect(harmless(text)).toBe(expected);
  });
});

describe('harmlessJson', () => {
  it('means the same, and steers nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), texts), (value) => {
        const text = harmlessJson(JSON.stringify(value, null, 2));
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(HARMFUL.test(text.replaceAll('\n', '').replaceAll(EMOJI_GLUE, ''))).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inputSpans, lineOf } from '../../../src/model/line-edit.ts';
import { widthOf } from '../../../src/model/text.ts';

const glyphs = fc.array(fc.constantFrom('a', ' ', '日', '語', '🎉', '👩‍👩‍👧', 'e\u0301'), { maxLength: 60 });

/** The columns before the cursor, and those of all. */
function columns(before: string, after: string, width: number): readonly [number, number] {
  const spans = inputSpans({ text: before + after, at: before.length }, width);
  const cursor = spans.findIndex(({ text, look }) => text === '_' && look === 'selected');
  expect(cursor).toBe(1);
  return [widthOf(spans[0]?.text ?? ''), widthOf(spans.map(({ text }) => text).join(''))];
}

describe('the cursor of a narrow field', () => {
  it('stands inside the field, however wide the characters around it are', () => {
    fc.assert(
      fc.property(glyphs, glyphs, fc.integer({ min: 3, max: 40 }), (before, after, width) => {
        const [at, all] = columns(before.join(''), after.join(''), width);
        expect(at).toBeLessThan(width);
        // One character can be wider than what is left.
        expect(all).toBeLessThanOrEqual(width + 1);
      }),
    );
  });

  it.each([
    ['日本語日本語', 8, '日本語_'],
    ['🎉🎉🎉🎉🎉', 7, '🎉🎉_'],
    ['abcdefgh', 8, 'cdefgh_'],
    ['a日b', 3, 'b_'],
  ])('stands behind the end of %s in %d columns: %s', (text, width, shown) => {
    expect(
      inputSpans(lineOf(text), width)
        .map((span) => span.text)
        .join(''),
    ).toBe(shown);
  });
});

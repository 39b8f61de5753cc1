import { describe, expect, it } from 'vitest';
import { hasLetters, isMatch, isNameMatch, queryOf } from '../../../src/model/query.ts';

function matches(filter: string, name: string, text = name): boolean {
  return isMatch(queryOf(filter), name, text);
}

describe('a filter', () => {
  it('needs every word, anywhere and in any case', () => {
    expect(matches('GPU lab', 'gpu1', 'gpu1 ● up lab')).toBe(true);
    expect(matches('gpu nas', 'gpu1', 'gpu1 ● up lab')).toBe(false);
  });

  it('takes out what a word with ! matches', () => {
    expect(matches('gpu !lab', 'gpu1', 'gpu1 lab')).toBe(false);
    expect(matches('gpu !lab', 'gpu2', 'gpu2 home')).toBe(true);
    expect(matches('!~gp', 'nas')).toBe(true);
    expect(matches('!~gp', 'gpu')).toBe(false);
  });

  it('with ~ needs the letters of the name in their order, and looks at nothing but the name', () => {
    expect(matches('~g1ec', 'gpu1__every__echo')).toBe(true);
    expect(matches('~ceg', 'gpu1__every__echo')).toBe(false);
    expect(matches('~lab', 'gpu1', 'gpu1 lab')).toBe(false);
    expect(matches('~日語', '日本語')).toBe(true);
  });

  it.each(['', ' ', '!', '~', '!~', ' ! ~ '])('%j is not finished, and hides nothing', (filter) => {
    expect(queryOf(filter)).toEqual([]);
    expect(matches(filter, 'anything')).toBe(true);
  });

  it('knows a match of the name from a match of the rest', () => {
    expect(isNameMatch(queryOf('gpu !nas'), 'gpu1')).toBe(true);
    expect(isNameMatch(queryOf('lab'), 'gpu1')).toBe(false);
  });

  it('finds the same letter twice only where it stands twice', () => {
    expect(hasLetters('ab', 'aa')).toBe(false);
    expect(hasLetters('aab', 'aa')).toBe(true);
  });
});

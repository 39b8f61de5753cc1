/** The filter of a list as a person types it: `word` must be there, `!word` must not, `~word` matches a name by its letters. */

interface Term {
  /** In lower case. */
  readonly text: string;
  readonly isInverse: boolean;
  readonly isFuzzy: boolean;
}

export type Query = readonly Term[];

/** A single `!` or `~`, with its word still to be typed, filters nothing. */
export function queryOf(filter: string): Query {
  return filter
    .toLowerCase()
    .split(/\s+/)
    .map((word): Term => {
      const [, inverse = '', fuzzy = '', text = ''] = /^(!?)(~?)(.*)$/su.exec(word) ?? [];
      return { text, isInverse: inverse !== '', isFuzzy: fuzzy !== '' };
    })
    .filter(({ text }) => text !== '');
}

/**
 * @param name where the letters of a fuzzy word must be, in their order; in a longer text nearly every word has its letters
 * @param text everything that is known about the item, with its name
 */
export function isMatch(query: Query, name: string, text: string): boolean {
  const [lowerName, lowerText] = [name.toLowerCase(), text.toLowerCase()];
  return query.every(
    ({ text: word, isFuzzy, isInverse }) =>
      (isFuzzy ? hasLetters(lowerName, word) : lowerText.includes(word)) !== isInverse,
  );
}

/** The name itself holds every word that must be there. */
export function isNameMatch(query: Query, name: string): boolean {
  const lowerName = name.toLowerCase();
  return query.every(({ text, isFuzzy, isInverse }) => isInverse || isFuzzy || lowerName.includes(text));
}

/** Both in lower case. */
export function hasLetters(text: string, letters: string): boolean {
  let from = 0;
  for (const letter of letters) {
    const at = text.indexOf(letter, from);
    if (at === -1) return false;
    from = at + letter.length;
  }
  return true;
}

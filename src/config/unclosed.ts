/** Flow collections (`{ … }`, `[ … ]`) that nothing closes. The parser finds out only where the next line does not fit. */
import type { CST } from 'yaml';

export interface UnclosedCollection {
  /** Of the bracket that opens it, in UTF-16 units. */
  readonly offset: number;
  readonly opens: '{' | '[';
  readonly closes: '}' | ']';
}

/** In the order of the text. Empty behind a quote without an end, which takes the closing brackets for its text. */
export function unclosedCollections(tokens: readonly CST.Token[]): readonly UnclosedCollection[] {
  const all = allOf(tokens);
  return all.some(isUnclosedQuote) ? [] : all.flatMap(ownOf);
}

function allOf(tokens: readonly CST.Token[]): readonly CST.Token[] {
  return tokens.flatMap((token) => [token, ...allOf(inside(token))]);
}

function isUnclosedQuote(token: CST.Token): boolean {
  if (token.type !== 'double-quoted-scalar' && token.type !== 'single-quoted-scalar') return false;
  return token.source.length < 2 || !token.source.endsWith(token.source.charAt(0));
}

function ownOf(token: CST.Token): readonly UnclosedCollection[] {
  if (token.type !== 'flow-collection') return [];
  const isMap = token.start.type === 'flow-map-start';
  const { offset } = token.start;
  if (token.end.some(({ type }) => type === (isMap ? 'flow-map-end' : 'flow-seq-end'))) return [];
  return [isMap ? { offset, opens: '{', closes: '}' } : { offset, opens: '[', closes: ']' }];
}

/** The keys and values of a token. */
export function inside(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  return token.items.flatMap((item) => [item.key ?? [], item.value ?? []].flat());
}

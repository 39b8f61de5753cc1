/** What one server listed: its items as bytes, and where in each the identifying text stands. */
import type { Collection, CollectionName } from '../protocol/collections.ts';
import { fitLine, legible } from '../protocol/fit-line.ts';
import { memberOf, type Span, skipSpace, textAt, valueAt } from '../protocol/json-scan.ts';
import { MemberIndex } from '../protocol/member-index.ts';
import { definitionProblem } from './definition-check.ts';
import { toolProblem } from './tool-check.ts';

export interface ListedItem {
  /** The name or URI as the server wrote it. */
  readonly key: string;
  /** Where `key` stands in `bytes`, quotes included. */
  readonly keySpan: Span;
  /** The whole definition, verbatim. */
  readonly bytes: Buffer;
}

/** Something of a listing that cannot be offered, with the reason in a sentence. */
export interface ListingProblem {
  readonly item: string;
  readonly reason: string;
}

export interface Listing {
  /** Of the server's configuration: another command is another server. */
  readonly fingerprint: string;
  /** The client capabilities it was listed with (`profileOf`). */
  readonly profile: string;
  /** Wall clock, ms. */
  readonly listedAtMs: number;
  readonly items: Readonly<Record<CollectionName, readonly ListedItem[]>>;
  readonly problems: readonly ListingProblem[];
  /** From `initialize`: what the server tells models about itself. */
  readonly instructions: string | undefined;
  /** From `initialize`. */
  readonly capabilities: ServerCapabilities;
}

/** What a server says in `initialize` that it can do. */
export type ServerCapabilities = Readonly<Record<string, unknown>>;

const UNFIT = 'it holds control bytes, or is not UTF-8: some clients would lose the whole list';

/** Reads the definitions of one collection: bad ones become problems, the good ones stay. */
export function readItems(
  collection: Collection,
  definitions: readonly Buffer[],
): { readonly items: readonly ListedItem[]; readonly problems: readonly ListingProblem[] } {
  const items = new Map<string, ListedItem>();
  const problems: ListingProblem[] = [];
  for (const bytes of definitions) {
    const fit = fitLine(bytes);
    const item = itemOf(collection, fit ?? legible(bytes));
    const name = item?.key ?? '(no name)';
    const found = item === undefined ? `its ${collection.key} is missing or empty` : undefined;
    const reason = fit === undefined ? UNFIT : (found ?? (item && itemProblem(collection, item, items.has(name))));
    if (reason !== undefined || item === undefined) problems.push({ item: name, reason: reason ?? '' });
    else items.set(name, item);
  }
  return { items: [...items.values()], problems };
}

/** One definition and its identifying text; undefined where it has none, or must not be handed on. */
export function readItem(collection: Collection, definition: Buffer): ListedItem | undefined {
  const bytes = fitLine(definition);
  return bytes === undefined ? undefined : itemOf(collection, bytes);
}

function itemOf(collection: Collection, bytes: Buffer): ListedItem | undefined {
  const keySpan = memberOf(bytes, { start: 0, end: bytes.length }, collection.key);
  const key = keySpan === undefined ? undefined : textAt(bytes, keySpan);
  return keySpan === undefined || key === undefined || key === '' ? undefined : { key, keySpan, bytes };
}

function itemProblem(collection: Collection, item: ListedItem, isRepeated: boolean): string | undefined {
  if (isRepeated) return 'listed twice; the first one is offered';
  if (MemberIndex.at(item.bytes, skipSpace(item.bytes, 0)).hasTwins())
    return 'a member stands in it twice, or in another case: clients would read different things';
  const definition = valueAt(item.bytes, { start: 0, end: item.bytes.length });
  return (
    (collection.name === 'tools' ? toolProblem(definition) : undefined) ??
    definitionProblem(collection.name, definition)
  );
}

/** True where both offer the same bytes in the same order. */
export function sameItems(a: readonly ListedItem[], b: readonly ListedItem[]): boolean {
  return a.length === b.length && a.every((item, index) => b[index]?.bytes.equals(item.bytes) === true);
}

/**
 * Names the capabilities of a client that may change what a server lists. Unknown ones count too.
 * @param capabilities the `capabilities` of the client's `initialize`
 */
export function profileOf(capabilities: object): string {
  return Object.keys(capabilities).toSorted().join(',');
}

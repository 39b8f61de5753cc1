/** The listing of one server: its items as bytes, with the span of each item's key. */
import type { LimitsPlan } from '../config/plan.ts';
import { fitLine, legible } from '../protocol/fit-line.ts';
import { memberAt, memberOf, type Span, skipSpace, textAt, valueAt } from '../protocol/json-scan.ts';
import { MemberIndex } from '../protocol/member-index.ts';
import { COLLECTIONS, type Collection, type CollectionName, forEachCollection } from '../protocol/methods.ts';
import { strictProblem } from '../protocol/strict-json.ts';
import { readWords, type Withheld } from '../upstream/server-hello.ts';
import { definitionProblem } from './definition-check.ts';
import { mend } from './mending.ts';
import { toolProblem } from './tool-check.ts';

export interface ListedItem {
  /** The name or URI as the server wrote it. */
  readonly key: string;
  /** The span of `key` in `bytes`, quotes included. */
  readonly keySpan: Span;
  /** The whole definition, verbatim except for mended parts. */
  readonly bytes: Buffer;
}

/** A part of a listing that is withheld or mended, and why. */
export type ListingProblem = Withheld;

export interface Listing {
  /** Of the server's configuration (`fingerprintOf`). */
  readonly fingerprint: string;
  /** The client capabilities of this listing (`profileOf`). */
  readonly profile: string;
  /** Wall clock, ms. */
  readonly listedAtMs: number;
  readonly items: Readonly<Record<CollectionName, readonly ListedItem[]>>;
  readonly problems: readonly ListingProblem[];
  /** Collections that were never listed successfully. */
  readonly unlisted: readonly CollectionName[];
  /** The server's instructions for models, from `initialize`. */
  readonly instructions: string | undefined;
  /** From `initialize`. */
  readonly capabilities: ServerCapabilities;
}

export type ServerCapabilities = Readonly<Record<string, unknown>>;

export interface ReadItems {
  readonly items: readonly ListedItem[];
  readonly problems: readonly ListingProblem[];
}

const UNFIT = 'it holds control bytes, or is not UTF-8: some clients would lose the whole list';

/** Reads the definitions of one collection. Bad definitions are mended or withheld, each with a problem report. */
export function readItems(collection: Collection, definitions: readonly Buffer[]): ReadItems {
  const items = new Map<string, ListedItem>();
  const problems: ListingProblem[] = [];
  for (const bytes of definitions) {
    const fit = fitLine(bytes);
    const read = itemOf(collection, fit ?? legible(bytes));
    const { item, reasons } = judged(collection, read, fit !== undefined);
    const first = item && items.get(item.key);
    const isRepeated = first !== undefined;
    // A server that gives the same page twice repeats what is offered anyway.
    const isCopy = first !== undefined && item?.bytes.equals(first.bytes) === true;
    const twice = isCopy ? [] : ['withheld: listed twice; the first one is offered'];
    const all = isRepeated ? twice : reasons;
    for (const reason of all) problems.push({ collection: collection.name, item: read?.key ?? '(no name)', reason });
    if (item !== undefined && !isRepeated) items.set(item.key, item);
  }
  return { items: [...items.values()], problems };
}

/** One definition with its key; undefined without a key, or for bytes that must not be passed on. */
export function readItem(collection: Collection, definition: Buffer): ListedItem | undefined {
  const bytes = fitLine(definition);
  return bytes === undefined ? undefined : itemOf(collection, bytes);
}

function itemOf(collection: Collection, bytes: Buffer): ListedItem | undefined {
  const keySpan = memberOf(bytes, { start: 0, end: bytes.length }, collection.key);
  const key = keySpan === undefined ? undefined : textAt(bytes, keySpan);
  return keySpan === undefined || key === undefined || key === '' ? undefined : { key, keySpan, bytes };
}

interface Judged {
  /** Undefined for a withheld item. */
  readonly item: ListedItem | undefined;
  readonly reasons: readonly string[];
}

function refused(reason: string): Judged {
  return { item: undefined, reasons: [`withheld: ${reason}`] };
}

function judged(collection: Collection, item: ListedItem | undefined, isFit: boolean): Judged {
  if (!isFit) return refused(UNFIT);
  return item === undefined ? refused(`its ${collection.key} is missing or empty`) : offerable(collection, item);
}

/** The item, mended where necessary. */
function offerable(collection: Collection, item: ListedItem): Judged {
  if (itemProblem(collection, item) === undefined) return { item, reasons: [] };
  const { bytes, notes } = mend(collection, item.bytes);
  const mended = readItem(collection, bytes);
  if (mended === undefined) return refused('its definition cannot be read');
  const reason = itemProblem(collection, mended);
  return reason === undefined ? { item: mended, reasons: notes } : refused(reason);
}

function itemProblem(collection: Collection, item: ListedItem): string | undefined {
  if (hasTwins(item.bytes))
    return 'a member stands in it twice, or in another case: clients would read different things';
  const definition = valueAt(item.bytes, { start: 0, end: item.bytes.length });
  return (
    (collection.name === 'tools' ? toolProblem(definition) : undefined) ??
    definitionProblem(collection.name, definition)
  );
}

/** Objects in a definition that clients read member by member, and the members that are replaced. */
const PARTS: readonly { readonly path: readonly string[]; readonly replaced: readonly string[] }[] = [
  { path: [], replaced: ['_meta'] },
  { path: ['annotations'], replaced: [] },
  { path: ['execution'], replaced: [] },
  { path: ['_meta'], replaced: ['ui'] },
  { path: ['_meta', 'ui'], replaced: [] },
];

function hasTwins(bytes: Buffer): boolean {
  const whole = { start: skipSpace(bytes, 0), end: bytes.length };
  return PARTS.some(({ path, replaced }) => {
    const members = MemberIndex.of(bytes, memberAt(bytes, whole, path));
    return members.hasTwins() || members.hidesAny(replaced);
  });
}

/** The listing within the current limits, which may have changed since the listing was written. A cut listing is stale. */
export function withinLimits(listing: Listing, limits: LimitsPlan): Listing {
  const items = forEachCollection(({ name }) => allowed(listing.items[name], limits));
  const { capabilities, instructions } = listing;
  const said = Buffer.from(JSON.stringify({ capabilities, instructions }));
  const words = readWords(said, { start: 0, end: said.length }, limits);
  const isWhole =
    words.problems.length === 0 && COLLECTIONS.every(({ name }) => items[name].length === listing.items[name].length);
  if (isWhole) return listing;
  return { ...listing, items, capabilities: words.capabilities, instructions: words.instructions, listedAtMs: 0 };
}

function allowed(items: readonly ListedItem[], limits: LimitsPlan): readonly ListedItem[] {
  let total = 0;
  const isAllowed = ({ bytes }: ListedItem): boolean => {
    if (total + bytes.length > limits.listingBytes) return false;
    if (strictProblem(bytes, { start: 0, end: bytes.length }, limits) !== undefined) return false;
    total += bytes.length;
    return true;
  };
  return items.slice(0, limits.listingItems).filter(isAllowed);
}

/** Whether both have the same bytes in the same order. */
export function sameItems(a: readonly ListedItem[], b: readonly ListedItem[]): boolean {
  return a.length === b.length && a.every((item, index) => b[index]?.bytes.equals(item.bytes) === true);
}

/**
 * The names of a client's capabilities, known and unknown: a server's lists may depend on them.
 * @param capabilities the `capabilities` of the client's `initialize`
 */
export function profileOf(capabilities: object): string {
  return Object.keys(capabilities).toSorted().join(',');
}

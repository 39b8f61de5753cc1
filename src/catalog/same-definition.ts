/** Whether two servers define the same tool: order of members and white space say nothing, nor does what each calls it. */
import { isDeepStrictEqual } from 'node:util';
import type { ListedItem } from './listing.ts';

export function sameDefinition(a: ListedItem, b: ListedItem): boolean {
  // Nearly always: the same program wrote both.
  return a.bytes.equals(b.bytes) || isDeepStrictEqual(unnamed(a), unnamed(b));
}

function unnamed({ bytes }: ListedItem): unknown {
  return { ...(JSON.parse(bytes.toString()) as object), name: '' };
}

/** Cuts a merged list into pages with cursors of our own (MCP, utilities/pagination). */
import type { Route } from '../catalog/snapshot.ts';

/** Most clients never see a second page: it is for those with thousands of items. */
export const PAGE_ITEMS = 1000;

export interface Page {
  readonly routes: readonly Route[];
  readonly nextCursor: string | undefined;
}

/** Undefined where the cursor is not one of ours. A list that changed meanwhile goes on behind the same item. */
export function pageOf(routes: readonly Route[], cursor: string | undefined): Page | undefined {
  const start = cursor === undefined ? 0 : startOf(routes, cursor);
  if (start === undefined) return undefined;
  const page = routes.slice(start, start + PAGE_ITEMS);
  const last = page.at(-1);
  const isEnd = last === undefined || start + PAGE_ITEMS >= routes.length;
  return { routes: page, nextCursor: isEnd ? undefined : encode(start + page.length - 1, last.publicKey) };
}

function encode(index: number, key: string): string {
  return Buffer.from(JSON.stringify([index, key])).toString('base64url');
}

function startOf(routes: readonly Route[], cursor: string): number | undefined {
  const position = decode(cursor);
  if (position === undefined) return undefined;
  const [index, key] = position;
  if (routes[index]?.publicKey === key) return index + 1;
  const moved = routes.findIndex((route) => route.publicKey === key);
  return moved === -1 ? Math.min(index, routes.length) : moved + 1;
}

function decode(cursor: string): readonly [number, string] | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (!Array.isArray(value) || !Number.isSafeInteger(value[0]) || typeof value[1] !== 'string') return undefined;
    return [Math.max(0, value[0] as number), value[1]];
  } catch {
    return undefined;
  }
}

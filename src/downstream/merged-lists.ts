/** Answers the list requests of one client from the merged catalog, and notifies the client when a list it got has changed. */
import { orAbort } from '../base/abort.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { jsonArray, type Route, type Snapshot } from '../catalog/snapshot.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { COLLECTIONS, type Collection, type CollectionName } from '../protocol/methods.ts';
import type { Peer } from '../protocol/peer.ts';

/** Several servers that come up at once are one change for the client. */
const DEBOUNCE_MS = 100;

export interface MergedListsDeps {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly peer: Peer;
  /** The client's profile (`profileOf`): a server's list can depend on it. */
  readonly profile: () => string | undefined;
  /** Resolves when the first list need not wait for new servers any more. */
  readonly firstListReady: (collection: CollectionName) => Promise<void>;
}

export class MergedLists {
  readonly #deps: MergedListsDeps;
  /** The lists that the client got last. */
  readonly #served = new Map<CollectionName, Buffer>();
  readonly #unsubscribe: Unsubscribe;
  #cancelDebounce: CancelTimer | undefined;

  constructor(deps: MergedListsDeps) {
    this.#deps = deps;
    this.#unsubscribe = deps.catalog.changes.on(() => {
      this.#changed();
    });
  }

  /** @param signal aborts when the client cancels */
  async answer(request: Message, collection: Collection, signal: AbortSignal): Promise<void> {
    await orAbort(this.#deps.firstListReady(collection.name), signal);
    const { json, routes } = this.#snapshot;
    this.#served.set(collection.name, json[collection.name]);
    const cursor = request.paramText('cursor');
    if (cursor === undefined && routes[collection.name].size <= PAGE_ITEMS)
      this.#reply(request, collection, json[collection.name]);
    else this.#replyPage(request, collection, pageOf([...routes[collection.name].values()], cursor));
  }

  get #snapshot(): Snapshot {
    return this.#deps.catalog.snapshot(this.#deps.profile());
  }

  #replyPage(request: Message, collection: Collection, page: Page | undefined): void {
    if (page === undefined) this.#deps.peer.replyError(request, RPC.invalidParams, 'unknown cursor');
    else this.#reply(request, collection, jsonArray(page.routes.map((route) => route.definition)), page.nextCursor);
  }

  #reply(request: Message, collection: Collection, json: Buffer, nextCursor?: string): void {
    const tail = nextCursor === undefined ? '}' : `,"nextCursor":${JSON.stringify(nextCursor)}}`;
    this.#deps.peer.reply(request, Buffer.concat([Buffer.from(`{"${collection.member}":`), json, Buffer.from(tail)]));
  }

  close(): void {
    this.#unsubscribe();
    this.#cancelDebounce?.();
  }

  #changed(): void {
    this.#cancelDebounce ??= this.#deps.clock.after(DEBOUNCE_MS, () => {
      this.#cancelDebounce = undefined;
      this.#announce();
    });
  }

  /** Only for lists that the client got, and only where their bytes differ: a changed list costs the model its prompt cache. */
  #announce(): void {
    const { json } = this.#snapshot;
    const differing = COLLECTIONS.filter(({ name }) => this.#served.get(name)?.equals(json[name]) === false);
    for (const { name } of differing) this.#served.delete(name);
    for (const method of new Set(differing.map((collection) => collection.changed))) this.#deps.peer.notify(method);
  }
}

/** Large: many clients read the first page only. */
export const PAGE_ITEMS = 1000;

export interface Page {
  readonly routes: readonly Route[];
  readonly nextCursor: string | undefined;
}

/** Undefined for an unknown cursor. Where the list changed meanwhile, the page starts after the same item. */
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

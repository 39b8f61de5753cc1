/**
 * Answers the list requests of one client from the merged catalog, and tells it when an answer it was
 * given is no longer true.
 */
import { orAbort } from '../base/abort.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { jsonArray, type Snapshot } from '../catalog/snapshot.ts';
import { COLLECTIONS, type Collection, type CollectionName } from '../protocol/collections.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import type { Peer } from '../protocol/peer.ts';
import { PAGE_ITEMS, type Page, pageOf } from './pages.ts';

/** Several servers coming up at once are one change to the client. */
const DEBOUNCE_MS = 100;

export interface MergedListsDeps {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly peer: Peer;
  /** Of the client (`profileOf`): servers may have another list for another one. */
  readonly profile: () => string | undefined;
  /** Resolves when no server that was never listed is worth waiting for any more. */
  readonly firstListReady: () => Promise<void>;
}

export class MergedLists {
  readonly #deps: MergedListsDeps;
  /** What the client was last given. */
  readonly #served = new Map<CollectionName, Buffer>();
  readonly #unsubscribe: Unsubscribe;
  #cancelDebounce: CancelTimer | undefined;

  constructor(deps: MergedListsDeps) {
    this.#deps = deps;
    this.#unsubscribe = deps.catalog.changes.on(() => {
      this.#changed();
    });
  }

  /** @param signal the client cancelled: it gets no answer */
  async answer(request: Message, collection: Collection, signal: AbortSignal): Promise<void> {
    await orAbort(this.#deps.firstListReady(), signal);
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
    if (page === undefined) this.#deps.peer.replyError(request, RPC.invalidParams, 'that cursor is not one of ours');
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

  /** Only lists the client has seen, and only where their bytes differ: a changed list costs a model its prompt cache. */
  #announce(): void {
    const { json } = this.#snapshot;
    const differing = COLLECTIONS.filter(({ name }) => this.#served.get(name)?.equals(json[name]) === false);
    for (const { name } of differing) this.#served.delete(name);
    for (const method of new Set(differing.map((collection) => collection.changed))) this.#deps.peer.notify(method);
  }
}

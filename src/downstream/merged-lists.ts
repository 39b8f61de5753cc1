/**
 * Answers the list requests of one client from the merged catalog, and tells it when an answer it was
 * given is no longer true.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { COLLECTIONS, type Collection, type CollectionName } from '../protocol/collections.ts';
import type { Message } from '../protocol/message.ts';
import type { Peer } from '../protocol/peer.ts';

/** Several servers coming up at once are one change to the client. */
const DEBOUNCE_MS = 100;

export interface MergedListsDeps {
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly peer: Peer;
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

  async answer(request: Message, collection: Collection): Promise<void> {
    await this.#deps.firstListReady();
    const json = this.#deps.catalog.snapshot.json[collection.name];
    this.#served.set(collection.name, json);
    this.#deps.peer.reply(request, Buffer.concat([Buffer.from(`{"${collection.member}":`), json, Buffer.from('}')]));
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
    const { json } = this.#deps.catalog.snapshot;
    const differing = COLLECTIONS.filter(({ name }) => this.#served.get(name)?.equals(json[name]) === false);
    for (const { name } of differing) this.#served.delete(name);
    for (const method of new Set(differing.map((collection) => collection.changed))) this.#deps.peer.notify(method);
  }
}

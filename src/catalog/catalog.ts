/** Holds what every server last listed, on disk and merged, and says when the merged lists change. */
import type { Clock } from '../base/clock.ts';
import { Emitter } from '../base/emitter.ts';
import type { Plan, ServerPlan } from '../config/plan.ts';
import { COLLECTIONS, type CollectionName, forEachCollection } from '../protocol/collections.ts';
import type { Definitions } from '../upstream/list.ts';
import { UriAliases } from './alias.ts';
import type { ListingCache } from './cache.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type Listing, readItems, sameItems } from './listing.ts';
import { buildSnapshot, type Snapshot, serverId } from './snapshot.ts';

export interface CatalogChange {
  readonly server: ServerPlan;
  /** The merged lists that are different now. */
  readonly collections: ReadonlySet<CollectionName>;
}

interface Entry {
  readonly listing: Listing;
  /** Said in this run, not read from disk. */
  readonly isFresh: boolean;
}

export class Catalog {
  readonly aliases: UriAliases;
  readonly changes = new Emitter<CatalogChange>();
  readonly #plan: Plan;
  readonly #cache: ListingCache;
  readonly #clock: Clock;
  readonly #fingerprints: ReadonlyMap<string, string>;
  readonly #entries = new Map<string, Entry>();
  #snapshot: Snapshot;

  constructor(plan: Plan, cache: ListingCache, clock: Clock) {
    this.#plan = plan;
    this.#cache = cache;
    this.#clock = clock;
    this.aliases = new UriAliases(plan);
    this.#fingerprints = new Map(
      plan.hosts.flatMap((host) =>
        host.servers.map((server) => [serverId(server), fingerprintOf(host, server)] as const),
      ),
    );
    for (const [id, fingerprint] of this.#fingerprints) this.#load(id, fingerprint);
    this.#snapshot = this.#build();
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  listing(server: ServerPlan): Listing | undefined {
    return this.#entries.get(serverId(server))?.listing;
  }

  /** True once the server has listed in this run. */
  isFresh(server: ServerPlan): boolean {
    return this.#entries.get(serverId(server))?.isFresh === true;
  }

  /** True where the server should be asked again: never listed, or longer ago than `catalog.ttlMs`. */
  isStale(server: ServerPlan): boolean {
    const listing = this.listing(server);
    return listing === undefined || this.#clock.now() - listing.listedAtMs > this.#plan.catalog.ttlMs;
  }

  /** Takes what a server has just listed. */
  accept(
    server: ServerPlan,
    definitions: Definitions,
    profile: string,
    hello: Pick<Listing, 'instructions' | 'capabilities'>,
  ): void {
    const id = serverId(server);
    const read = forEachCollection((collection) => readItems(collection, definitions[collection.name]));
    const listing: Listing = {
      fingerprint: this.#fingerprints.get(id) ?? '',
      profile,
      listedAtMs: this.#clock.now(),
      items: forEachCollection(({ name }) => read[name].items),
      problems: COLLECTIONS.flatMap(({ name }) => read[name].problems),
      instructions: hello.instructions,
      capabilities: hello.capabilities,
    };
    const before = this.#entries.get(id)?.listing;
    this.#entries.set(id, { listing, isFresh: true });
    this.#cache.write(id, listing);
    this.#announce(server, before, listing);
  }

  #announce(server: ServerPlan, before: Listing | undefined, after: Listing): void {
    const differs = ({ name }: { name: CollectionName }): boolean =>
      before === undefined || !sameItems(before.items[name], after.items[name]);
    const collections = new Set(COLLECTIONS.filter(differs).map(({ name }) => name));
    this.#snapshot = this.#build();
    this.changes.emit({ server, collections });
  }

  #load(id: string, fingerprint: string): void {
    const listing = this.#cache.read(id, fingerprint);
    if (listing !== undefined) this.#entries.set(id, { listing, isFresh: false });
  }

  #build(): Snapshot {
    return buildSnapshot(this.#plan, this.aliases, (server) => this.listing(server));
  }
}

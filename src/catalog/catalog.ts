/**
 * Holds what every server last listed, on disk and merged, and says when the merged lists change.
 *
 * What a server lists may depend on its client's capabilities, so there is a listing for each profile
 * (`profileOf`). Where a profile was never listed, the latest listing of any other stands in for it.
 */
import type { Clock } from '../base/clock.ts';
import { Emitter } from '../base/emitter.ts';
import type { Plan, ServerPlan } from '../config/plan.ts';
import { COLLECTIONS, type CollectionName, forEachCollection } from '../protocol/collections.ts';
import type { Definitions } from '../upstream/list.ts';
import { UriAliases } from './alias.ts';
import type { ListingCache } from './cache.ts';
import { fingerprintOf } from './fingerprint.ts';
import { type Listing, profileOf, readItems, sameItems } from './listing.ts';
import { buildSnapshot, type Snapshot, serverId } from './snapshot.ts';

export interface CatalogChange {
  readonly server: ServerPlan;
  /** The merged lists that are different now for clients of the profile that was listed. */
  readonly collections: ReadonlySet<CollectionName>;
}

/** Of a client; undefined asks for the latest listing, whoever it was for. */
type Profile = string | undefined;

/** A shared server has one instance for all, which is offered nothing that needs one client. */
const SHARED_PROFILE = profileOf({});

/** Clients have few; names that some client makes up anew each time must not fill the disk. */
const MAX_PROFILES = 16;

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
  readonly #servers: readonly ServerPlan[];
  /** By server, then by profile; the latest listing of a server stands last. */
  readonly #entries = new Map<string, Map<string, Entry>>();
  /** By profile, each made when it is first asked for. */
  readonly #snapshots = new Map<Profile, Snapshot>();

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
    this.#servers = plan.hosts.flatMap((host) => host.servers);
    for (const [id, fingerprint] of this.#fingerprints) this.#load(id, fingerprint);
  }

  /** The merged lists as a client of this profile is given them. Without one: of the latest listings. */
  snapshot(profile?: string): Snapshot {
    const known = this.#snapshots.get(profile);
    if (known !== undefined) return known;
    const snapshot =
      this.#alike(profile) ?? buildSnapshot(this.#plan, this.aliases, (server) => this.listing(server, profile));
    this.#snapshots.set(profile, snapshot);
    return snapshot;
  }

  /** What a client of this profile is given: its own listing, or else the latest one. */
  listing(server: ServerPlan, profile?: string): Listing | undefined {
    return (this.#own(server, profile) ?? this.#latest(server))?.listing;
  }

  /** True once the server has listed in this run, for whomever. */
  isFresh(server: ServerPlan): boolean {
    return this.#latest(server)?.isFresh === true;
  }

  /** True where the server should be asked again: never listed for this profile, or longer ago than `catalog.ttlMs`. */
  isStale(server: ServerPlan, profile?: string): boolean {
    const entry = profile === undefined ? this.#latest(server) : this.#own(server, profile);
    return entry === undefined || this.#clock.now() - entry.listing.listedAtMs > this.#plan.catalog.ttlMs;
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
    const before = this.listing(server, profile);
    this.#keep(id, { listing, isFresh: true });
    this.#cache.write(id, listing);
    this.#announce(server, before, listing);
  }

  #announce(server: ServerPlan, before: Listing | undefined, after: Listing): void {
    const differs = ({ name }: { name: CollectionName }): boolean =>
      before === undefined || !sameItems(before.items[name], after.items[name]);
    const collections = new Set(COLLECTIONS.filter(differs).map(({ name }) => name));
    this.#snapshots.clear();
    this.changes.emit({ server, collections });
  }

  #load(id: string, fingerprint: string): void {
    for (const listing of this.#cache.read(id, fingerprint)) this.#keep(id, { listing, isFresh: false });
  }

  #keep(id: string, entry: Entry): void {
    const entries = this.#entries.get(id) ?? new Map<string, Entry>();
    // So that it stands last.
    entries.delete(entry.listing.profile);
    entries.set(entry.listing.profile, entry);
    this.#entries.set(id, entries);
    const [oldest] = entries.keys();
    if (entries.size <= MAX_PROFILES || oldest === undefined) return;
    entries.delete(oldest);
    this.#cache.remove(id, oldest);
  }

  #own(server: ServerPlan, profile: Profile): Entry | undefined {
    if (profile === undefined) return undefined;
    return this.#entries.get(serverId(server))?.get(server.sharing === 'shared' ? SHARED_PROFILE : profile);
  }

  #latest(server: ServerPlan): Entry | undefined {
    return [...(this.#entries.get(serverId(server))?.values() ?? [])].at(-1);
  }

  /** The snapshot of another profile that is given the very same listings. */
  #alike(profile: Profile): Snapshot | undefined {
    const isAlike = (other: Profile): boolean =>
      this.#servers.every((server) => this.listing(server, other) === this.listing(server, profile));
    return [...this.#snapshots].find(([other]) => isAlike(other))?.[1];
  }
}

/**
 * Keeps the last listing of every server, on disk and merged, and emits changes of the merged lists.
 *
 * A server's lists may depend on the client's capabilities, so each client profile (`profileOf`) has its own listing.
 * For a profile that was never listed, the latest listing of any profile is used.
 */
import type { Clock } from '../base/clock.ts';
import { Emitter } from '../base/emitter.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Plan, PoolPlan, ServerPlan } from '../config/plan.ts';
import { COLLECTIONS, type Collection, type CollectionName, forEachCollection } from '../protocol/methods.ts';
import type { Listed } from '../upstream/list.ts';
import type { ServerWords } from '../upstream/server-hello.ts';
import { UriAliases } from './alias.ts';
import { fingerprintOf, type ListingCache } from './cache.ts';
import {
  type Listing,
  type ListingProblem,
  profileOf,
  type ReadItems,
  readItems,
  sameItems,
  withinLimits,
} from './listing.ts';
import { prefixesOf } from './naming.ts';
import { buildSnapshot, type Snapshot, serverId } from './snapshot.ts';

export interface CatalogChange {
  readonly server: ServerPlan;
  /** The merged lists that changed for clients of the listed profile. */
  readonly collections: ReadonlySet<CollectionName>;
}

/** A client's profile; undefined selects the latest listing of any profile. */
type Profile = string | undefined;

/** A shared server has one instance for all clients, without client capabilities. */
const SHARED_PROFILE = profileOf({});

const ALL: ReadonlySet<CollectionName> = new Set(COLLECTIONS.map(({ name }) => name));

/** Bounds the files for clients that invent capability names. */
const MAX_PROFILES = 16;
const MOST_PROBLEMS = 100;

interface Entry {
  readonly listing: Listing;
  /** The tools were listed in this run, not read from disk. */
  readonly isFresh: boolean;
}

export class Catalog {
  readonly aliases: UriAliases;
  readonly changes = new Emitter<CatalogChange>();
  readonly #cache: ListingCache;
  readonly #clock: Clock;
  #plan: Plan;
  #fingerprints: ReadonlyMap<string, string>;
  #servers: readonly ServerPlan[];
  /** By member. */
  #pools: ReadonlyMap<string, PoolPlan>;
  /** By server, then by profile; the latest listing of a server is last. */
  readonly #entries = new Map<string, Map<string, Entry>>();
  /** By profile, built on first use. */
  readonly #snapshots = new Map<Profile, Snapshot>();

  constructor(plan: Plan, cache: ListingCache, clock: Clock) {
    this.#plan = plan;
    this.#cache = cache;
    this.#clock = clock;
    this.aliases = new UriAliases(plan);
    this.#fingerprints = fingerprintsOf(plan);
    this.#servers = serversOf(plan);
    this.#pools = poolsOf(plan);
    for (const [id, fingerprint] of this.#fingerprints) this.#load(id, fingerprint);
  }

  /**
   * The hosts file changed. A server with another command keeps its old listing until it is listed again.
   */
  replan(plan: Plan): void {
    const before = { fingerprints: this.#fingerprints, servers: this.#servers };
    this.#plan = plan;
    this.#fingerprints = fingerprintsOf(plan);
    this.#servers = serversOf(plan);
    this.#pools = poolsOf(plan);
    this.aliases.replan(plan);
    for (const [id, fingerprint] of before.fingerprints)
      if (this.#fingerprints.get(id) !== fingerprint) this.#outdate(id);
    for (const [id, fingerprint] of this.#fingerprints)
      if (before.fingerprints.get(id) !== fingerprint) this.#load(id, fingerprint);
    this.#snapshots.clear();
    for (const server of changedServers(before.servers, this.#servers)) this.changes.emit({ server, collections: ALL });
  }

  /** The merged lists for clients of this profile; without a profile, of the latest listings. */
  snapshot(profile?: string): Snapshot {
    const known = this.#snapshots.get(profile);
    if (known !== undefined) return known;
    const snapshot =
      this.#alike(profile) ?? buildSnapshot(this.#plan, this.aliases, (server) => this.listing(server, profile));
    this.#snapshots.set(profile, snapshot);
    return snapshot;
  }

  /** The listing for clients of this profile, or else the latest listing. */
  listing(server: ServerPlan, profile?: string): Listing | undefined {
    return (this.#own(server, profile) ?? this.#latest(server))?.listing;
  }

  /** The pool of the server. */
  poolOf(server: ServerPlan): PoolPlan | undefined {
    return this.#pools.get(serverId(server));
  }

  /** The possible prefixes of the server's public tool names, the longest first. */
  prefixesOf(server: ServerPlan): readonly string[] {
    const pool = this.poolOf(server);
    return prefixesOf(pool === undefined ? server.namedAs : [pool.name], this.#plan.naming.maxLength);
  }

  /** True once the server has listed its tools in this run, for any profile. */
  isFresh(server: ServerPlan): boolean {
    return this.#latest(server)?.isFresh === true;
  }

  /** True where the server should be listed again: never listed for this profile, or longer ago than `catalog.ttlMs`. */
  isStale(server: ServerPlan, profile?: string): boolean {
    const entry = profile === undefined ? this.#latest(server) : this.#own(server, profile);
    if (entry === undefined || entry.listing.unlisted.length > 0) return true;
    return this.#clock.now() - entry.listing.listedAtMs > this.#plan.catalog.ttlMs;
  }

  /** False while the collection, or any collection, was never listed. */
  isListed(server: ServerPlan, collection?: CollectionName): boolean {
    const unlisted = this.listing(server)?.unlisted;
    return collection === undefined ? unlisted?.length === 0 : unlisted?.includes(collection) === false;
  }

  /** Takes a new listing. A collection that failed or is still awaited keeps its old items. */
  accept(server: ServerPlan, listed: Listed, profile: string, hello: ServerWords): void {
    const id = serverId(server);
    const fingerprint = this.#fingerprints.get(id) ?? '';
    const before = this.listing(server, profile);
    const known = before?.fingerprint === fingerprint ? before : undefined;
    const isWhole = (name: CollectionName): boolean =>
      Array.isArray(listed[name]) && listed.cutShort?.has(name) !== true;
    const read = forEachCollection((collection) => readList(collection, listed, known));
    const listing: Listing = {
      fingerprint,
      profile,
      listedAtMs: this.#clock.now(),
      items: forEachCollection(({ name }) => read[name].items),
      problems: mostOf([
        ...hello.problems,
        ...listed.withheld,
        ...COLLECTIONS.flatMap(({ name }) => read[name].problems),
      ]),
      unlisted: COLLECTIONS.flatMap(({ name }) =>
        isWhole(name) || known?.unlisted.includes(name) === false ? [] : [name],
      ),
      instructions: hello.instructions,
      capabilities: hello.capabilities,
    };
    const wasFresh = known !== undefined && this.#entries.get(id)?.get(profile)?.isFresh === true;
    this.#keep(id, { listing, isFresh: listed.tools === undefined ? wasFresh : isWhole('tools') });
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

  /** Removes the listings of a removed server, and marks those of a changed server as stale. */
  #outdate(id: string): void {
    const entries = this.#entries.get(id) ?? new Map<string, Entry>();
    if (!this.#fingerprints.has(id)) this.#entries.delete(id);
    for (const [profile, { listing }] of entries)
      entries.set(profile, { listing: { ...listing, listedAtMs: 0 }, isFresh: false });
  }

  #load(id: string, fingerprint: string): void {
    for (const listing of this.#cache.read(id, fingerprint))
      this.#keep(id, { listing: withinLimits(listing, this.#plan.limits), isFresh: false });
  }

  #keep(id: string, entry: Entry): void {
    const entries = this.#entries.get(id) ?? new Map<string, Entry>();
    // Inserted again, as the last one.
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

  /** The snapshot of another profile with exactly the same listings. */
  #alike(profile: Profile): Snapshot | undefined {
    const isAlike = (other: Profile): boolean =>
      this.#servers.every((server) => this.listing(server, other) === this.listing(server, profile));
    return [...this.#snapshots].find(([other]) => isAlike(other))?.[1];
  }
}

/** Bounds the reports about a server with very many bad definitions. */
function mostOf(problems: readonly ListingProblem[]): readonly ListingProblem[] {
  const more = problems.length - MOST_PROBLEMS;
  const last = problems[MOST_PROBLEMS];
  if (last === undefined) return problems;
  return [...problems.slice(0, MOST_PROBLEMS), { ...last, item: `${more} more`, reason: 'see the others' }];
}

/** The items of a list that ends early come before what is known of the rest. */
function readList(collection: Collection, listed: Listed, known: Listing | undefined): ReadItems {
  const { name } = collection;
  const definitions = listed[name];
  if (definitions === undefined || definitions instanceof AnywhereError) return earlier(known, name);
  const { items, problems } = readItems(collection, definitions);
  if (listed.cutShort?.has(name) !== true) return { items, problems };
  const keys = new Set(items.map(({ key }) => key));
  return { items: [...items, ...earlier(known, name).items.filter(({ key }) => !keys.has(key))], problems };
}

function earlier(listing: Listing | undefined, collection: CollectionName): ReadItems {
  return {
    items: listing?.items[collection] ?? [],
    problems: listing?.problems.filter((problem) => problem.collection === collection) ?? [],
  };
}

function serversOf(plan: Plan): readonly ServerPlan[] {
  return plan.hosts.flatMap((host) => host.servers);
}

function poolsOf({ pools }: Plan): ReadonlyMap<string, PoolPlan> {
  return new Map(pools.flatMap((pool) => pool.members.map((member) => [member, pool] as const)));
}

function fingerprintsOf(plan: Plan): ReadonlyMap<string, string> {
  return new Map(
    plan.hosts.flatMap((host) =>
      host.servers.map((server) => [serverId(server), fingerprintOf(host, server)] as const),
    ),
  );
}

/** Servers whose part of the merged lists may differ; all servers where only other settings changed. */
function changedServers(before: readonly ServerPlan[], after: readonly ServerPlan[]): readonly ServerPlan[] {
  const [known, ids] = [new Set(before), new Set(after.map(serverId))];
  const gone = before.filter((server) => !ids.has(serverId(server)));
  const changed = after.filter((server) => !known.has(server));
  return gone.length + changed.length === 0 ? after : [...gone, ...changed];
}

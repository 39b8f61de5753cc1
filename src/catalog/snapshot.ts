/**
 * The merged catalog: the items of all servers, under public names, in the order of the hosts file and of each server's
 * list. Immutable; the same inputs give the same bytes.
 */
import { AnywhereError } from '../base/errors.ts';
import type { NamingPlan, Plan, ServerPlan } from '../config/plan.ts';
import { memberOf, textAt } from '../protocol/json-scan.ts';
import { COLLECTIONS, type Collection, type CollectionName, forEachCollection } from '../protocol/methods.ts';
import { type Edit, joinPieces, splice } from '../protocol/splice.ts';
import { definitionUriEdits, type UriAliases } from './alias.ts';
import { titleEdits } from './definition-edits.ts';
import type { ListedItem, Listing } from './listing.ts';
import { isLegalName, isOffered, publicName, renamed } from './naming.ts';
import { PoolRoutes } from './pool-routes.ts';
import { type Route, serverId } from './route.ts';

export { type Route, serverId } from './route.ts';

export interface Snapshot {
  readonly routes: Readonly<Record<CollectionName, ReadonlyMap<string, Route>>>;
  /** The JSON array of each list. */
  readonly json: Readonly<Record<CollectionName, Buffer>>;
  /** Problems by `host/server`. */
  readonly problems: ReadonlyMap<string, readonly AnywhereError[]>;
}

/** @param listingOf the last listing of a server; undefined for a server that was never listed */
export function buildSnapshot(
  plan: Plan,
  aliases: UriAliases,
  listingOf: (server: ServerPlan) => Listing | undefined,
): Snapshot {
  const routes = forEachCollection(() => new Map<string, Route>());
  const problems = new Map<string, AnywhereError[]>();
  const pools = new PoolRoutes(plan, aliases);
  for (const server of plan.hosts.flatMap((host) => host.servers)) {
    const listing = server.enabled ? listingOf(server) : undefined;
    if (listing === undefined) continue;
    const found = listing.problems.map(({ item, reason }) => complaint(server, item, reason));
    const builder = new RouteBuilder(server, aliases, plan.naming, found);
    for (const collection of COLLECTIONS) {
      // Tools of pools are offered under the pool's name only, after all other tools.
      if (collection.name === 'tools' && pools.take(server, listing.items.tools)) continue;
      for (const item of listing.items[collection.name]) builder.add(routes[collection.name], collection, item);
    }
    problems.set(serverId(server), found);
  }
  pools.addTo(routes.tools, (server, item, what) => {
    problems.get(serverId(server))?.push(complaint(server, item, what));
  });
  for (const [id, found] of problems) if (found.length === 0) problems.delete(id);
  const json = forEachCollection(({ name }) => jsonArray([...routes[name].values()].map((route) => route.definition)));
  return { routes, json, problems };
}

/** Adds one server's items under their public keys, and collects problems. */
class RouteBuilder {
  readonly #server: ServerPlan;
  readonly #aliases: UriAliases;
  readonly #naming: NamingPlan;
  readonly #complaints: AnywhereError[];

  constructor(server: ServerPlan, aliases: UriAliases, naming: NamingPlan, complaints: AnywhereError[]) {
    this.#server = server;
    this.#aliases = aliases;
    this.#naming = naming;
    this.#complaints = complaints;
  }

  add(routes: Map<string, Route>, collection: Collection, item: ListedItem): void {
    if (collection.name === 'tools' && !isOffered(this.#server.tools, item.key)) return;
    const own = collection.name === 'tools' ? renamed(this.#server.tools, item.key) : item.key;
    const publicKey =
      collection.key === 'name' ? this.#name(item, own) : this.#aliases.toPublic(this.#server, item.key);
    const holder = routes.get(publicKey);
    if (holder === undefined)
      routes.set(publicKey, this.#route(item, publicKey, collection.key === 'name' ? own : nameOf(item)));
    else
      this.#complain(
        item,
        `withheld: its public name ${publicKey} is already that of ${serverId(holder.server)} ${holder.original}`,
      );
  }

  #name(item: ListedItem, own: string): string {
    const name = publicName(this.#server.namedAs, own, this.#naming.maxLength);
    if (!isLegalName(own)) this.#complain(item, `its name is not legal for AI clients; offered as ${name}`);
    return name;
  }

  #route(item: ListedItem, publicKey: string, name: string): Route {
    const saysPlace = this.#aliases.isActive && this.#naming.titles === 'place';
    const edits: Edit[] = [
      { span: item.keySpan, text: JSON.stringify(publicKey) },
      ...definitionUriEdits(item.bytes, this.#server, this.#aliases),
      ...(saysPlace ? titleEdits(item.bytes, name, serverId(this.#server)) : []),
    ];
    return {
      publicKey,
      server: this.#server,
      original: item.key,
      originalJson: JSON.stringify(item.key),
      definition: joinPieces(splice(item.bytes, edits)),
    };
  }

  #complain(item: ListedItem, what: string): void {
    this.#complaints.push(complaint(this.#server, item.key, what));
  }
}

/** The name of an item whose key is a URI. */
function nameOf({ bytes, key }: ListedItem): string {
  const span = memberOf(bytes, { start: 0, end: bytes.length }, 'name');
  return (span && textAt(bytes, span)) ?? key;
}

function complaint(server: ServerPlan, item: string, what: string): AnywhereError {
  return new AnywhereError('SERVER_PROTOCOL', `${JSON.stringify(item)}: ${what}`, {
    host: server.host,
    server: server.name,
    tool: item,
  });
}

/** Definitions as one JSON array, byte for byte. */
export function jsonArray(items: readonly Buffer[]): Buffer {
  const comma = Buffer.from(',');
  const inner = items.flatMap((item, index) => (index === 0 ? [item] : [comma, item]));
  return Buffer.concat([Buffer.from('['), ...inner, Buffer.from(']')]);
}

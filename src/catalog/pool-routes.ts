/**
 * The tools of pools: each tool once, under the pool's name. Members whose definition is not that of the majority do not
 * offer the tool, and are reported.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Plan, PoolPlan, ServerPlan } from '../config/plan.ts';
import { type Edit, joinPieces, splice } from '../protocol/splice.ts';
import { definitionUriEdits, type UriAliases } from './alias.ts';
import { PIN_ARGUMENT, pinEdit, titleEdits } from './definition-edits.ts';
import type { ListedItem } from './listing.ts';
import { isLegalName, isOffered, publicName, renamed } from './naming.ts';
import { type Route, serverId } from './route.ts';

/** Reports a problem with an item of a server. */
export type Complain = (server: ServerPlan, item: string, what: string) => void;

/** A member's own definition of a tool. */
interface Offer {
  readonly server: ServerPlan;
  readonly item: ListedItem;
}

/** A pool's tool and its names. */
interface Pooled {
  readonly pool: PoolPlan;
  readonly name: string;
  readonly publicKey: string;
}

export class PoolRoutes {
  readonly #plan: Plan;
  readonly #aliases: UriAliases;
  readonly #members: ReadonlySet<string>;
  readonly #listed = new Map<string, readonly Offer[]>();

  constructor(plan: Plan, aliases: UriAliases) {
    this.#plan = plan;
    this.#aliases = aliases;
    this.#members = new Set(plan.pools.flatMap(({ members }) => members));
  }

  /** Takes the tools of a member. False for a server without a pool. */
  take(server: ServerPlan, tools: readonly ListedItem[]): boolean {
    const id = serverId(server);
    if (!this.#members.has(id)) return false;
    const offered = tools.filter((item) => isOffered(server.tools, item.key));
    this.#listed.set(
      id,
      offered.map((item) => ({ server, item })),
    );
    return true;
  }

  /** Adds the tools of all pools, in the order of the hosts file and of the first member's list. */
  addTo(routes: Map<string, Route>, complain: Complain): void {
    for (const pool of this.#plan.pools)
      for (const [name, offers] of this.#byName(pool, complain)) {
        const publicKey = this.#publicKey(pool, name, offers[0], complain);
        const agreeing = agreeingWithMost(offers);
        for (const { server, item } of offers.filter((offer) => !agreeing.includes(offer)))
          complain(server, item.key, differs(pool, agreeing.length, offers.length));
        const route = this.#route({ pool, name, publicKey }, agreeing, complain);
        if (route !== undefined) routes.set(publicKey, route);
      }
  }

  #byName(pool: PoolPlan, complain: Complain): ReadonlyMap<string, readonly Offer[]> {
    const byName = new Map<string, Offer[]>();
    for (const offer of pool.members.flatMap((id) => this.#listed.get(id) ?? [])) {
      const name = renamed(offer.server.tools, offer.item.key);
      const offers = byName.get(name) ?? [];
      byName.set(name, offers);
      if (offers.some(({ server }) => server === offer.server))
        complain(offer.server, offer.item.key, `withheld: another of its tools is called ${name} too`);
      else offers.push(offer);
    }
    return byName;
  }

  #publicKey(pool: PoolPlan, name: string, first: Offer | undefined, complain: Complain): string {
    const publicKey = publicName([pool.name], name, this.#plan.naming.maxLength);
    if (first !== undefined && !isLegalName(name))
      complain(first.server, first.item.key, `its name is not legal for AI clients; offered as ${publicKey}`);
    return publicKey;
  }

  #route({ pool, name, publicKey }: Pooled, offers: readonly Offer[], complain: Complain): Route | undefined {
    const [first] = offers;
    if (first === undefined) return undefined;
    const { server, item } = first;
    const pin = pool.pin ? pinEdit(item.bytes, [...new Set(offers.map((offer) => offer.server.host))]) : undefined;
    if (pool.pin && pin === undefined)
      complain(server, item.key, `it has an argument ${PIN_ARGUMENT} of its own, so its host cannot be chosen`);
    const saysPlace = this.#aliases.isActive && this.#plan.naming.titles === 'place';
    const edits: Edit[] = [
      { span: item.keySpan, text: JSON.stringify(publicKey) },
      ...(pin === undefined ? [] : [pin]),
      ...definitionUriEdits(item.bytes, server, this.#aliases),
      ...(saysPlace ? titleEdits(item.bytes, name, pool.name) : []),
    ];
    const definition = joinPieces(splice(item.bytes, edits));
    const members = offers.map((offer): Route => ({ ...routeOf(offer, publicKey, definition), isMember: true }));
    const pooled = { plan: pool, members, isPinnable: pin !== undefined };
    return { ...routeOf(first, publicKey, definition), pool: pooled };
  }
}

function routeOf({ server, item }: Offer, publicKey: string, definition: Buffer): Route {
  const { key } = item;
  return { publicKey, server, original: key, originalJson: JSON.stringify(key), definition };
}

/** The largest group; among equal groups, the one with the first member. */
function agreeingWithMost(offers: readonly Offer[]): readonly Offer[] {
  const groups: Offer[][] = [];
  for (const offer of offers) {
    const group = groups.find(([first]) => first !== undefined && sameDefinition(first.item, offer.item));
    if (group === undefined) groups.push([offer]);
    else group.push(offer);
  }
  return groups.reduce<readonly Offer[]>((most, group) => (group.length > most.length ? group : most), []);
}

function differs(pool: PoolPlan, agreeing: number, all: number): string {
  return `its definition differs from that of ${agreeing} of the ${all} members of pool ${pool.name} that have it; not offered there`;
}

/** Whether two definitions are equal, apart from the order of members, white space, and the name. */
function sameDefinition(a: ListedItem, b: ListedItem): boolean {
  // Usually the same program wrote both.
  return a.bytes.equals(b.bytes) || isDeepStrictEqual(unnamed(a), unnamed(b));
}

function unnamed({ bytes }: ListedItem): unknown {
  return { ...(JSON.parse(bytes.toString()) as object), name: '' };
}

/**
 * Keeps the catalog up to date: every new instance is listed once, and again when the instance announces a change. A
 * server that was never listed is started for the client that asks, when its host is connected.
 */

import { backoffMs } from '../base/backoff.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Emitter, type Unsubscribe } from '../base/emitter.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { profileOf } from '../catalog/listing.ts';
import { COLLECTIONS, type CollectionName, forEachCollection } from '../protocol/methods.ts';
import { LineBudget } from '../telemetry/line-rate.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';
import { type Listed, listAll } from '../upstream/list.ts';
import { serverStateKind } from '../upstream/server-state.ts';
import type { ServerUnit } from '../upstream/unit.ts';

/** A server that announces ten changes in a row is listed once. */
const RELIST_DELAY_MS = 50;
/** The rate of listings for a server that announces changes without end. */
const RELIST_RATE = { burst: 5, perSecond: 1 };
/** A server that is up and fails to list is listed again, at growing intervals. */
const RETRY = { initialMs: 1_000, maxMs: 60_000 };

export interface ListingKeeperDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly scope: Scope;
  readonly catalog: Catalog;
  /** The units of the hosts file in force. */
  readonly units: () => readonly ServerUnit[];
  /** A client needs a host that is not connected. */
  readonly askedFor?: (host: string, owner: InstanceOwner) => void;
  readonly onProblem: (unit: ServerUnit, error: AnywhereError) => void;
}

/** A server whose lists are needed and that is not up yet. */
interface Want {
  /** The clients that want the listing, with their profiles, in order. The server is started for the first one. */
  readonly owners: Map<InstanceOwner, string | undefined>;
}

export class ListingKeeper {
  /** Emits when a server may have settled; without one, when servers were found. */
  readonly progress = new Emitter<ServerUnit | undefined>();
  readonly #deps: ListingKeeperDeps;
  readonly #watched = new Map<ServerUnit, Unsubscribe>();
  readonly #wants = new Map<ServerUnit, Want>();
  readonly #relisting = new Map<Instance, { readonly dueMs: number; readonly cancel: CancelTimer }>();
  readonly #budgets = new WeakMap<Instance, LineBudget>();
  /** Servers with a failed or incomplete last listing: nobody waits for them. */
  readonly #failed = new Map<ServerUnit, readonly AnywhereError[]>();
  /** The number of failed listings in a row, by instance. */
  readonly #attempts = new WeakMap<Instance, number>();
  /** The run that brought each list of an instance: runs may overlap. */
  readonly #accepted = new WeakMap<Instance, Map<CollectionName, number>>();
  #lastRun = 0;

  constructor(deps: ListingKeeperDeps) {
    this.#deps = deps;
    for (const unit of deps.units()) this.add(unit);
    deps.scope.onClose(() => {
      for (const { cancel } of this.#relisting.values()) cancel();
    });
  }

  add(unit: ServerUnit): void {
    this.#watched.set(unit, this.#watch(unit));
  }

  /** A retired unit is not listed any more, and nobody waits for it. */
  remove(unit: ServerUnit): void {
    this.#watched.get(unit)?.();
    this.#watched.delete(unit);
    this.#failed.delete(unit);
    this.#wants.delete(unit);
    this.progress.emit(unit);
  }

  /**
   * Starts for this client each server without a current listing, as soon as its host is connected.
   * @param profile of the client, where the client needs listings of its own profile; undefined: any listing is enough
   */
  want(owner: InstanceOwner, profile?: string): void {
    for (const unit of this.#deps.units())
      if (this.#deps.catalog.isStale(unit.plan, profile)) this.wantUnit(unit, owner, profile);
  }

  wantUnit(unit: ServerUnit, owner: InstanceOwner, profile?: string): void {
    if (!unit.plan.enabled || unit.retired !== undefined) return;
    const want = this.#wants.get(unit) ?? { owners: new Map() };
    want.owners.set(owner, profile);
    if (unit.link.state.kind !== 'ready') this.#deps.askedFor?.(unit.plan.host, owner);
    this.#wants.set(unit, want);
    this.#tryStart(unit);
  }

  /** The client left: no server is started for it any more. */
  forget(owner: InstanceOwner): void {
    for (const [unit, want] of this.#wants) {
      if (!want.owners.delete(owner)) continue;
      if (want.owners.size > 0) this.#tryStart(unit);
      else this.#wants.delete(unit);
    }
  }

  /** Lists the instance again, soon. */
  relist(instance: Instance): void {
    const { clock } = this.#deps;
    const budget = this.#budgets.get(instance) ?? new LineBudget(() => RELIST_RATE, clock.monotonic());
    this.#budgets.set(instance, budget);
    this.#relistIn(budget.take(clock.monotonic()) ? RELIST_DELAY_MS : 1_000 / RELIST_RATE.perSecond, instance);
  }

  #relistIn(delayMs: number, instance: Instance): void {
    // An instance is listed anyway after its answer to `initialize`.
    if (instance.hello === undefined || !instance.isLive) return;
    const dueMs = this.#deps.clock.monotonic() + delayMs;
    const planned = this.#relisting.get(instance);
    if (planned !== undefined && planned.dueMs <= dueMs) return;
    planned?.cancel();
    const list = (): void => {
      this.#relisting.delete(instance);
      const unit = this.#deps.units().find(({ plan }) => plan === instance.server);
      if (unit !== undefined) this.#deps.scope.run(this.#list(unit, instance));
    };
    this.#relisting.set(instance, { dueMs, cancel: this.#deps.clock.after(delayMs, list, { background: true }) });
  }

  /** The server is up, but its listing failed: try again later. */
  #failedToList(unit: ServerUnit, instance: Instance, errors: readonly AnywhereError[]): void {
    this.#failed.set(unit, errors);
    for (const error of errors) this.#deps.onProblem(unit, error);
    const attempt = (this.#attempts.get(instance) ?? 0) + 1;
    this.#attempts.set(instance, attempt);
    this.#relistIn(backoffMs(RETRY, attempt, this.#deps.random), instance);
  }

  /** True where waiting does not help: the collection (or all of them) was listed once, or the server cannot be listed now. */
  isSettled(unit: ServerUnit, collection?: CollectionName): boolean {
    return this.#deps.catalog.isListed(unit.plan, collection) || this.#isHopeless(unit);
  }

  /** True where the server has listed its tools in this run, or cannot be listed now. */
  hasSpoken(unit: ServerUnit): boolean {
    return this.#deps.catalog.isFresh(unit.plan) || this.#isHopeless(unit);
  }

  #isHopeless(unit: ServerUnit): boolean {
    if (!unit.plan.enabled || unit.retired !== undefined || this.#failed.has(unit)) return true;
    const { kind } = unit.link.state;
    if (kind === 'waiting' || kind === 'refused' || kind === 'closed') return true;
    const state = serverStateKind(unit.state);
    return state === 'failed' || state === 'crash-loop';
  }

  /** Why the last listing of a running server failed: one error a collection. */
  failures(unit: ServerUnit): readonly AnywhereError[] {
    return this.#failed.get(unit) ?? [];
  }

  /** The first of the failures. */
  failure(unit: ServerUnit): AnywhereError | undefined {
    return this.failures(unit)[0];
  }

  #watch(unit: ServerUnit): Unsubscribe {
    const initialized = unit.initialized.on((instance) => {
      if (instance.owner.isVerbatim === true) return;
      // A known listing can be refreshed a moment later: the call that started the instance goes first.
      if (!this.#deps.catalog.isListed(unit.plan)) this.#deps.scope.run(this.#list(unit, instance));
      else this.relist(instance);
    });
    const changed = unit.changes.on(() => {
      this.progress.emit(unit);
    });
    const linkChanged = unit.link.onChange(({ to }) => {
      if (to.kind === 'ready') this.#tryStart(unit);
      this.progress.emit(unit);
    });
    return () => {
      for (const unsubscribe of [initialized, changed, linkChanged]) unsubscribe();
    };
  }

  /** The server was listed: only clients with another profile still want it. */
  #satisfied(unit: ServerUnit, lister: InstanceOwner): void {
    const want = this.#wants.get(unit);
    if (want === undefined) return;
    for (const [owner, profile] of want.owners)
      if (owner === lister || !this.#deps.catalog.isStale(unit.plan, profile)) want.owners.delete(owner);
    if (want.owners.size > 0) this.#tryStart(unit);
    else this.#wants.delete(unit);
  }

  /** A host that is down is reconnected by its link: the next `ready` of the link starts the server. */
  #tryStart(unit: ServerUnit): void {
    const [owner] = this.#wants.get(unit)?.owners.keys() ?? [];
    if (owner !== undefined && unit.link.state.kind === 'ready') unit.startSoon(owner);
  }

  async #list(unit: ServerUnit, instance: Instance): Promise<void> {
    this.#lastRun += 1;
    const run = this.#lastRun;
    const take = (early: Listed): void => {
      if (unit.retired === undefined && instance.isLive) this.#accept(unit, instance, run, early);
    };
    const listed = await listAll(instance, { clock: this.#deps.clock, take });
    if (unit.retired !== undefined) return;
    const failures = [
      ...COLLECTIONS.flatMap(({ name }) => (listed[name] instanceof AnywhereError ? [listed[name]] : [])),
      ...(listed.cutShort?.values() ?? []),
    ];
    // A listing that failed with the end of the instance says nothing about the server.
    if (failures.length > 0 && !instance.isLive) return;
    if (failures.length > 0) this.#failedToList(unit, instance, failures);
    else {
      this.#failed.delete(unit);
      this.#attempts.delete(instance);
    }
    this.#accept(unit, instance, run, listed);
    if (failures.length === 0) this.#satisfied(unit, instance.owner);
    this.progress.emit(unit);
  }

  /** Gives the catalog each list once, and no list that is older than the catalog's. */
  #accept(unit: ServerUnit, instance: Instance, run: number, listed: Listed): void {
    const runs = this.#accepted.get(instance) ?? new Map<CollectionName, number>();
    this.#accepted.set(instance, runs);
    const names = COLLECTIONS.map(({ name }) => name);
    const fresh = new Set(names.filter((name) => listed[name] !== undefined && (runs.get(name) ?? 0) < run));
    if (fresh.size === 0) return;
    for (const name of fresh) if (listed.cutShort?.has(name) !== true) runs.set(name, run);
    const part: Listed = {
      ...listed,
      ...forEachCollection(({ name }) => (fresh.has(name) ? listed[name] : undefined)),
      withheld: listed.withheld.filter(({ collection }) => collection !== 'initialize' && fresh.has(collection)),
    };
    const profile = profileOf(JSON.parse(instance.owner.capabilities) as object);
    const hello = instance.hello ?? { instructions: undefined, capabilities: {}, problems: [] };
    this.#deps.catalog.accept(unit.plan, part, profile, hello);
    this.progress.emit(unit);
  }
}

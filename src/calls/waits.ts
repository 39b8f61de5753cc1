/** How long lists and calls wait for servers that were not listed yet. */
import type { Clock } from '../base/clock.ts';
import type { Emitter } from '../base/emitter.ts';
import { serverId } from '../catalog/route.ts';
import type { CollectionName } from '../protocol/methods.ts';
import type { InstanceOwner } from '../upstream/instance.ts';
import type { ServerUnit } from '../upstream/unit.ts';
import { patienceMs, waitUntil } from './patience.ts';
import type { Router } from './router.ts';

/** New servers may delay the first list of a client by this much in all (DESIGN.md, promise 1). */
const FIRST_LIST_MS = 8_000;

/** Which servers were listed. */
export interface Listings {
  /** Emits when an answer of the methods below may have changed. */
  readonly progress: Pick<Emitter<unknown>, 'on'>;
  /** The tools of the server were listed in this run, or cannot be listed. */
  hasSpoken(unit: ServerUnit): boolean;
  /** The collection of the server was ever listed, or cannot be listed now. */
  isSettled(unit: ServerUnit, collection: CollectionName): boolean;
  /** Starts to list the server for this client. */
  wantUnit(unit: ServerUnit, owner: InstanceOwner, profile: string | undefined): void;
}

export interface WaitsDeps {
  readonly clock: Clock;
  readonly router: Router;
  readonly keeper: Listings;
  readonly units: () => readonly ServerUnit[];
  /** True while servers may turn up that nobody knows yet. Left out: never. */
  readonly isPending?: () => boolean;
  /** Ends every wait. */
  readonly signal: AbortSignal;
}

export class Waits {
  readonly #deps: WaitsDeps;

  constructor(deps: WaitsDeps) {
    this.#deps = deps;
  }

  /** Resolves when each of these servers was listed in this run or cannot be listed, or after `withinMs`. */
  spoken(withinMs: number, units: readonly ServerUnit[]): Promise<void> {
    return this.until(() => units.every((unit) => this.#deps.keeper.hasSpoken(unit)), withinMs);
  }

  /** As `Gateway.toolAppears`. */
  toolAppears(name: string, withinMs: number, profile?: string): Promise<void> {
    const { router, keeper, units } = this.#deps;
    const named = router.unlisted(name);
    const isOver = (): boolean =>
      router.named('tools', name, profile) !== undefined ||
      (named.length === 0 ? units() : named).every((unit) => keeper.hasSpoken(unit));
    return this.until(isOver, withinMs);
  }

  /** A call to a server that was never listed waits as long as a call to its host. */
  async awaitTool(name: string, owner: InstanceOwner, profile: string | undefined): Promise<void> {
    const units = this.#deps.router.unlisted(name);
    for (const unit of units) {
      this.#deps.keeper.wantUnit(unit, owner, profile);
      unit.link.wake(`a call to ${serverId(unit.plan)}`);
      unit.hurry();
      // A call waits: the server starts now, without backoff, unless the server keeps failing.
      if (unit.link.state.kind === 'ready' && unit.refusal === undefined) unit.instanceFor(owner);
    }
    const waits = units.map(({ link, plan }) => patienceMs(link.state, plan.timeoutMs));
    await this.toolAppears(name, Math.max(0, ...waits), profile);
  }

  /** @param sinceMs when the client connected, wall clock */
  firstListReady(sinceMs: number, collection: CollectionName): Promise<void> {
    const { clock, keeper, units } = this.#deps;
    // The minimum bounds the wait when the wall clock jumps.
    const withinMs = Math.min(FIRST_LIST_MS, sinceMs + FIRST_LIST_MS - clock.now());
    const isSettled = (): boolean =>
      this.#deps.isPending?.() !== true && units().every((unit) => keeper.isSettled(unit, collection));
    return this.until(isSettled, withinMs);
  }

  /** Resolves when it is over, or after `withinMs`. */
  until(isOver: () => boolean, withinMs: number): Promise<void> {
    const { keeper, clock, signal } = this.#deps;
    return waitUntil(keeper.progress, isOver, clock, withinMs, signal);
  }
}

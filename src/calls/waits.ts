/** How long lists and calls wait for servers that have not said yet what they offer. */
import type { Clock } from '../base/clock.ts';
import type { Emitter } from '../base/emitter.ts';
import { serverId } from '../catalog/route.ts';
import type { InstanceOwner } from '../upstream/instance.ts';
import type { ServerUnit } from '../upstream/unit.ts';
import { patienceMs } from './patience.ts';
import type { Router } from './router.ts';
import { untilOver } from './settle.ts';

/** Servers never seen before may hold the very first list for so long in all (DESIGN.md, promise 1). */
const FIRST_LIST_MS = 8_000;

/** What is known of who has listed. */
export interface Listings {
  /** Something of what follows may have changed. */
  readonly progress: Pick<Emitter<unknown>, 'on'>;
  /** The server listed in this run, or cannot. */
  hasSpoken(unit: ServerUnit): boolean;
  /** The server was ever listed, or cannot be listed now. */
  isSettled(unit: ServerUnit): boolean;
  /** Begins to list the server for this client. */
  wantUnit(unit: ServerUnit, owner: InstanceOwner, profile: string | undefined): void;
}

export interface WaitsDeps {
  readonly clock: Clock;
  readonly router: Router;
  readonly keeper: Listings;
  readonly units: () => readonly ServerUnit[];
  /** Aborts every wait: it ends. */
  readonly signal: AbortSignal;
}

export class Waits {
  readonly #deps: WaitsDeps;

  constructor(deps: WaitsDeps) {
    this.#deps = deps;
  }

  /** Resolves when each of these servers has listed in this run or cannot, or after `withinMs`. */
  spoken(withinMs: number, units: readonly ServerUnit[]): Promise<void> {
    return this.#until(() => units.every((unit) => this.#deps.keeper.hasSpoken(unit)), withinMs);
  }

  /** As `Gateway.toolAppears`. */
  toolAppears(name: string, withinMs: number, profile?: string): Promise<void> {
    const { router, keeper, units } = this.#deps;
    const named = router.unlisted(name);
    const isOver = (): boolean =>
      router.named('tools', name, profile) !== undefined ||
      (named.length === 0 ? units() : named).every((unit) => keeper.hasSpoken(unit));
    return this.#until(isOver, withinMs);
  }

  /** A call that comes before its server was ever listed waits as a call to its host does. */
  async awaitTool(name: string, owner: InstanceOwner, profile: string | undefined): Promise<void> {
    const units = this.#deps.router.unlisted(name);
    for (const unit of units) {
      this.#deps.keeper.wantUnit(unit, owner, profile);
      unit.link.wake(`a call to ${serverId(unit.plan)}`);
      unit.hurry();
      // Somebody waits: the server is not left to its backoff, unless it keeps failing.
      if (unit.link.state.kind === 'ready' && unit.refusal === undefined) unit.instanceFor(owner);
    }
    const waits = units.map(({ link, plan }) => patienceMs(link.state, plan.timeoutMs));
    await this.toolAppears(name, Math.max(0, ...waits), profile);
  }

  /** @param sinceMs when the client connected, wall clock */
  firstListReady(sinceMs: number): Promise<void> {
    const { clock, keeper, units } = this.#deps;
    // Never longer, whatever becomes of the wall clock.
    const withinMs = Math.min(FIRST_LIST_MS, sinceMs + FIRST_LIST_MS - clock.now());
    return this.#until(() => units().every((unit) => keeper.isSettled(unit)), withinMs);
  }

  #until(isOver: () => boolean, withinMs: number): Promise<void> {
    const { keeper, clock, signal } = this.#deps;
    return untilOver(keeper.progress, isOver, clock, withinMs, signal);
  }
}

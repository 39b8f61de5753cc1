/**
 * Which call of a pool goes to a member only to see how quick that member is now.
 *
 * A slow member gets no calls, so nothing would show that the member is quick again. One call in fifty finds out; a
 * member that is still slow costs no more than that.
 */
import type { PoolStrategy } from '../config/plan.ts';
import type { Contender } from './pool-choice.ts';

const EVERY_CALLS = 50;
/** A younger measurement still holds. */
const STALE_MS = 2_000;
/** The strategies that weigh every call by latency. `sticky` would bind a client to the slow member. */
const BY_LATENCY: ReadonlySet<PoolStrategy> = new Set<PoolStrategy>(['least-busy', 'fastest']);

export class Exploration {
  #calls = 0;

  /** Of one more call. Undefined: the call goes where the strategy says. */
  member<C extends Contender>(strategy: PoolStrategy, contenders: readonly C[]): C | undefined {
    this.#calls += 1;
    if (this.#calls < EVERY_CALLS || !BY_LATENCY.has(strategy)) return undefined;
    const [first, ...others] = contenders.filter(isStale);
    if (first === undefined) return undefined;
    this.#calls = 0;
    return others.reduce((oldest, one) => (ageOf(one) > ageOf(oldest) ? one : oldest), first);
  }
}

/** A call that is under way there measures the member already. */
function isStale(one: Contender): boolean {
  return one.inFlight === 0 && ageOf(one) > STALE_MS;
}

/** A member that was never measured needs no help: it is chosen before all others. */
function ageOf({ measuredMsAgo }: Contender): number {
  return measuredMsAgo ?? 0;
}

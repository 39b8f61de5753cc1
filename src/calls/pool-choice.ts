/** Which member of a pool takes a call. Pure: randomness and all that is known of the members come in. */
import type { PoolStrategy } from '../config/plan.ts';
import type { ServerUnit } from '../upstream/unit.ts';

/** A member that could take it. */
export interface Contender {
  /** `host/server` */
  readonly id: string;
  /** Calls under way there. */
  readonly inFlight: number;
  /** How long they take lately, milliseconds; undefined: nobody knows yet. */
  readonly latencyMs: number | undefined;
  /** How old the newest measurement is. Undefined: there is none. */
  readonly measuredMsAgo?: number | undefined;
  /** 1, or less for a while after it has come back: the part of its share that it takes already. */
  readonly share: number;
}

export interface ChoiceState {
  /** In [0, 1). */
  readonly random: () => number;
  /** Ids of all members in the order of the pool, whether or not they contend. */
  readonly order: readonly string[];
  /** Who took the pool's last call. */
  readonly last: string | undefined;
  /** Who took the last call of this client. */
  readonly held: string | undefined;
}

/** Before the first answer one call is enough: nobody knows what more of them would wait for. */
const UNKNOWN_MS = 1e6;

/** @param contenders in the order of the pool. Undefined only where there are none. */
export function chosen<C extends Contender>(
  strategy: PoolStrategy,
  contenders: readonly C[],
  state: ChoiceState,
): C | undefined {
  if (strategy === 'sticky') {
    const held = contenders.find(({ id }) => id === state.held);
    if (held !== undefined) return held;
  }
  const admitted = admit(contenders, state.random);
  switch (strategy) {
    case 'least-busy':
    case 'sticky':
      return betterOfTwo(admitted, state.random);
    case 'round-robin':
      return nextInTurn(admitted, state);
    case 'fastest':
      return cheapest(admitted, waitFor);
    case 'failover':
      return admitted[0];
  }
}

/** Slow start: who has just come back is passed over, less and less often. */
function admit<C extends Contender>(contenders: readonly C[], random: () => number): readonly C[] {
  const admitted = contenders.filter(({ share }) => share >= 1 || random() < share);
  return admitted.length > 0 ? admitted : contenders;
}

/** Two at random and the better of them: nearly as good as the best of all, and no crowd runs to the same one. */
function betterOfTwo<C extends Contender>(contenders: readonly C[], random: () => number): C | undefined {
  if (contenders.length < 2) return contenders[0];
  const first = Math.floor(random() * contenders.length);
  const other = (first + 1 + Math.floor(random() * (contenders.length - 1))) % contenders.length;
  return cheapest(
    [contenders[first], contenders[other]].filter((one) => one !== undefined),
    waitFor,
  );
}

/** About how long one more call would take. */
function waitFor({ inFlight, latencyMs }: Contender): number {
  return latencyMs === undefined ? inFlight * UNKNOWN_MS : latencyMs * (inFlight + 1);
}

function cheapest<C extends Contender>(contenders: readonly C[], cost: (one: C) => number): C | undefined {
  return contenders.reduce<C | undefined>(
    (best, one) => (best === undefined || cost(one) < cost(best) ? one : best),
    undefined,
  );
}

function nextInTurn<C extends Contender>(contenders: readonly C[], { order, last }: ChoiceState): C | undefined {
  const had = last === undefined ? -1 : order.indexOf(last);
  let at = 0;
  // Both are in the same order: so many contenders stand up to the last one.
  for (let index = 0; index <= had; index += 1) if (contenders[at]?.id === order[index]) at += 1;
  return contenders[at] ?? contenders[0];
}

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

/** Members of a rank are only chosen where there is none of a lower one. */
export const RANK = { up: 0, untried: 1, retrying: 2, refused: 3 } as const;
export type Rank = (typeof RANK)[keyof typeof RANK];

export function rankOf({ link, refusal, retired, plan }: ServerUnit): Rank {
  if (retired !== undefined || !plan.enabled) return RANK.refused;
  if (refusal !== undefined) return RANK.retrying;
  switch (link.state.kind) {
    case 'ready':
      return link.isDoubtful === true ? RANK.untried : RANK.up;
    case 'idle':
      return RANK.untried;
    case 'connecting':
      return link.state.lastCause === undefined ? RANK.untried : RANK.retrying;
    case 'waiting':
      return RANK.retrying;
    case 'refused':
    case 'closed':
      return RANK.refused;
  }
}

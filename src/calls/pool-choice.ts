/** Which member of a pool takes a call. Pure: randomness and the members' load come in. */
import type { PoolStrategy } from '../config/plan.ts';
import type { ServerUnit } from '../upstream/unit.ts';

/** A member that could take the call. */
export interface Contender {
  /** `host/server` */
  readonly id: string;
  /** Pending calls of the member. */
  readonly inFlight: number;
  /** A moving mean of recent calls, milliseconds; undefined before the first answer. */
  readonly latencyMs: number | undefined;
  /** Age of the newest measurement. Undefined without a measurement. */
  readonly measuredMsAgo?: number | undefined;
  /** 1, or less in the slow start after the member's host came back: the fraction of its usual calls. */
  readonly share: number;
}

export interface ChoiceState {
  /** In [0, 1). */
  readonly random: () => number;
  /** Ids of all members in the order of the pool, contenders or not. */
  readonly order: readonly string[];
  /** The member that took the pool's last call. */
  readonly last: string | undefined;
  /** The member that took this client's last call. */
  readonly held: string | undefined;
}

/** A member without an answer yet gets one call only: its speed is unknown. */
const UNKNOWN_MS = 1e6;

/** @param contenders in the order of the pool. Returns undefined only for an empty list. */
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

/** Slow start: a member that has just come back is skipped at random, less and less often. */
function admit<C extends Contender>(contenders: readonly C[], random: () => number): readonly C[] {
  const admitted = contenders.filter(({ share }) => share >= 1 || random() < share);
  return admitted.length > 0 ? admitted : contenders;
}

/** The better of two random members: nearly as good as the best of all, without a herd on one member. */
function betterOfTwo<C extends Contender>(contenders: readonly C[], random: () => number): C | undefined {
  if (contenders.length < 2) return contenders[0];
  const first = Math.floor(random() * contenders.length);
  const other = (first + 1 + Math.floor(random() * (contenders.length - 1))) % contenders.length;
  return cheapest(
    [contenders[first], contenders[other]].filter((one) => one !== undefined),
    waitFor,
  );
}

/** An estimate of the time that one more call takes. */
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
  // Both lists have the same order: counts the contenders up to the last member.
  for (let index = 0; index <= had; index += 1) if (contenders[at]?.id === order[index]) at += 1;
  return contenders[at] ?? contenders[0];
}

const EVERY_CALLS = 50;
/** A younger measurement is still valid. */
const STALE_MS = 2_000;
/** The strategies that choose by latency for every call. `sticky` would bind a client to a slow member. */
const BY_LATENCY: ReadonlySet<PoolStrategy> = new Set<PoolStrategy>(['least-busy', 'fastest']);

/**
 * Sends one call in fifty to a member only to measure its latency. A slow member gets no calls, so nothing else would
 * show that the member is fast again.
 */
export class Exploration {
  #calls = 0;

  /** The member to measure with the next call. Undefined: the strategy chooses. */
  member<C extends Contender>(strategy: PoolStrategy, contenders: readonly C[]): C | undefined {
    this.#calls += 1;
    if (this.#calls < EVERY_CALLS || !BY_LATENCY.has(strategy)) return undefined;
    const [first, ...others] = contenders.filter(isStale);
    if (first === undefined) return undefined;
    this.#calls = 0;
    return others.reduce((oldest, one) => (ageOf(one) > ageOf(oldest) ? one : oldest), first);
  }
}

/** A pending call already measures its member. */
function isStale(one: Contender): boolean {
  return one.inFlight === 0 && ageOf(one) > STALE_MS;
}

/** A member without a measurement needs no exploration: the strategies prefer it. */
function ageOf({ measuredMsAgo }: Contender): number {
  return measuredMsAgo ?? 0;
}

/** How likely a member is to answer now. Only members of the lowest rank present are chosen. */
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

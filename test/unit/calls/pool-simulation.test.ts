/** A hundred members in simulated time, one of them ten times slower: what the choice of members does to the slowest calls. */
import { describe, expect, it } from 'vitest';
import { chosen } from '../../../src/calls/pool-choice.ts';
import { MemberLoad } from '../../../src/calls/pool-load.ts';
import type { PoolStrategy } from '../../../src/config/plan.ts';
import { randomFrom } from './kit.ts';

const MEMBERS = 100;
const CALLS = 60_000;
/** Of a call at a member that has nothing else to do, on average. */
const SERVICE_MS = 10;
/** Of what all quick members together could do. */
const USED = 0.6;

interface Ending {
  readonly atMs: number;
  readonly member: number;
  readonly latencyMs: number;
}

/** What ends first comes out first. */
class Endings {
  readonly #heap: Ending[] = [];

  get next(): Ending | undefined {
    return this.#heap[0];
  }

  push(ending: Ending): void {
    const heap = this.#heap;
    let at = heap.push(ending) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((heap[parent]?.atMs ?? 0) <= ending.atMs) break;
      heap[at] = heap[parent] ?? ending;
      at = parent;
    }
    heap[at] = ending;
  }

  pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const child = (heap[left + 1]?.atMs ?? Infinity) < (heap[left]?.atMs ?? Infinity) ? left + 1 : left;
      const other = heap[child];
      if (other === undefined || other.atMs >= last.atMs) break;
      heap[at] = other;
      at = child;
    }
    heap[at] = last;
  }
}

interface Outcome {
  readonly p99Ms: number;
  /** How many calls the slow member got. */
  readonly slowCalls: number;
  readonly fewest: number;
}

/** Each member does one call after the other; the first is ten times slower. */
function simulate(strategy: PoolStrategy, seed: number): Outcome {
  const random = randomFrom(seed);
  const exponential = (mean: number): number => -mean * Math.log(1 - random());
  const order = Array.from({ length: MEMBERS }, (_, index) => `h${index}/s`);
  const loads = order.map((id) => new MemberLoad(id));
  const indexes = new Map(order.map((id, index) => [id, index]));
  const freeAtMs = order.map(() => 0);
  const counts = order.map(() => 0);
  const endings = new Endings();
  const latencies: number[] = [];
  let nowMs = 0;
  let last: string | undefined;
  for (let call = 0; call < CALLS; call += 1) {
    nowMs += exponential(SERVICE_MS / (USED * (MEMBERS - 1)));
    for (let next = endings.next; next !== undefined && next.atMs <= nowMs; next = endings.next) {
      loads[next.member]?.ended(true, next.latencyMs, next.atMs);
      endings.pop();
    }
    const contenders = loads.map((load) => load.contender(nowMs, nowMs));
    const found = chosen(strategy, contenders, { random, order, last, held: undefined });
    last = found?.id;
    const member = indexes.get(last ?? '') ?? 0;
    const beginsMs = Math.max(nowMs, freeAtMs[member] ?? 0);
    const atMs = beginsMs + exponential(member === 0 ? 10 * SERVICE_MS : SERVICE_MS);
    freeAtMs[member] = atMs;
    counts[member] = (counts[member] ?? 0) + 1;
    loads[member]?.began();
    endings.push({ atMs, member, latencyMs: atMs - nowMs });
    latencies.push(atMs - nowMs);
  }
  latencies.sort((a, b) => a - b);
  const p99Ms = latencies[Math.ceil(CALLS * 0.99) - 1] ?? 0;
  return { p99Ms, slowCalls: counts[0] ?? 0, fewest: Math.min(...counts.slice(1)) };
}

/** A second each; machines that test several things at once take longer. */
const PATIENCE = { timeout: 60_000 };

describe('a pool of a hundred members with one that is ten times slower', PATIENCE, () => {
  it.each([1, 2, 3])('answers its slowest calls twice as fast with least-busy as in turn (seed %i)', (seed) => {
    const [leastBusy, inTurn] = [simulate('least-busy', seed), simulate('round-robin', seed)];
    expect(inTurn.slowCalls).toBe(CALLS / MEMBERS);
    expect(leastBusy.p99Ms, `${leastBusy.p99Ms} ms, in turn ${inTurn.p99Ms} ms`).toBeLessThanOrEqual(
      0.5 * inTurn.p99Ms,
    );
  });

  it('still lets the slow one and everyone else have a part of the calls', () => {
    const { slowCalls, fewest } = simulate('least-busy', 4);
    expect(slowCalls).toBeGreaterThan(0);
    expect(slowCalls).toBeLessThan(CALLS / MEMBERS / 4);
    expect(fewest).toBeGreaterThan(CALLS / MEMBERS / 2);
  });
});

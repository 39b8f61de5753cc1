/**
 * A table for what comes and goes all the time under ascending ids: the requests under way.
 *
 * A Map would do, but for one thing: V8's leaves a chain of discarded tables behind when entries are
 * added and deleted without end, and every scavenge copies what hangs on it. Here an id has a slot of
 * its own in a ring; one that is still there when the ids come round moves to a Map.
 */
const SLOTS = 256;

interface Entry<V> {
  readonly id: number;
  readonly value: V;
}

export class IdTable<V> {
  readonly #ring = new Array<Entry<V> | undefined>(SLOTS).fill(undefined);
  /** The few that last long, and ids that are no small numbers. */
  readonly #others = new Map<number | string, V>();
  #inRing = 0;

  get size(): number {
    return this.#inRing + this.#others.size;
  }

  set(id: number | string, value: V): void {
    this.delete(id);
    if (typeof id === 'string' || !isSlotId(id)) {
      this.#others.set(id, value);
      return;
    }
    const slot = id % SLOTS;
    const before = this.#ring[slot];
    if (before === undefined) this.#inRing += 1;
    else this.#others.set(before.id, before.value);
    this.#ring[slot] = { id, value };
  }

  get(id: number | string): V | undefined {
    const entry = typeof id === 'number' && isSlotId(id) ? this.#ring[id % SLOTS] : undefined;
    return entry?.id === id ? entry.value : this.#others.get(id);
  }

  /** The value that was there. */
  delete(id: number | string): V | undefined {
    const slot = typeof id === 'number' && isSlotId(id) ? id % SLOTS : -1;
    const entry = slot === -1 ? undefined : this.#ring[slot];
    if (entry?.id === id) {
      this.#ring[slot] = undefined;
      this.#inRing -= 1;
      return entry.value;
    }
    if (this.#others.size === 0) return undefined;
    const value = this.#others.get(id);
    this.#others.delete(id);
    return value;
  }

  /** A copy: entries may come and go while it is walked. */
  entries(): readonly (readonly [number | string, V])[] {
    return [
      ...this.#others,
      ...this.#ring.flatMap((entry) => (entry === undefined ? [] : [[entry.id, entry.value] as const])),
    ];
  }
}

function isSlotId(id: number): boolean {
  return Number.isSafeInteger(id) && id >= 0;
}

/**
 * A table for what comes and goes all the time under ascending ids: the requests under way.
 *
 * A Map would do, but for one thing: V8's leaves a chain of discarded tables behind when entries are
 * added and deleted without end, and every scavenge copies what hangs on it. Here an id has a slot of
 * its own in a ring; one that is still there when the ids come round moves to a Map.
 */
const SLOTS = 256;
const NOBODY = -1;

export class IdTable<V extends object> {
  readonly #ring = new Array<V | undefined>(SLOTS).fill(undefined);
  /** Whose value stands in each slot; -1 for nobody's. */
  readonly #ids = new Array<number>(SLOTS).fill(NOBODY);
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
    else this.#others.set(this.#ids[slot] ?? NOBODY, before);
    this.#ring[slot] = value;
    this.#ids[slot] = id;
  }

  get(id: number | string): V | undefined {
    const slot = this.#slotOf(id);
    return slot === NOBODY ? this.#others.get(id) : this.#ring[slot];
  }

  /** The value that was there. */
  delete(id: number | string): V | undefined {
    const slot = this.#slotOf(id);
    if (slot !== NOBODY) {
      const value = this.#ring[slot];
      this.#ring[slot] = undefined;
      this.#ids[slot] = NOBODY;
      this.#inRing -= 1;
      return value;
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
      ...this.#ring.flatMap((value, slot) =>
        value === undefined ? [] : [[this.#ids[slot] ?? NOBODY, value] as const],
      ),
    ];
  }

  /** NOBODY where it has none in the ring. */
  #slotOf(id: number | string): number {
    const slot = typeof id === 'number' && isSlotId(id) ? id % SLOTS : NOBODY;
    return slot !== NOBODY && this.#ids[slot] === id ? slot : NOBODY;
  }
}

function isSlotId(id: number): boolean {
  return Number.isSafeInteger(id) && id >= 0;
}

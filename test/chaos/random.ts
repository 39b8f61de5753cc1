/** Chance from a seed: the same seed gives the same course of things. */
export class Chance {
  #state: bigint;

  constructor(seed: number) {
    this.#state = (BigInt(Math.trunc(seed)) * 2n + 1n) & MASK;
    for (let warm = 0; warm < 8; warm += 1) this.next();
  }

  /** In [0, 1). A 64-bit linear congruential generator (Knuth's MMIX constants), its upper bits. */
  next(): number {
    this.#state = (this.#state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) & MASK;
    return Number(this.#state >> 32n) / 2 ** 32;
  }

  /** From `least` to `most`, both possible. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  isTrue(probability: number): boolean {
    return this.next() < probability;
  }

  of<Item>(items: readonly Item[]): Item {
    const item = items[this.whole(0, items.length - 1)];
    if (item === undefined) throw new Error('nothing to choose from');
    return item;
  }
}

const MASK = (1n << 64n) - 1n;

/** The subscribers of each resource of one instance. The server hears of the first and the last subscriber only. */

export class Subscriptions<Holder> {
  readonly #holders = new Map<string, Set<Holder>>();

  /** True for the first subscriber. */
  add(uri: string, holder: Holder): boolean {
    const known = this.#holders.get(uri);
    if (known === undefined) this.#holders.set(uri, new Set([holder]));
    else known.add(holder);
    return known === undefined;
  }

  /** True for the last subscriber. */
  remove(uri: string, holder: Holder): boolean {
    const holders = this.#holders.get(uri);
    if (holders?.delete(holder) !== true || holders.size > 0) return false;
    return this.#holders.delete(uri);
  }

  /** Returns the URIs whose last subscriber this was. */
  removeAll(holder: Holder): readonly string[] {
    return [...this.#holders.keys()].filter((uri) => this.remove(uri, holder));
  }

  has(uri: string, holder: Holder): boolean {
    return this.#holders.get(uri)?.has(holder) === true;
  }

  get uris(): readonly string[] {
    return [...this.#holders.keys()];
  }
}

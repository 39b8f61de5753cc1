/** Who has subscribed to which resource of one instance: the server is told of the first and of the last only. */

export class Subscriptions<Holder> {
  readonly #holders = new Map<string, Set<Holder>>();

  /** True where nobody had subscribed to it before. */
  add(uri: string, holder: Holder): boolean {
    const known = this.#holders.get(uri);
    if (known === undefined) this.#holders.set(uri, new Set([holder]));
    else known.add(holder);
    return known === undefined;
  }

  /** True where nobody is left. */
  remove(uri: string, holder: Holder): boolean {
    const holders = this.#holders.get(uri);
    if (holders?.delete(holder) !== true || holders.size > 0) return false;
    return this.#holders.delete(uri);
  }

  /** The URIs that nobody is left for once this holder is gone. */
  removeAll(holder: Holder): readonly string[] {
    return [...this.#holders.keys()].filter((uri) => this.remove(uri, holder));
  }

  has(uri: string, holder: Holder): boolean {
    return this.#holders.get(uri)?.has(holder) === true;
  }

  /** For a new instance that takes the place of one that is gone. */
  get uris(): readonly string[] {
    return [...this.#holders.keys()];
  }
}

/**
 * What we know of the machine behind a link, and who finds it out.
 *
 * On first contact one launch carries the probe; the others wait for its answer, because five login shells at once take
 * longer than one. Where it is not answered, the machine counts as known without variables until we end.
 */
import { orAbort } from '../base/abort.ts';
import type { Scope } from '../base/scope.ts';
import type { HostEnvironment } from '../launch/launch.ts';
import type { Preamble } from '../launch/preamble.ts';
import type { HostRecord, ProbeCache } from './probe-cache.ts';

export class Machine {
  readonly #cache: ProbeCache;
  readonly #scope: Scope;
  readonly #login: readonly string[];
  #key: readonly string[] = [];
  #record: HostRecord | undefined;
  #outputWatch = false;
  /** In an earlier run too. */
  #wasAsked = false;
  #asking: { readonly done: Promise<void>; readonly finish: () => void } | undefined;

  /** `login`: what, besides the machine itself, makes its environment: host entry, user. */
  constructor(cache: ProbeCache, scope: Scope, login: readonly string[]) {
    this.#cache = cache;
    this.#scope = scope;
    this.#login = login;
  }

  get environment(): HostEnvironment | undefined {
    return this.#record?.environment;
  }

  /** The connection's machine; what is known of another is forgotten. */
  async is(identity: string): Promise<void> {
    const key = [identity, ...this.#login];
    if (this.#key[0] === identity) return;
    this.#key = key;
    const record = await this.#cache.load(key);
    this.#outputWatch = record?.outputWatch === true;
    this.#wasAsked = record !== undefined;
    // A machine that was too busy to show it gets a second chance.
    this.#record = record?.outputWatch === undefined ? undefined : record;
  }

  /** What is known; undefined for the one caller that has to ask, and must call `told` whatever happens. */
  async known(signal: AbortSignal): Promise<HostRecord | undefined> {
    for (;;) {
      if (this.#record !== undefined) return this.#record;
      if (this.#asking === undefined) {
        this.#asking = asking();
        return undefined;
      }
      await orAbort(this.#asking.done, signal);
    }
  }

  /** How a launch went: an answered probe is kept, and those who wait for it go on. */
  told(preamble: Preamble | undefined): void {
    this.#outputWatch ||= preamble?.outputWatch === true;
    const found = preamble?.environment;
    // A login shell that says nothing now may have said something before.
    if (found !== undefined && (found.asked !== '' || this.#record === undefined)) this.#keep(found);
    this.#asking?.finish();
    this.#asking = undefined;
  }

  /** A command was missing: the next launch asks again. */
  forget(): void {
    this.#record = undefined;
    this.#scope.run(this.#cache.drop(this.#key));
  }

  #keep(environment: HostEnvironment): void {
    const unseen = this.#wasAsked ? false : undefined;
    this.#record = { environment, outputWatch: this.#outputWatch || unseen };
    if (environment.asked !== '') this.#scope.run(this.#cache.store(this.#key, this.#record));
  }
}

function asking(): { readonly done: Promise<void>; readonly finish: () => void } {
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { done, finish };
}

/**
 * Notices changes that may have undone a refusal, and asks for one attempt for each change.
 *
 * sshd and fail2ban count failed logins. So only keys and settings count that were not tried since the host was last reached:
 * an agent that comes and goes with the same keys is one change.
 */
import { type Clock, sleep } from '../base/clock.ts';
import { type AnywhereError, EXIT } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { LinkState } from './contract.ts';
import type { Evidence, Look, Remedies } from './remedies.ts';

const LOOK_EVERY_MS = 3_000;

/** Only the user can undo this refusal: a further attempt without a change is in vain. */
export function isForUser({ exitCode, code }: AnywhereError): boolean {
  return exitCode === EXIT.auth || code === 'SSH_MISSING';
}

export interface RemedyWatchDeps {
  readonly clock: Clock;
  readonly scope: Scope;
  /** Undefined where no change here could undo a refusal. */
  readonly remedies: Remedies | undefined;
  readonly onRemedy: (what: string) => void;
}

export class RemedyWatch {
  readonly #deps: RemedyWatchDeps;
  readonly #tried = new Set<string>();
  #watching: AbortController | undefined;

  constructor(deps: RemedyWatchDeps) {
    this.#deps = deps;
  }

  /** Call at every change of the link's state. */
  follow(from: LinkState, to: LinkState): void {
    this.#watching?.abort();
    this.#watching = undefined;
    if (to.kind === 'ready') this.#tried.clear();
    const { remedies, scope } = this.#deps;
    if (to.kind !== 'refused' || !isForUser(to.cause) || remedies === undefined) return;
    this.#watching = new AbortController();
    const signal = AbortSignal.any([this.#watching.signal, scope.signal]);
    const attemptMs = from.kind === 'connecting' ? from.sinceMs : this.#deps.clock.now();
    scope.run(
      this.#watch(remedies(to.cause), attemptMs, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      }),
    );
  }

  async #watch(look: Look, attemptMs: number, signal: AbortSignal): Promise<void> {
    // A change during the attempt may have come too late for it.
    let remedy = this.#take(await look(signal), ({ changedMs }) => changedMs !== undefined && changedMs >= attemptMs);
    while (remedy === undefined) {
      await sleep(this.#deps.clock, LOOK_EVERY_MS, signal, { background: true });
      remedy = this.#take(await look(signal), () => true);
    }
    signal.throwIfAborted();
    this.#deps.onRemedy(`${remedy} changed`);
  }

  /** The first change that is worth an attempt. The attempt tries all of them. */
  #take(evidence: readonly Evidence[], counts: (one: Evidence) => boolean): string | undefined {
    let remedy: string | undefined;
    for (const one of evidence) {
      const key = `${one.what}\n${one.digest ?? ''}`;
      if (one.digest !== undefined && !this.#tried.has(key) && counts(one)) remedy ??= one.what;
      this.#tried.add(key);
    }
    return remedy;
  }
}

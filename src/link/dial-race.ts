/**
 * Makes the connections of a host: for each one a race between attempts, and the first to be logged in wins.
 *
 * What was sent while the network was down is repeated ever more rarely, while the first packet of a fresh socket goes out
 * at once. So a fresh attempt starts beside one that makes no progress, and beside a connection that does not answer.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { asAnywhereError, EXIT } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { Turn, Turns } from '../base/turns.ts';
import type { Dialer, Pulse, Transport } from '../launch/contract.ts';

/** Two looks without progress in between: the attempt has stalled for about 2 s. */
const LOOK_EVERY_MS = 1_000;
const MOST_AT_ONCE = 2;
/** After so many looks an attempt is slow, whatever its progress. */
const SLOW_LOOKS = 5;
/** A host that is slow all the time is not logged in to all the time. */
const REPLACED_AT_MOST_EVERY_MS = 10_000;

interface DialsDeps {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly scope: Scope;
  /** Of all hosts together. Left out: the attempt begins at once. */
  readonly turns: Turns | undefined;
}

export class Dials {
  readonly #deps: DialsDeps;
  #race: DialRace | undefined;
  /** Of the attempt under way. */
  #turn: Turn | undefined;
  #replacement: Transport | undefined;
  #isReplacing = false;
  #replacedMs = Number.NEGATIVE_INFINITY;

  constructor(deps: DialsDeps) {
    this.#deps = deps;
  }

  /** The replacement that is up already, else the winner of a new race. */
  async connect({ isAwaited }: { readonly isAwaited: boolean }): Promise<Transport> {
    const replacement = this.#replacement;
    this.#replacement = undefined;
    if (replacement !== undefined) return replacement;
    const { signal } = this.#deps.scope;
    const turn = this.#deps.turns?.take({ isAwaited, signal });
    this.#turn = turn;
    try {
      if (turn !== undefined) await turn.begun;
      return await this.#newRace(() => turn?.end());
    } finally {
      turn?.end();
    }
  }

  /** @param onSlow the attempt goes on, while another host has its turn */
  #newRace(onSlow: () => void): Promise<Transport> {
    const { dialer, clock, scope } = this.#deps;
    this.#race = new DialRace({ dialer, clock, signal: scope.signal, onSlow });
    return this.#race.transport;
  }

  /** Somebody waits for the connection that is being made. */
  hurry(): void {
    this.#race?.hurry();
  }

  /** Somebody waits for this host: its attempt goes before those that nobody waits for. */
  raise(): void {
    this.#turn?.raise();
  }

  get hasReplacement(): boolean {
    return this.#replacement !== undefined;
  }

  /**
   * Heartbeats are late: the connection is dead, or its host is slow. Another connection decides. Where that one is up
   * before an echo came, the old one is dead; a slow host answers the echo first.
   * @param isDoubtful whether the old connection still does not answer
   */
  replace(isDoubtful: () => boolean, onDead: () => void): void {
    const nowMs = this.#deps.clock.monotonic();
    if (this.#isReplacing || nowMs - this.#replacedMs < REPLACED_AT_MOST_EVERY_MS) return;
    this.#replacedMs = nowMs;
    this.#isReplacing = true;
    this.#deps.scope.run(this.#replace(isDoubtful, onDead));
  }

  close(cause: Parameters<Transport['destroy']>[0]): void {
    this.#replacement?.destroy(cause);
    this.#replacement = undefined;
  }

  async #replace(isDoubtful: () => boolean, onDead: () => void): Promise<void> {
    try {
      const transport = await this.connect({ isAwaited: true });
      if (isDoubtful()) {
        this.#replacement = transport;
        onDead();
      } else await transport.close();
    } catch {
      // No other connection either: heartbeats decide, and the next call that needs the connection tries again.
      this.#replacedMs = Number.NEGATIVE_INFINITY;
    } finally {
      this.#isReplacing = false;
    }
  }
}

interface Attempt {
  readonly abort: AbortController;
  readonly pulse: Pulse;
  /** Progress at the last look. */
  seen: number | undefined;
}

interface DialRaceDeps {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called when nothing came for a second, or after 5 s: a person is asked, or the host hangs. Perhaps more than once. */
  readonly onSlow?: () => void;
}

export class DialRace {
  /** Rejects with a failed login or host key at once, and with any other failure once no attempt is left. */
  readonly transport: Promise<Transport>;
  readonly #deps: DialRaceDeps;
  #resolve: (transport: Transport) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  /** The oldest first; none once the race is over. */
  readonly #attempts = new Set<Attempt>();
  #cancel: CancelTimer = () => undefined;
  #isWanted = false;
  #looks = 0;

  constructor(deps: DialRaceDeps) {
    this.#deps = deps;
    this.transport = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    deps.signal.addEventListener('abort', this.#abandon, { once: true });
    this.#start();
  }

  /**
   * Somebody waits: where all attempts have stalled, a fresh one takes the place of the latest. The first stays, because a
   * host that takes long to answer would otherwise never get to its answer.
   */
  hurry(): void {
    this.#isWanted = true;
  }

  // Not `AbortSignal.any`: the link's signal would keep something of every attempt for as long as the link lives.
  readonly #abandon = (): void => {
    for (const { abort } of this.#attempts) abort.abort(this.#deps.signal.reason);
  };

  #start(): void {
    const { dialer, signal } = this.#deps;
    const attempt: Attempt = { abort: new AbortController(), pulse: { source: () => undefined }, seen: undefined };
    this.#attempts.add(attempt);
    this.#isWanted = false;
    if (signal.aborted) this.#abandon();
    dialer.dial(attempt.abort.signal, attempt.pulse).then(
      (transport) => {
        this.#connected(attempt, transport);
      },
      (error: unknown) => {
        this.#failed(attempt, error);
      },
    );
    this.#look();
  }

  #look(): void {
    this.#cancel();
    this.#cancel = this.#deps.clock.after(
      LOOK_EVERY_MS,
      () => {
        const progress = [...this.#attempts].map(progressOf);
        this.#looks += 1;
        if (this.#looks >= SLOW_LOOKS || !progress.includes('some')) this.#deps.onSlow?.();
        const isStalled = progress.every((found) => found === 'none');
        if (isStalled && this.#hasRoom()) this.#start();
        else this.#look();
      },
      { background: true },
    );
  }

  #hasRoom(): boolean {
    if (this.#attempts.size < MOST_AT_ONCE) return true;
    const latest = [...this.#attempts].at(-1);
    if (latest === undefined || !this.#isWanted) return false;
    this.#attempts.delete(latest);
    latest.abort.abort();
    return true;
  }

  #connected(attempt: Attempt, transport: Transport): void {
    if (!this.#attempts.delete(attempt)) {
      transport.destroy(asAnywhereError(new Error('another attempt has won')));
      return;
    }
    this.#end();
    this.#resolve(transport);
  }

  #failed(attempt: Attempt, error: unknown): void {
    if (!this.#attempts.delete(attempt)) return;
    if (this.#attempts.size > 0 && asAnywhereError(error).exitCode !== EXIT.auth) return;
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    this.#cancel();
    this.#deps.signal.removeEventListener('abort', this.#abandon);
    for (const { abort } of this.#attempts) abort.abort();
    this.#attempts.clear();
  }
}

/** Since the last look; remembers how far the attempt is. */
function progressOf(attempt: Attempt): 'some' | 'none' | 'unknown' {
  const before = attempt.seen;
  const now = attempt.pulse.source();
  attempt.seen = now;
  // NaN: a person is asked.
  if (now === undefined || Number.isNaN(now)) return 'unknown';
  return now === before ? 'none' : 'some';
}

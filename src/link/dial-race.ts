/**
 * Makes the connections of a host: for each one a race between attempts, and the first to be logged in wins.
 *
 * What was sent while the network was down is repeated ever more rarely, while the first packet of a fresh socket goes out
 * at once. So a fresh attempt starts beside one that makes no progress, and beside a connection that does not answer.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { asAnywhereError, EXIT } from '../base/errors.ts';
import type { Dialer, Pulse, Transport } from '../launch/contract.ts';

/** Two looks without progress in between: the attempt has stalled for about 2 s. */
const LOOK_EVERY_MS = 1_000;
const MOST_AT_ONCE = 2;
/** An attempt is slow when nothing came at two looks in a row, and at the tenth look whatever comes. */
const SILENT_LOOKS = 2;
const SLOW_LOOKS = 10;

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
  /** Called when nothing came for 2 s, or after 10 s: a person is asked, or the host hangs. Perhaps more than once. */
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
  /** In a row, that found nothing new. */
  #silentLooks = 0;

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
        this.#silentLooks = progress.includes('some') ? 0 : this.#silentLooks + 1;
        if (this.#silentLooks >= SILENT_LOOKS || this.#looks >= SLOW_LOOKS) this.#deps.onSlow?.();
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

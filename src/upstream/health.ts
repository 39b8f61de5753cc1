/**
 * Finds a server that runs and answers nothing: by a ping while it is idle, and by one after a call whose time was over.
 *
 * A server that never answered a ping is not pinged while idle, and a line that may be dead is asked first: neither
 * must cost a server its life.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Peer } from '../protocol/peer.ts';

const LONGEST_PING_MS = 10_000;

export interface HealthDeps {
  readonly clock: Clock;
  readonly peer: Pick<Peer, 'request' | 'inFlight' | 'received'>;
  /** Between pings of an idle server. Infinity or 0: none. */
  readonly pingMs: number;
  /** Whether the line to the host answers. */
  readonly isLineAlive: () => Promise<boolean>;
  /** @param silentMs for so long at least */
  readonly onHung: (silentMs: number) => void;
}

export class Health {
  readonly #deps: HealthDeps;
  #cancel: CancelTimer = () => undefined;
  #heard = 0;
  #answersPings: boolean | undefined;
  #isAsking = false;
  #isOver = false;

  constructor(deps: HealthDeps) {
    this.#deps = deps;
    this.#watch();
  }

  stop(): void {
    this.#isOver = true;
    this.#cancel();
  }

  /** A call got no answer in time. Resolves when it is clear what that means. */
  suspect(): Promise<void> {
    return this.#ask(true);
  }

  #hasEnded(): boolean {
    return this.#isOver;
  }

  get #isPinged(): boolean {
    return this.#deps.pingMs > 0 && Number.isFinite(this.#deps.pingMs) && this.#answersPings !== false;
  }

  #watch(): void {
    if (this.#isOver || !this.#isPinged) return;
    const { clock, pingMs } = this.#deps;
    this.#cancel = clock.after(
      pingMs,
      () => {
        this.#look();
      },
      { background: true },
    );
  }

  /** What has said something since the last look is alive; what has a call to answer may be busy with it. */
  #look(): void {
    const { peer } = this.#deps;
    const isQuiet = peer.received === this.#heard && peer.inFlight === 0;
    this.#heard = peer.received;
    const asked = isQuiet ? this.#ask(false) : Promise.resolve();
    const again = (): void => {
      this.#heard = peer.received;
      this.#watch();
    };
    asked.then(again, again);
  }

  async #ask(afterTimeout: boolean): Promise<void> {
    if (this.#isAsking || this.#isOver) return;
    this.#isAsking = true;
    const isSilent = await this.#isSilent();
    this.#isAsking = false;
    if (!isSilent || this.#hasEnded()) return;
    if (this.#answersPings === true || afterTimeout) this.#deps.onHung(this.#pingTimeoutMs);
    else this.#answersPings = false;
  }

  get #pingTimeoutMs(): number {
    const { pingMs } = this.#deps;
    return pingMs > 0 ? Math.min(LONGEST_PING_MS, pingMs) : LONGEST_PING_MS;
  }

  /** True where neither a ping nor anything else came back, and the line is not the reason. */
  async #isSilent(): Promise<boolean> {
    const { peer, isLineAlive } = this.#deps;
    const heard = peer.received;
    try {
      await peer.request('ping', undefined, { timeoutMs: this.#pingTimeoutMs, cancellable: false });
      this.#answersPings = true;
      return false;
    } catch (error) {
      const isLate = error instanceof AnywhereError && error.code === 'CALL_TIMEOUT';
      return isLate && peer.received === heard && (await isLineAlive()) && peer.received === heard;
    }
  }
}

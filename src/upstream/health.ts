/**
 * Detects a hung server, by a ping while the server is idle and by a ping after a call timed out, and an unused server.
 *
 * A server that never answered a ping is not pinged while idle. Before a server is ended, the connection is checked:
 * a dead connection must not look like a hung server.
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
  /** Whether the connection to the host answers. */
  readonly isConnectionAlive: () => Promise<boolean>;
  /** @param silentMs the server was silent for at least this long */
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

  /** A call timed out. Resolves once the server is known to be alive or hung. */
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

  /** A server that sent something since the last check is alive; a server with a pending call may be busy. */
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

  /** True where neither a pong nor anything else arrived, and the connection is not the reason. */
  async #isSilent(): Promise<boolean> {
    const { peer, isConnectionAlive } = this.#deps;
    const heard = peer.received;
    try {
      await peer.request('ping', undefined, { timeoutMs: this.#pingTimeoutMs, cancellable: false });
      this.#answersPings = true;
      return false;
    } catch (error) {
      const isLate = error instanceof AnywhereError && error.code === 'CALL_TIMEOUT';
      return isLate && peer.received === heard && (await isConnectionAlive()) && peer.received === heard;
    }
  }
}

export interface IdleWatched {
  readonly peer: Pick<Peer, 'inFlight'>;
  readonly subscriptions: { readonly uris: readonly string[] };
  readonly lastUsedMs: number;
}

/**
 * Calls `onIdle` once the instance was unused for `idleMs`: costs grow with use, not with the number of listed servers.
 * A pending call counts as use, however long the call takes, and so does a subscription. Infinity or 0: never.
 */
export function watchIdle(instance: IdleWatched, idleMs: number, clock: Clock, onIdle: () => void): CancelTimer {
  if (idleMs <= 0 || !Number.isFinite(idleMs)) return () => undefined;
  const check = (): void => {
    const isInUse = instance.peer.inFlight > 0 || instance.subscriptions.uris.length > 0;
    const leftMs = isInUse ? idleMs : instance.lastUsedMs + idleMs - clock.monotonic();
    if (leftMs <= 0) onIdle();
    else cancel = clock.after(leftMs, check, { background: true });
  };
  let cancel = clock.after(idleMs, check, { background: true });
  return () => {
    cancel();
  };
}

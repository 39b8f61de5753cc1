/** The connections of a host: dialled in their turn among all hosts, and replaced when one does not answer. */
import { orAbort } from '../base/abort.ts';
import { backoffMs } from '../base/backoff.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { asAnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { Turn, Turns } from '../base/turns.ts';
import type { Dialer, Transport } from '../launch/contract.ts';
import { DialRace } from './dial-race.ts';

/** How a login is repeated that the host had no room for: up to 4 s in all, so that a call can wait for it. */
const BUSY = { initialMs: 250, maxMs: 2_000 };
const BUSY_RETRIES = 4;
/** A host that is slow all the time is not logged in to all the time. */
const REPLACED_AT_MOST_EVERY_MS = 10_000;

interface DialsDeps {
  readonly dialer: Dialer;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly scope: Scope;
  /** Of all hosts together. Undefined: the host dials at once. */
  readonly turns: Turns | undefined;
}

export class Dials {
  readonly #deps: DialsDeps;
  #race: DialRace | undefined;
  /** Of the latest attempt. */
  #turn: Turn | undefined;
  #replacement: Transport | undefined;
  #isReplacing = false;
  #replacedMs = Number.NEGATIVE_INFINITY;

  constructor(deps: DialsDeps) {
    this.#deps = deps;
  }

  /** The replacement that is up already, else a new connection. */
  async connect({ isAwaited }: { readonly isAwaited: boolean }): Promise<Transport> {
    const replacement = this.#replacement;
    this.#replacement = undefined;
    return replacement ?? (await this.#dial(isAwaited));
  }

  /** As `DialRace.hurry`, for the latest attempt. */
  hurry(): void {
    this.#race?.hurry();
  }

  /** Somebody waits for the latest attempt: it begins before those that nobody waits for. */
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

  /** A slow attempt goes on, and makes room for another host's. */
  async #dial(isAwaited: boolean): Promise<Transport> {
    const { turns, scope } = this.#deps;
    const turn = turns?.take({ isAwaited });
    this.#turn = turn;
    const makeRoom = (): void => {
      turn?.end();
    };
    try {
      if (turn !== undefined) await orAbort(turn.begun, scope.signal);
      return await this.#untilNotBusy(makeRoom);
    } finally {
      makeRoom();
    }
  }

  async #untilNotBusy(onSlow: () => void): Promise<Transport> {
    const { dialer, clock, random, scope } = this.#deps;
    for (let refusals = 1; ; refusals += 1) {
      try {
        this.#race = new DialRace({ dialer, clock, signal: scope.signal, onSlow });
        return await this.#race.transport;
      } catch (error) {
        if (refusals > BUSY_RETRIES || asAnywhereError(error).code !== 'HOST_BUSY') throw error;
      }
      await sleep(clock, backoffMs(BUSY, refusals, random), scope.signal);
    }
  }
}

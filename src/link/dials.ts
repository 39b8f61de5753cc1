/** The attempts of a host to connect: in their turn among all hosts, and repeated where the host has too many logins. */
import { backoffMs } from '../base/backoff.ts';
import { type Clock, sleep } from '../base/clock.ts';
import { asAnywhereError } from '../base/errors.ts';
import type { Turn, Turns } from '../base/turns.ts';
import type { Dialer, Transport } from '../launch/contract.ts';
import { DialRace } from './dial-race.ts';

/** How a login is repeated that the host had no room for: up to 4 s in all, so that a call can wait for it. */
const BUSY = { initialMs: 250, maxMs: 2_000 };
const BUSY_RETRIES = 4;

export interface DialsDeps {
  readonly dialer: Dialer;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Undefined: the host dials at once. */
  readonly turns: Turns | undefined;
}

export class Dials {
  readonly #deps: DialsDeps;
  #race: DialRace | undefined;
  /** Of the latest attempt. */
  #turn: Turn | undefined;

  constructor(deps: DialsDeps) {
    this.#deps = deps;
  }

  /** As `DialRace.hurry`, for the latest attempt. */
  hurry(): void {
    this.#race?.hurry();
  }

  /** Somebody waits for the latest attempt: it begins before those that nobody waits for. */
  raise(): void {
    this.#turn?.raise();
  }

  /** A slow attempt goes on, and makes room for another host's. */
  async dial(isAwaited: boolean): Promise<Transport> {
    const { turns, signal } = this.#deps;
    const turn = turns?.take({ isAwaited, signal });
    this.#turn = turn;
    const makeRoom = (): void => {
      turn?.end();
    };
    try {
      if (turn !== undefined) await turn.begun;
      return await this.#untilNotBusy(makeRoom);
    } finally {
      makeRoom();
    }
  }

  async #untilNotBusy(onSlow: () => void): Promise<Transport> {
    const { dialer, clock, random, signal } = this.#deps;
    for (let refusals = 1; ; refusals += 1) {
      try {
        this.#race = new DialRace({ dialer, clock, signal, onSlow });
        return await this.#race.transport;
      } catch (error) {
        if (refusals > BUSY_RETRIES || asAnywhereError(error).code !== 'HOST_BUSY') throw error;
      }
      await sleep(clock, backoffMs(BUSY, refusals, random), signal);
    }
  }
}

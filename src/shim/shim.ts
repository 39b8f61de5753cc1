/**
 * The shim: an AI client's stdio on one side, the user's daemon on the other. When the daemon ends, the shim continues
 * with another one. The client only notices where an outcome is unknown.
 */
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { orAbort } from '../base/abort.ts';
import { backoffMs } from '../base/backoff.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { type AnywhereError, asAnywhereError } from '../base/errors.ts';
import { Scope } from '../base/scope.ts';
import { Relay } from './relay.ts';
import { FIRST_STATE, reduceShim, type ShimEvent, type ShimState } from './state.ts';

export interface ShimOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Connects to the daemon, and starts one where none runs. Resolves after the hello was answered. */
  readonly connect: (signal: AbortSignal) => Promise<Socket>;
  /** True if the daemon that is gone was stopped, and did not crash. */
  readonly wasStopped: () => boolean;
  /** Resolves when the shim must end at once. */
  readonly stopped: Promise<unknown>;
}

const BACKOFF = { initialMs: 200, maxMs: 5000 };
/** The time for the last output of the daemon after the client left. */
const LEAVE_MS = 2000;
/** The time for a client to send a request, which then gets the error as its answer. */
const FAIL_MS = 2000;

/** Resolves when the client is gone. Rejects if no daemon could serve it; the client has got the same error. */
export async function runShim(options: ShimOptions): Promise<void> {
  const shim = new Shim(options);
  const cause = await shim.run();
  if (cause !== undefined) throw cause;
}

class Shim {
  readonly #options: ShimOptions;
  readonly #relay: Relay;
  readonly #scope: Scope;
  #state: ShimState = FIRST_STATE;
  #cancelTimer: CancelTimer = () => undefined;
  #onEnd: (cause: AnywhereError | undefined) => void = () => undefined;

  constructor(options: ShimOptions) {
    this.#options = options;
    this.#scope = new Scope((error) => {
      this.#dispatch({ type: 'failed', cause: asAnywhereError(error), atMs: this.#nowMs });
    });
    this.#relay = new Relay({
      input: options.input,
      output: options.output,
      clock: options.clock,
      asked: () => {
        this.#asked();
      },
      left: () => {
        this.#dispatch({ type: 'left' });
      },
      flowing: () => {
        this.#dispatch({ type: 'connected', atMs: this.#nowMs });
      },
      lost: ({ isIdle, isOrderly }) => {
        const wasStopped = isOrderly || options.wasStopped();
        this.#dispatch({ type: 'lost', isOrderly: wasStopped, isIdle, atMs: this.#nowMs });
      },
    });
  }

  /** Resolves at the end, with an error if no daemon could serve the client. */
  async run(): Promise<AnywhereError | undefined> {
    const ended = new Promise<AnywhereError | undefined>((resolve) => {
      this.#onEnd = resolve;
    });
    this.#relay.start();
    this.#scope.run(this.#connect());
    this.#scope.run(this.#untilStopped());
    const cause = await ended;
    await this.#scope.close();
    return cause;
  }

  async #untilStopped(): Promise<void> {
    await orAbort(this.#options.stopped, this.#scope.signal);
    this.#dispatch({ type: 'stopped' });
  }

  get #nowMs(): number {
    return this.#options.clock.monotonic();
  }

  #dispatch(event: ShimEvent): void {
    const before = this.#state;
    this.#state = reduceShim(before, event);
    if (this.#state.kind !== before.kind) this.#enter(this.#state);
  }

  #enter(state: ShimState): void {
    this.#cancelTimer();
    switch (state.kind) {
      case 'connecting':
        this.#scope.run(this.#connect());
        break;
      case 'relaying':
        break;
      case 'waiting':
        this.#waitFor(state.failures === 1 ? 0 : backoffMs(BACKOFF, state.failures - 1, this.#options.random));
        break;
      case 'resting':
      case 'failing':
        this.#refuse(state);
        break;
      case 'leaving':
        this.#relay.leave();
        this.#waitFor(LEAVE_MS);
        break;
      case 'ended':
        this.#end(state.cause);
        break;
    }
  }

  /** The relay reports `connected` after the replay. */
  async #connect(): Promise<void> {
    const socket = await this.#options.connect(this.#scope.signal);
    if (this.#state.kind === 'connecting') this.#relay.attach(socket);
    else socket.destroy();
  }

  #asked(): void {
    this.#dispatch({ type: 'asked', atMs: this.#nowMs });
    if (this.#state.kind === 'resting' || this.#state.kind === 'failing') this.#refuse(this.#state);
  }

  #refuse(state: Extract<ShimState, { kind: 'resting' | 'failing' }>): void {
    const isWanted = this.#relay.isWanted;
    if (state.cause !== undefined) this.#relay.fail(state.cause);
    if (this.#state.kind === 'failing') this.#waitFor(isWanted ? 0 : FAIL_MS);
  }

  #waitFor(delayMs: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(delayMs, () => {
      this.#dispatch({ type: 'waited' });
    });
  }

  #end(cause: AnywhereError | undefined): void {
    if (cause !== undefined) this.#relay.fail(cause);
    this.#relay.close();
    this.#onEnd(cause);
  }
}

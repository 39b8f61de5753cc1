/** Keeps the connection to the daemon, and connects again after the daemon ended. */
import { aborted } from '../base/abort.ts';
import { type BackoffPlan, backoffMs } from '../base/backoff.ts';
import { type CancelTimer, type Clock, sleep } from '../base/clock.ts';
import { asAnywhereError, reportOf } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { ControlClient } from '../control/client.ts';
import type { Message } from '../model/update.ts';
import type { NumberedEvent } from '../model/world.ts';

/** `start` starts the daemon where none runs. `join` rejects there, because someone may have stopped the daemon on purpose. */
export type Connect = (mode: 'start' | 'join', signal: AbortSignal) => Promise<ControlClient>;

export interface AttachmentDeps {
  readonly connect: Connect;
  readonly clock: Clock;
  readonly random: () => number;
  readonly scope: Scope;
  readonly dispatch: (message: Message) => void;
}

const RETRY: BackoffPlan = { initialMs: 500, maxMs: 5000 };
/** Events within this time are one change of the screen, ms. */
const GATHER_MS = 250;
/** With more events than a person can read, the screen changes half as often. */
const MANY_EVENTS = 50;
const GATHER_MANY_MS = 500;
/** More events are dropped; the next snapshot holds their changes. */
const MAX_GATHERED = 20_000;

export class Attachment {
  readonly #deps: AttachmentDeps;
  #client: ControlClient | undefined;
  #gathered: NumberedEvent[] = [];
  #cancelFlush: CancelTimer | undefined;
  #gatherMs = GATHER_MS;
  #hurry: AbortController | undefined;
  #mode: 'start' | 'join' = 'join';

  constructor(deps: AttachmentDeps) {
    this.#deps = deps;
  }

  /** Undefined while there is no connection. */
  get client(): ControlClient | undefined {
    return this.#client;
  }

  /** @param first an open connection */
  start(first: ControlClient): void {
    const { scope } = this.#deps;
    scope.onClose(async () => {
      this.#cancelFlush?.();
      await this.#client?.close();
    });
    scope.run(this.#keep(first));
  }

  /** Connects at once, and starts the daemon where none runs. */
  hurry(): void {
    this.#mode = 'start';
    this.#hurry?.abort();
  }

  /** Dispatches the gathered events now. */
  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const events = this.#gathered;
    this.#gathered = [];
    this.#gatherMs = events.length > MANY_EVENTS ? GATHER_MANY_MS : GATHER_MS;
    if (events.length > 0) this.#deps.dispatch({ type: 'events', events });
  }

  async #keep(first: ControlClient): Promise<void> {
    const { scope } = this.#deps;
    let cause = await this.#serve(first);
    for (let attempt = 1; !scope.closed; attempt += 1) {
      await this.#pause(attempt, cause);
      const client = await this.#again();
      if (client instanceof Error) {
        cause = client;
        continue;
      }
      cause = await this.#serve(client);
      attempt = 0;
    }
  }

  async #again(): Promise<ControlClient | Error> {
    const { connect, scope, dispatch } = this.#deps;
    const mode = this.#mode;
    this.#mode = 'join';
    dispatch({ type: 'connection', connection: { kind: 'gone', retryAtMs: undefined, cause: undefined } });
    try {
      return await connect(mode, scope.signal);
    } catch (error) {
      return asAnywhereError(error);
    }
  }

  async #pause(attempt: number, cause: Error | undefined): Promise<void> {
    const { clock, random, scope, dispatch } = this.#deps;
    const delayMs = backoffMs(RETRY, attempt, random);
    const report = cause === undefined ? undefined : reportOf(asAnywhereError(cause));
    dispatch({ type: 'connection', connection: { kind: 'gone', retryAtMs: clock.now() + delayMs, cause: report } });
    this.#hurry = new AbortController();
    const hurried = AbortSignal.any([this.#hurry.signal, scope.signal]);
    await sleep(clock, delayMs, hurried).catch(() => undefined);
  }

  /** Resolves when the connection has ended, with the error of its start if there was one. */
  async #serve(client: ControlClient): Promise<Error | undefined> {
    client.on('event', (event) => {
      this.#gather(event);
    });
    client.on('events/resync', () => {
      this.#deps.dispatch({ type: 'connection', connection: { kind: 'attached' } });
    });
    this.#client = client;
    try {
      await this.#begin(client);
      await client.ended;
      return undefined;
    } catch (error) {
      await client.close();
      return asAnywhereError(error);
    } finally {
      this.#client = undefined;
      this.flush();
    }
  }

  async #begin(client: ControlClient): Promise<void> {
    const { dispatch, scope } = this.#deps;
    await client.request('events/subscribe', {}, scope.signal);
    dispatch({ type: 'connection', connection: { kind: 'attached' } });
    // Tells the daemon that a person can answer questions here. The answers go through `prompt/answer`.
    await client.answer(async (_question, settled) => {
      await aborted(settled);
      return undefined;
    });
  }

  #gather(event: NumberedEvent): void {
    if (this.#gathered.length < MAX_GATHERED) this.#gathered.push(event);
    this.#cancelFlush ??= this.#deps.clock.after(this.#gatherMs, () => {
      this.flush();
    });
  }
}

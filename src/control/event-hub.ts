/**
 * The events of one gateway for all its watchers: the hub replays the events since a number, or reports that they are lost.
 *
 * The gateway emits events of calls only while somebody listens. So the hub listens on for a while after the last watcher
 * left: a watcher that comes back misses nothing.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Emitter, type Unsubscribe } from '../base/emitter.ts';
import type { EventBus, NumberedEvent, Replay } from '../telemetry/event-bus.ts';

const LINGER_MS = 30_000;

export class EventHub {
  /** Names this run: sequence numbers of another run have no meaning. */
  readonly run: string;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #watchers = new Emitter<NumberedEvent>();
  #stopListening: Unsubscribe | undefined;
  #cancelLeave: CancelTimer | undefined;
  /** The hub has seen all events after this number. */
  #completeSince = Number.POSITIVE_INFINITY;

  constructor(bus: EventBus, clock: Clock, run: string) {
    this.#bus = bus;
    this.#clock = clock;
    this.run = run;
  }

  get sequence(): number {
    return this.#bus.sequence;
  }

  on(listener: (event: NumberedEvent) => void): Unsubscribe {
    this.#listen();
    const stop = this.#watchers.on(listener);
    return () => {
      stop();
      if (this.#watchers.size === 0) this.#leaveLater();
    };
  }

  /** A face took a snapshot and may subscribe next: the hub listens from now on. */
  expect(): void {
    this.#listen();
    if (this.#watchers.size === 0) this.#leaveLater();
  }

  /** The events after `sequence`, without log lines. Call this before `on`, so that no event is missed between. */
  since(sequence: number, run: string | undefined): Replay {
    if ((run !== undefined && run !== this.run) || sequence < this.#completeSince) return { events: [], missed: true };
    return this.#bus.since(sequence);
  }

  close(): void {
    this.#cancelLeave?.();
    this.#stopListening?.();
  }

  #listen(): void {
    this.#cancelLeave?.();
    this.#cancelLeave = undefined;
    if (this.#stopListening !== undefined) return;
    this.#completeSince = this.#bus.sequence;
    this.#stopListening = this.#bus.on((event) => {
      this.#watchers.emit(event);
    });
  }

  #leaveLater(): void {
    this.#cancelLeave?.();
    this.#cancelLeave = this.#clock.after(
      LINGER_MS,
      () => {
        this.#stopListening?.();
        this.#stopListening = undefined;
        this.#completeSince = Number.POSITIVE_INFINITY;
      },
      { background: true },
    );
  }
}

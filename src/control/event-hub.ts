/**
 * The events of one gateway for all its watchers: what happened since a number can be had again, or is known to be lost.
 *
 * Calls are told only while somebody listens. So it goes on listening for a while when the last watcher has left: one
 * that comes back misses nothing.
 */
import type { CancelTimer, Clock } from '../base/clock.ts';
import { Emitter, type Unsubscribe } from '../base/emitter.ts';
import type { EventBus, NumberedEvent, Replay } from '../telemetry/event-bus.ts';

const LINGER_MS = 30_000;

export class EventHub {
  /** Names this run: numbers of another run say nothing. */
  readonly run: string;
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #watchers = new Emitter<NumberedEvent>();
  #stopListening: Unsubscribe | undefined;
  #cancelLeave: CancelTimer | undefined;
  /** Everything behind this number was told. */
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

  /** Somebody has looked, and may listen from there on: nothing is missed until then. */
  expect(): void {
    this.#listen();
    if (this.#watchers.size === 0) this.#leaveLater();
  }

  /** What happened after `sequence`, without log lines. Ask before listening: then nothing can be between. */
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

/** The events of one gateway, for faces and logs. */

import type { GatewayEvent, GatewayEventBody } from '../api/events.ts';
import type { Clock } from '../base/clock.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import { Emitter } from '../base/emitter.ts';

export interface NumberedEvent {
  /** Grows by one with every event of this bus; the first is 1. */
  readonly sequence: number;
  readonly event: GatewayEvent;
}

/** The events after a sequence number. */
export interface Replay {
  readonly events: readonly NumberedEvent[];
  /** Some events are no longer kept: take a snapshot instead. */
  readonly missed: boolean;
}

export interface EventBusOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** A listener that throws disturbs neither the other listeners nor the sender. */
  readonly onListenerError: (error: unknown) => void;
  /** Takes secrets out of every event, before the event is kept or delivered. */
  readonly redact?: <Event>(event: Event) => Event;
  /** How many events can be replayed. */
  readonly keep?: number;
}

const KEEP = 1000;

/** Log lines and progress are numbered and delivered but not kept: there are many, log lines are on disk, and progress is soon outdated. */
export class EventBus {
  readonly #options: EventBusOptions;
  readonly #emitter = new Emitter<NumberedEvent>();
  readonly #kept: NumberedEvent[] = [];
  #sequence = 0;
  #lastDropped = 0;

  constructor(options: EventBusOptions) {
    this.#options = options;
  }

  /** Sequence of the last event; 0 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /** False: events that are not kept need not be created. */
  get hasListeners(): boolean {
    return this.#emitter.size > 0;
  }

  emit(body: GatewayEventBody): void {
    this.#sequence += 1;
    const { clock, redact = <Event>(event: Event): Event => event } = this.#options;
    const numbered = { sequence: this.#sequence, event: redact({ atMs: clock.now(), ...body }) };
    this.#keep(numbered);
    this.#emitter.emit(numbered);
  }

  on(listener: (event: NumberedEvent) => void): Unsubscribe {
    return this.#emitter.on((event) => {
      try {
        listener(event);
      } catch (error) {
        this.#options.onListenerError(error);
      }
    });
  }

  /** Events after `sequence`, oldest first, without log lines and progress. */
  since(sequence: number): Replay {
    return {
      events: this.#kept.filter((kept) => kept.sequence > sequence),
      missed: sequence < this.#lastDropped || sequence > this.#sequence,
    };
  }

  #keep(numbered: NumberedEvent): void {
    const { type } = numbered.event;
    if (type === 'log' || type === 'call-progress') return;
    this.#kept.push(numbered);
    if (this.#kept.length <= (this.#options.keep ?? KEEP)) return;
    this.#lastDropped = this.#kept.shift()?.sequence ?? this.#lastDropped;
  }
}

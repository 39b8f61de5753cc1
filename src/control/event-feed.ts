/** The events on their way to one watcher. A slow watcher is not waited for: it loses events, and gets a notice. */

import type { ControlMethods, ControlNotifications } from '../api/control.ts';
import type { GatewayEvent } from '../api/events.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { Unsubscribe } from '../base/emitter.ts';
import type { NumberedEvent, Replay } from '../telemetry/event-bus.ts';
import type { EventHub } from './event-hub.ts';

type Method = ControlMethods['events/subscribe'];
type Told = 'event' | 'events/resync';

export interface FeedDeps {
  readonly hub: EventHub;
  readonly clock: Clock;
  /** The sent bytes that the watcher has not read. */
  readonly backlog: () => number;
  readonly notify: <N extends Told>(notification: N, params: ControlNotifications[N]) => void;
}

/** With more sent and unread bytes, events wait here. */
const MAX_BACKLOG = 256 * 1024;
/** The most events that wait here. */
const MAX_QUEUE = 1000;
const LOOK_AGAIN_MS = 50;

export class EventFeed {
  readonly #deps: FeedDeps;
  #types: ReadonlySet<GatewayEvent['type']> | undefined;
  #queue: NumberedEvent[] = [];
  #hasLost = false;
  #stop: Unsubscribe | undefined;
  #cancelLook: CancelTimer | undefined;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
  }

  /** A second subscription replaces the first. */
  subscribe({ since, run, types }: Method['params']): Method['result'] {
    const { hub } = this.#deps;
    this.close();
    this.#types = types === undefined ? undefined : new Set(types);
    const { events, missed }: Replay = since === undefined ? { events: [], missed: false } : hub.since(since, run);
    this.#stop = hub.on((event) => {
      this.#take(event);
    });
    if (!missed) for (const event of events) this.#take(event);
    return { run: hub.run, sequence: hub.sequence, resync: missed };
  }

  close(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    this.#queue = [];
    this.#hasLost = false;
  }

  #take(event: NumberedEvent): void {
    if (this.#hasLost || this.#types?.has(event.event.type) === false) return;
    if (this.#cancelLook === undefined && this.#deps.backlog() < MAX_BACKLOG) {
      this.#deps.notify('event', event);
      return;
    }
    this.#queue.push(event);
    if (this.#queue.length > MAX_QUEUE) {
      this.#queue = [];
      this.#hasLost = true;
    }
    this.#cancelLook ??= this.#lookLater();
  }

  #lookLater(): CancelTimer {
    return this.#deps.clock.after(
      LOOK_AGAIN_MS,
      () => {
        this.#cancelLook = undefined;
        this.#drain();
      },
      { background: true },
    );
  }

  #drain(): void {
    const { backlog, notify, hub } = this.#deps;
    while (this.#queue.length > 0 && backlog() < MAX_BACKLOG) {
      const event = this.#queue.shift();
      if (event !== undefined) notify('event', event);
    }
    if (this.#hasLost && backlog() < MAX_BACKLOG) {
      this.#hasLost = false;
      notify('events/resync', { sequence: hub.sequence });
    }
    if (this.#queue.length > 0 || this.#hasLost) this.#cancelLook = this.#lookLater();
  }
}

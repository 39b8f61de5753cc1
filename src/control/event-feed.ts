/**
 * The events on their way to one watcher. The first leaves at once; those that follow closely leave together, because a write
 * and a wake-up of the watcher for each call would slow the calls down. A slow watcher is not waited for: it loses events, and
 * gets a notice.
 */

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
  /** What `work` sends leaves in one write. */
  readonly together: (work: () => void) => void;
}

/** With more sent and unread bytes, events wait here. */
const MAX_BACKLOG = 256 * 1024;
/** So many events leave without waiting for the others of their time. */
const MANY = 200;
/** The most events that wait here for a slow watcher. */
const MAX_QUEUE = 1000;
const GATHER_MS = 30;

export class EventFeed {
  readonly #deps: FeedDeps;
  #types: ReadonlySet<GatewayEvent['type']> | undefined;
  #queue: NumberedEvent[] = [];
  #hasLost = false;
  #stop: Unsubscribe | undefined;
  #cancelDrain: CancelTimer | undefined;

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
    // Before the reply, so that a watcher that comes back has missed nothing when the reply comes.
    this.#queue = missed ? [] : events.filter(({ event }) => this.#isWanted(event.type));
    if (this.#queue.length > 0) this.#drain();
    return { run: hub.run, sequence: hub.sequence, resync: missed };
  }

  close(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#cancelDrain?.();
    this.#cancelDrain = undefined;
    this.#queue = [];
    this.#hasLost = false;
  }

  #take(event: NumberedEvent): void {
    if (this.#hasLost || !this.#isWanted(event.event.type)) return;
    this.#queue.push(event);
    if (this.#cancelDrain === undefined || this.#queue.length >= MANY) this.#drain();
    if (this.#queue.length <= MAX_QUEUE) return;
    this.#queue = [];
    this.#hasLost = true;
  }

  #isWanted(type: GatewayEvent['type']): boolean {
    return this.#types?.has(type) !== false;
  }

  #drain(): void {
    const { backlog, notify, together, hub } = this.#deps;
    if (backlog() < MAX_BACKLOG)
      together(() => {
        const events = this.#queue;
        this.#queue = [];
        for (const event of events) notify('event', event);
        if (this.#hasLost) notify('events/resync', { sequence: hub.sequence });
        this.#hasLost = false;
      });
    this.#cancelDrain ??= this.#drainLater();
  }

  #drainLater(): CancelTimer {
    return this.#deps.clock.after(
      GATHER_MS,
      () => {
        this.#cancelDrain = undefined;
        if (this.#queue.length > 0 || this.#hasLost) this.#drain();
      },
      { background: true },
    );
  }
}

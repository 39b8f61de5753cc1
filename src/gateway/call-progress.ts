/** What servers tell of calls under way, for whoever looks on. Costs nothing where no progress comes. */
import type { CancelSignal } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import { RunningRequest } from '../downstream/running-call.ts';
import type { Message } from '../protocol/message.ts';
import type { ProgressWatcher } from '../protocol/relay.ts';
import type { EventBus } from '../telemetry/event-bus.ts';

export interface ProgressReport {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

/** Of one call, events come no more often; the last value is in every snapshot. */
const TELL_EVERY_MS = 200;
/** A person reads no more of it. */
const MAX_MESSAGE = 500;

export class CallProgress implements ProgressWatcher {
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #toldMs = new WeakMap<RunningRequest, number>();

  constructor(bus: EventBus, clock: Clock) {
    this.#bus = bus;
    this.#clock = clock;
  }

  progressed(progress: Message, signal: CancelSignal | undefined): void {
    if (!(signal instanceof RunningRequest) || signal.route === undefined) return;
    signal.progress = progress;
    if (!this.#bus.hasListeners) return;
    const nowMs = this.#clock.monotonic();
    if (nowMs - (this.#toldMs.get(signal) ?? Number.NEGATIVE_INFINITY) < TELL_EVERY_MS) return;
    const report = progressReport(progress);
    if (report === undefined) return;
    this.#toldMs.set(signal, nowMs);
    this.#bus.emit({ type: 'call-progress', call: signal.call, ...report });
  }
}

/** Undefined where it is none that MCP knows. */
export function progressReport(notification: Message): ProgressReport | undefined {
  const { progress, total, message } = (notification.paramsValue() ?? {}) as Record<string, unknown>;
  if (typeof progress !== 'number') return undefined;
  return {
    progress,
    ...(typeof total === 'number' ? { total } : {}),
    ...(typeof message === 'string' ? { message: message.slice(0, MAX_MESSAGE) } : {}),
  };
}

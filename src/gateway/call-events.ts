/** Tells the event stream of calls: when one began, how it gets on, and how it ended. */

import type { Progress } from '../api/events.ts';
import type { Clock } from '../base/clock.ts';
import { beginning } from '../base/harmless.ts';
import { type Call, type CallObserver, outcomeOf, type ToolCall } from '../calls/call.ts';
import type { Message } from '../protocol/message.ts';
import type { EventBus } from '../telemetry/event-bus.ts';

/** Of one call, events come no more often; the last value is in every snapshot. */
const TELL_EVERY_MS = 200;
/** A person reads no more. */
const MAX_MESSAGE = 500;

/** Costs nothing while nobody listens; somebody may begin to while a call is under way. */
export class CallEvents implements CallObserver {
  readonly #bus: EventBus;
  readonly #clock: Clock;
  readonly #toldMs = new WeakMap<Call, number>();

  constructor(bus: EventBus, clock: Clock) {
    this.#bus = bus;
    this.#clock = clock;
  }

  began(call: ToolCall): void {
    if (this.#bus.hasListeners) this.#bus.emit({ type: 'call-started', ...placeOf(call), client: call.caller.id });
  }

  progressed(call: Call, progress: Message): void {
    if (!this.#bus.hasListeners || call.route === undefined) return;
    const nowMs = this.#clock.monotonic();
    if (nowMs - (this.#toldMs.get(call) ?? Number.NEGATIVE_INFINITY) < TELL_EVERY_MS) return;
    const report = progressReport(progress);
    if (report === undefined) return;
    this.#toldMs.set(call, nowMs);
    this.#bus.emit({ type: 'call-progress', call: call.id, ...report });
  }

  ended(call: ToolCall, outcome: unknown, durationMs: number): void {
    if (!this.#bus.hasListeners) return;
    this.#bus.emit({ type: 'call-ended', ...placeOf(call), durationMs, outcome: outcomeOf(outcome) });
  }
}

/** Undefined where the notification is none that MCP knows. */
export function progressReport(notification: Message): Progress | undefined {
  const { progress, total, message } = (notification.paramsValue() ?? {}) as Record<string, unknown>;
  if (typeof progress !== 'number') return undefined;
  return {
    progress,
    ...(typeof total === 'number' ? { total } : {}),
    ...(typeof message === 'string' ? { message: beginning(message, MAX_MESSAGE) } : {}),
  };
}

function placeOf({ id, route }: ToolCall): { call: number; host: string; server: string; tool: string } {
  return { call: id, host: route.server.host, server: route.server.name, tool: route.original };
}

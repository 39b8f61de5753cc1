/** Emits the events of calls: start, progress and end. */
import type { Progress } from '../api/events.ts';
import type { Clock } from '../base/clock.ts';
import { beginning } from '../base/harmless.ts';
import { type Call, type CallObserver, outcomeOf, type ToolCall } from '../calls/call.ts';
import type { Message } from '../protocol/message.ts';
import type { EventBus } from '../telemetry/event-bus.ts';

/** The shortest time between two progress events of a call. Every snapshot has the last value. */
const TELL_EVERY_MS = 200;
/** Longer messages are cut: a person reads no more. */
const MAX_MESSAGE = 500;

/** Does no work while nobody listens. A listener may come while a call is under way. */
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

/** Undefined where the notification is not valid MCP. A server can write any value, also one too deep for `JSON.stringify`. */
export function progressReport(notification: Message): Progress | undefined {
  const { progress, total, message } = (notification.paramsValue() ?? {}) as Record<string, unknown>;
  if (!isFinite(progress)) return undefined;
  return {
    progress,
    ...(isFinite(total) ? { total } : {}),
    ...(typeof message === 'string' ? { message: beginning(message, MAX_MESSAGE) } : {}),
  };
}

/** `JSON.parse` reads 1e400 as Infinity, which JSON cannot express. */
function isFinite(value: unknown): value is number {
  return Number.isFinite(value);
}

function placeOf({ id, route }: ToolCall): { call: number; host: string; server: string; tool: string } {
  return { call: id, host: route.server.host, server: route.server.name, tool: route.original };
}

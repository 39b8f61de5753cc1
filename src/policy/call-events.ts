/** Tells the event stream when a call began and how it ended. */

import type { Clock } from '../base/clock.ts';
import type { GatewayEventBody } from '../telemetry/events.ts';
import type { Interceptor, ToolCall } from './interceptor.ts';
import { outcomeOf } from './outcome.ts';

/** @param isWanted false while nobody listens; somebody may begin to while a call is under way */
export function callEvents(
  emit: (event: GatewayEventBody) => void,
  clock: Clock,
  isWanted: () => boolean,
): Interceptor {
  return (next) => async (call) => {
    const startedMs = clock.monotonic();
    const ended = (outcome: unknown): void => {
      if (isWanted()) emit(callEnded(call, clock.monotonic() - startedMs, outcome));
    };
    if (isWanted()) emit({ type: 'call-started', ...placeOf(call), client: call.client });
    try {
      const reply = await next(call);
      ended(reply);
      return reply;
    } catch (error) {
      ended(error);
      throw error;
    }
  };
}

/** @param outcome the reply, or what was thrown */
export function callEnded(
  call: Pick<ToolCall, 'id' | 'route'>,
  durationMs: number,
  outcome: unknown,
): GatewayEventBody {
  return { type: 'call-ended', ...placeOf(call), durationMs, outcome: outcomeOf(outcome) };
}

function placeOf({ id, route }: Pick<ToolCall, 'id' | 'route'>): {
  call: number;
  host: string;
  server: string;
  tool: string;
} {
  return { call: id, host: route.server.host, server: route.server.name, tool: route.original };
}

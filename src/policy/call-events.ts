/** Tells the event stream when a call began and how it ended. */
import { AnywhereError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { GatewayEventBody } from '../telemetry/events.ts';
import type { Interceptor, ToolCall } from './interceptor.ts';

type Outcome = 'ok' | 'tool-error' | 'error' | 'cancelled';

export function callEvents(emit: (event: GatewayEventBody) => void, clock: Clock): Interceptor {
  return (next) => async (call) => {
    const startedMs = clock.monotonic();
    const place = placeOf(call);
    const ended = (outcome: Outcome): void => {
      emit({ type: 'call-ended', ...place, durationMs: clock.monotonic() - startedMs, outcome });
    };
    emit({ type: 'call-started', ...place, client: call.client });
    try {
      const reply = await next(call);
      ended(reply.kind === 'error' ? 'error' : 'ok');
      return reply;
    } catch (error) {
      ended(error instanceof AnywhereError && error.code === 'CANCELLED' ? 'cancelled' : 'error');
      throw error;
    }
  };
}

function placeOf({ id, route }: ToolCall): { call: number; host: string; server: string; tool: string } {
  return { call: id, host: route.server.host, server: route.server.name, tool: route.original };
}

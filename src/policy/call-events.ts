/** Tells the event stream when a call began and how it ended. */

import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { memberOf, valueAt } from '../protocol/json-scan.ts';
import type { Message } from '../protocol/message.ts';
import type { GatewayEventBody } from '../telemetry/events.ts';
import type { CallHandler, Interceptor, ToolCall } from './interceptor.ts';

type Outcome = 'ok' | 'tool-error' | 'error' | 'cancelled';

/** @param isWanted false while nobody listens: then a call costs nothing here */
export function callEvents(
  emit: (event: GatewayEventBody) => void,
  clock: Clock,
  isWanted: () => boolean,
): Interceptor {
  return (next) => {
    const told = tellingOf(next, emit, clock);
    return (call) => (isWanted() ? told(call) : next(call));
  };
}

function tellingOf(next: CallHandler, emit: (event: GatewayEventBody) => void, clock: Clock): CallHandler {
  return async (call) => {
    const startedMs = clock.monotonic();
    const place = placeOf(call);
    const ended = (outcome: Outcome): void => {
      emit({ type: 'call-ended', ...place, durationMs: clock.monotonic() - startedMs, outcome });
    };
    emit({ type: 'call-started', ...place, client: call.client });
    try {
      const reply = await next(call);
      ended(outcomeOf(reply));
      return reply;
    } catch (error) {
      ended(error instanceof AnywhereError && error.code === 'CANCELLED' ? 'cancelled' : 'error');
      throw error;
    }
  };
}

/** A large result is searched for the word before it is walked. */
function outcomeOf({ kind, bytes, result }: Message): Outcome {
  if (kind === 'error' || result === undefined) return 'error';
  const isError = bytes.includes('"isError"') ? memberOf(bytes, result, 'isError') : undefined;
  return isError !== undefined && valueAt(bytes, isError) === true ? 'tool-error' : 'ok';
}

function placeOf({ id, route }: ToolCall): { call: number; host: string; server: string; tool: string } {
  return { call: id, host: route.server.host, server: route.server.name, tool: route.original };
}

/** How a call ended, as its events and statistics tell it. */
import type { Outcome } from '../api/events.ts';
import { AnywhereError } from '../base/errors.ts';
import { Message } from '../protocol/message.ts';

/** @param outcome the reply, or what was thrown */
export function outcomeOf(outcome: unknown): Outcome {
  if (outcome instanceof Message) return replyOutcome(outcome);
  return outcome instanceof AnywhereError && outcome.code === 'CANCELLED' ? 'cancelled' : 'error';
}

function replyOutcome(reply: Message): Outcome {
  if (reply.kind === 'error' || reply.result === undefined) return 'error';
  return reply.isTrue('isError') ? 'tool-error' : 'ok';
}

/** How a call ended, as its events and statistics tell it. */
import { AnywhereError } from '../base/errors.ts';
import { memberOf, valueAt } from '../protocol/json-scan.ts';
import { Message } from '../protocol/message.ts';

/** tool-error: the tool itself says that it failed. error: JSON-RPC's, or there was no reply. */
export type Outcome = 'ok' | 'tool-error' | 'error' | 'cancelled';

/** @param outcome the reply, or what was thrown */
export function outcomeOf(outcome: unknown): Outcome {
  if (outcome instanceof Message) return replyOutcome(outcome);
  return outcome instanceof AnywhereError && outcome.code === 'CANCELLED' ? 'cancelled' : 'error';
}

/** A result is searched for the word before it is walked. */
function replyOutcome({ kind, bytes, result }: Message): Outcome {
  if (kind === 'error' || result === undefined) return 'error';
  const isError = mentionsError(bytes) ? memberOf(bytes, result, 'isError') : undefined;
  return isError !== undefined && valueAt(bytes, isError) === true ? 'tool-error' : 'ok';
}

const WORD = Buffer.from('"isError"');
const CAPITAL_E = WORD.indexOf('E');

/** Up to here a loop is quicker than a call of the native search. */
const SHORT = 256;
/** Of more than this only both ends are searched: failures are told in few words, and large results pass by the thousand. */
const LARGE = 64 * 1024;
const END = 4 * 1024;

function mentionsError(bytes: Buffer): boolean {
  if (bytes.length <= SHORT) return shortMentionsError(bytes);
  if (bytes.length <= LARGE) return bytes.includes(WORD);
  return bytes.subarray(0, END).includes(WORD) || bytes.subarray(-END).includes(WORD);
}

/** Looks for the capital, which is rare, and then around it. */
function shortMentionsError(bytes: Buffer): boolean {
  for (let at = CAPITAL_E; at < bytes.length; at += 1)
    if (bytes[at] === 0x45 && bytes.compare(WORD, 0, WORD.length, at - CAPITAL_E, at - CAPITAL_E + WORD.length) === 0)
      return true;
  return false;
}

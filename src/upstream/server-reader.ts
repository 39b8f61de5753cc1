/** Reads the output of a server: messages go to the peer, everything else to the watcher. */
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { deadline } from '../base/abort.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { beginning } from '../base/harmless.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { isNotification } from '../protocol/methods.ts';
import type { Peer } from '../protocol/peer.ts';
import { MessageReader, type MessageSink, oversizedId } from '../protocol/reader.ts';

/** Bounds the method name in a log line. */
const MOST_OF_METHOD = 100;

export interface ServerWatcher extends Pick<MessageSink, 'noise' | 'overflow'> {
  /** The error for a call whose answer has this many bytes. */
  tooLarge(size: number): AnywhereError;
  /** A message was dropped; the text has the reason. */
  dropped(text: string): void;
}

const WHY = {
  unfit: 'the server wrote a message that holds control bytes or is not UTF-8',
  ambiguous: 'the server wrote an ambiguous message: a member stands in it twice, or a second time in another case',
} as const;

export function serverReader(peer: Peer, watcher: ServerWatcher, maxBytes: number): MessageReader {
  let dropped = 0;
  const drop = ({ kind, method }: Message, why: string): void => {
    dropped += 1;
    watcher.dropped(`dropped (${dropped} so far): ${kind} ${beginning(method, MOST_OF_METHOD)}: ${why}`);
  };
  const isWellFormed = (message: Message): boolean => {
    const isRequestWithoutId = message.kind === 'notification' && !isNotification(message);
    if (isRequestWithoutId) drop(message, 'a request without an id');
    return !isRequestWithoutId;
  };
  const refused: MessageSink['refused'] = (message, why) => {
    const error = new AnywhereError('SERVER_PROTOCOL', WHY[why]);
    if (message.isClearReply && peer.refuse(message, error, why)) return;
    if (message.kind === 'request') peer.replyError(message, RPC.invalidRequest, error.message);
    drop(message, error.message);
  };
  const oversized: MessageSink['oversized'] = (size, head, tail) => {
    const error = watcher.tooLarge(size);
    const whose = oversizedId(head, tail);
    const isKnown = whose?.isReply === true && peer.fail(whose.ownId, error);
    watcher.dropped(isKnown ? error.message : `${error.message}; its id could not be read, so no call gets this error`);
  };
  const messages: Pick<MessageSink, 'message' | 'batch' | 'refused' | 'oversized'> = {
    message: (message) => {
      if (isWellFormed(message)) peer.receive(message);
    },
    batch: (batch) => {
      peer.receiveBatch(batch.messages.filter(isWellFormed));
      for (const message of batch.refused) refused(message, batch.why);
    },
    refused,
    oversized,
  };
  return new MessageReader({ ...messages, ...watcher }, maxBytes);
}

/** A process that the program left behind may hold its output open. */
const DRAIN_MS = 1_000;

/** The last answers of a program that has exited may still wait here, because its output was paused. */
export async function drained(output: Readable, clock: Clock): Promise<void> {
  if (output.readableEnded || output.destroyed) return;
  const late = deadline(clock, DRAIN_MS, () => new AnywhereError('CANCELLED', 'the output does not end'));
  await finished(output, { signal: late.signal }).catch(() => undefined);
  late.clear();
}

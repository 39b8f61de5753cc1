/** Reads what a server writes: its messages go to the peer, the rest to whoever keeps an eye on the server. */
import { AnywhereError } from '../base/errors.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { isNotification } from '../protocol/methods.ts';
import { oversizedId } from '../protocol/oversized.ts';
import type { Peer } from '../protocol/peer.ts';
import { MessageReader, type MessageSink } from '../protocol/reader.ts';

/** A name that long is nobody's. */
const MOST_OF_METHOD = 100;

export interface ServerWatcher extends Pick<MessageSink, 'noise' | 'overflow'> {
  /** What the call hears whose answer has so many bytes. */
  tooLarge(size: number): AnywhereError;
  /** Nobody gets a message, for the reason in the text. */
  dropped(text: string): void;
}

const WHY = {
  unfit: 'the server wrote a message that holds control bytes or is not UTF-8',
  ambiguous:
    'the server wrote a message that two programs would read as two things: a member stands there twice, or in another case',
} as const;

export function serverReader(peer: Peer, watcher: ServerWatcher, maxBytes: number): MessageReader {
  let dropped = 0;
  const drop = ({ kind, method }: Message, why: string): void => {
    dropped += 1;
    watcher.dropped(`dropped (${dropped} so far): ${kind} ${method.slice(0, MOST_OF_METHOD)}: ${why}`);
  };
  const isCarriedOut = (message: Message): boolean => {
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
    watcher.dropped(isKnown ? error.message : `${error.message}; whose answer it was cannot be seen`);
  };
  const messages: Pick<MessageSink, 'message' | 'batch' | 'refused' | 'oversized'> = {
    message: (message) => {
      if (isCarriedOut(message)) peer.receive(message);
    },
    batch: (batch) => {
      peer.receiveBatch(batch.messages.filter(isCarriedOut));
      for (const message of batch.refused) refused(message, batch.why);
    },
    refused,
    oversized,
  };
  return new MessageReader({ ...messages, ...watcher }, maxBytes);
}

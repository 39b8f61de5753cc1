/** Reads what a server writes: its messages go to the peer, the rest to whoever keeps an eye on the server. */
import { AnywhereError } from '../base/errors.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import type { Peer } from '../protocol/peer.ts';
import { MessageReader, type MessageSink } from '../protocol/reader.ts';

export interface ServerWatcher extends Pick<MessageSink, 'noise' | 'overflow' | 'oversized'> {
  /** A message that nobody gets. */
  dropped(message: Message, why: string): void;
}

const WHY = {
  unfit: 'the server wrote a message that holds control bytes or is not UTF-8',
  ambiguous: 'the server wrote a message that different programs read differently: a member stands there twice',
} as const;

export function serverReader(peer: Peer, watcher: ServerWatcher, maxBytes: number): MessageReader {
  const messages: Pick<MessageSink, 'message' | 'batch' | 'refused'> = {
    message: (message) => {
      peer.receive(message);
    },
    batch: (all) => {
      peer.receiveBatch(all);
    },
    refused: (message, why) => {
      const error = new AnywhereError('SERVER_PROTOCOL', WHY[why]);
      if (message.isClearReply && peer.refuse(message, error, why)) return;
      if (message.kind === 'request') peer.replyError(message, RPC.invalidRequest, error.message);
      watcher.dropped(message, error.message);
    },
  };
  return new MessageReader({ ...messages, ...watcher }, maxBytes);
}

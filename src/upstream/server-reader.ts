/** Reads what a server writes: its messages go to the peer, the rest to whoever keeps an eye on the server. */
import type { Peer } from '../protocol/peer.ts';
import { MessageReader, type MessageSink } from '../protocol/reader.ts';

export function serverReader(
  peer: Peer,
  watcher: Pick<MessageSink, 'noise' | 'overflow' | 'oversized'>,
  maxBytes: number,
): MessageReader {
  const messages: Pick<MessageSink, 'message' | 'batch'> = {
    message: (message) => {
      peer.receive(message);
    },
    batch: (all) => {
      peer.receiveBatch(all);
    },
  };
  return new MessageReader({ ...messages, ...watcher }, maxBytes);
}

/** Requests whose id is null: nobody could tell whose an answer is, so none is carried out. */
import { errorLine, RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import type { Peer } from '../protocol/peer.ts';

/** True where this was one, and its sender has been told. Some clients write an id of null into notifications: those stay what they are. */
export function refuseNullId(peer: Peer, message: Message): boolean {
  if (message.method.startsWith('notifications/') || !message.hasNullId) return false;
  peer.send(errorLine('null', RPC.invalidRequest, 'the id of a request is a string or a number, never null'));
  return true;
}

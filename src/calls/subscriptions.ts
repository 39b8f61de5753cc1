/** resources/subscribe and unsubscribe: a server hears of the first client and of the last (MCP, resources). */
import { resultLine } from '../protocol/jsonrpc.ts';
import { Message } from '../protocol/message.ts';
import { joinPieces } from '../protocol/splice.ts';
import type { Instance } from '../upstream/instance.ts';
import type { Call } from './call.ts';

type Send = () => Promise<Message>;

/** @param uri the server's own */
export async function countedSubscription(
  instance: Instance,
  { request, caller: { owner } }: Call,
  uri: string,
  send: Send,
): Promise<Message> {
  const { subscriptions } = instance;
  if (request.method === 'resources/unsubscribe') return subscriptions.remove(uri, owner) ? send() : done(request);
  if (!subscriptions.add(uri, owner)) return done(request);
  const reply = await send().catch((error: unknown) => {
    subscriptions.remove(uri, owner);
    throw error;
  });
  if (reply.kind === 'error') subscriptions.remove(uri, owner);
  return reply;
}

export function isSubscription({ method }: Message): boolean {
  return method === 'resources/subscribe' || method === 'resources/unsubscribe';
}

/** What the server would have said. */
function done(request: Message): Message {
  const reply = Message.parse(joinPieces(resultLine(request.idText, '{}')));
  if (reply === undefined) throw new Error('an empty result is a message');
  return reply;
}

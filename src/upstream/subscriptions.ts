/** The subscribers of each resource of one instance. The server hears of the first and the last subscriber only. */
import { resultLine } from '../protocol/jsonrpc.ts';
import { Message } from '../protocol/message.ts';
import { joinPieces } from '../protocol/splice.ts';

export class Subscriptions<Holder> {
  readonly #holders = new Map<string, Set<Holder>>();

  /** True for the first subscriber. */
  add(uri: string, holder: Holder): boolean {
    const known = this.#holders.get(uri);
    if (known === undefined) this.#holders.set(uri, new Set([holder]));
    else known.add(holder);
    return known === undefined;
  }

  /** True for the last subscriber. */
  remove(uri: string, holder: Holder): boolean {
    const holders = this.#holders.get(uri);
    if (holders?.delete(holder) !== true || holders.size > 0) return false;
    return this.#holders.delete(uri);
  }

  /** Returns the URIs whose last subscriber this was. */
  removeAll(holder: Holder): readonly string[] {
    return [...this.#holders.keys()].filter((uri) => this.remove(uri, holder));
  }

  has(uri: string, holder: Holder): boolean {
    return this.#holders.get(uri)?.has(holder) === true;
  }

  get uris(): readonly string[] {
    return [...this.#holders.keys()];
  }
}

/**
 * Answers resources/subscribe or unsubscribe of one client, with `send` where the server must hear of the request.
 * @param uri the server's own URI
 */
export async function countedSubscription<Holder>(
  subscriptions: Subscriptions<Holder>,
  request: Message,
  holder: Holder,
  uri: string,
  send: () => Promise<Message>,
): Promise<Message> {
  if (request.method === 'resources/unsubscribe') return subscriptions.remove(uri, holder) ? send() : done(request);
  if (!subscriptions.add(uri, holder)) return done(request);
  const reply = await send().catch((error: unknown) => {
    subscriptions.remove(uri, holder);
    throw error;
  });
  if (reply.kind === 'error') subscriptions.remove(uri, holder);
  return reply;
}

export function isSubscription({ method }: Message): boolean {
  return method === 'resources/subscribe' || method === 'resources/unsubscribe';
}

/** The reply that the server would send. */
function done(request: Message): Message {
  const reply = Message.parse(joinPieces(resultLine(request.idText, '{}')));
  if (reply === undefined) throw new Error('an empty result is a message');
  return reply;
}

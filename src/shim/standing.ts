/** What the AI client said that holds until it says otherwise: another daemon must be told it again. */

import { notificationLine } from '../protocol/jsonrpc.ts';
import { Message } from '../protocol/message.ts';
import { COLLECTIONS, collectionOfMethod } from '../protocol/methods.ts';
import type { Waiting } from './pending.ts';

export class Standing {
  #initialize: Buffer | undefined;
  #initialized: Buffer | undefined;
  #level: Buffer | undefined;
  /** By URI. */
  readonly #subscriptions = new Map<string, Buffer>();
  readonly #listed = new Set<string>();

  /** A notification of the client, on its way. */
  notified(notification: Message): void {
    if (notification.method === 'notifications/initialized') this.#initialized = Buffer.from(notification.bytes);
  }

  /** A request of the client was answered with a result. */
  granted({ method, line }: Waiting): void {
    if (line === undefined) return;
    if (method === 'initialize') this.#initialize = line;
    else if (method === 'logging/setLevel') this.#level = line;
    else if (method === 'resources/subscribe') this.#subscriptions.set(uriOf(line), line);
    else if (method === 'resources/unsubscribe') this.#subscriptions.delete(uriOf(line));
    else {
      const changed = collectionOfMethod(method)?.changed;
      if (changed !== undefined) this.#listed.add(changed);
    }
  }

  /** The raw request; undefined until it was answered. */
  get initialize(): Buffer | undefined {
    return this.#initialize;
  }

  /** The notification that follows it. */
  get initialized(): Buffer | undefined {
    return this.#initialized;
  }

  /** The raw requests that follow both. */
  get requests(): readonly Buffer[] {
    return [...(this.#level === undefined ? [] : [this.#level]), ...this.#subscriptions.values()];
  }

  /** What another daemon offers may differ from what the client listed before. */
  get listChanged(): readonly Buffer[] {
    const methods = new Set(COLLECTIONS.map(({ changed }) => changed).filter((changed) => this.#listed.has(changed)));
    return [...methods].map((method) => Buffer.concat([...notificationLine(method), Buffer.from('\n')]));
  }
}

function uriOf(line: Buffer): string {
  return Message.parse(line)?.paramText('uri') ?? '';
}

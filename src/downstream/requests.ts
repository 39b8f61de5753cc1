/** The requests that one side has under way with the other, so that a cancellation finds its own. */
import type { AnywhereError } from '../base/errors.ts';
import type { RunningRequest } from '../calls/call.ts';
import { errorLine, RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import type { Peer } from '../protocol/peer.ts';

export class RunningRequests<R extends RunningRequest = RunningRequest> {
  /** By `Message.idKey`. */
  readonly #running = new Map<number | string, R>();

  get size(): number {
    return this.#running.size;
  }

  /** @param key `Message.idKey` of the request */
  add(key: number | string, request: R): R {
    this.#running.set(key, request);
    return request;
  }

  end(key: number | string): void {
    this.#running.delete(key);
  }

  /** Unknown ids are ignored: the answer may have crossed the cancellation. */
  cancel(key: number | string, reason: AnywhereError): void {
    this.#running.get(key)?.cancel(reason);
  }

  cancelAll(reason: AnywhereError): void {
    for (const request of this.all()) request.cancel(reason);
  }

  /** A copy: requests may come and go while it is walked. */
  all(): readonly R[] {
    return [...this.#running.values()];
  }
}

/**
 * Refuses a request whose id is null: nobody could tell whose an answer is. True where the message was one. Some clients
 * write an id of null into notifications: those stay notifications.
 */
export function refuseNullId(peer: Peer, message: Message): boolean {
  if (message.method.startsWith('notifications/') || !message.hasNullId) return false;
  peer.send(errorLine('null', RPC.invalidRequest, 'the id of a request is a string or a number, never null'));
  return true;
}

/** The pending requests of one side, and their cancellation. */
import { AnywhereError } from '../base/errors.ts';
import type { RunningRequest } from '../calls/call.ts';
import { errorLine, RPC } from '../protocol/jsonrpc.ts';
import { idKeyAt, type Message } from '../protocol/message.ts';
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

  /** Ignores unknown ids: the answer may have crossed the cancellation. */
  cancel(key: number | string, reason: AnywhereError): void {
    this.#running.get(key)?.cancel(reason);
  }

  cancelAll(reason: AnywhereError): void {
    for (const request of this.all()) request.cancel(reason);
  }

  /** A copy: requests may be added or removed during an iteration. */
  all(): readonly R[] {
    return [...this.#running.values()];
  }
}

export function tooManyRequests(pending: number): AnywhereError {
  const text = `this client has reached its limit of ${pending} pending requests: wait until one of them is answered`;
  return new AnywhereError('LIMIT_REACHED', text);
}

/**
 * Refuses a request whose id is null, because an answer could not be matched to its request. True where the message was
 * refused. Some clients write an id of null into notifications: those stay notifications.
 */
export function refuseNullId(peer: Peer, message: Message): boolean {
  if (message.method.startsWith('notifications/') || !message.hasNullId) return false;
  peer.send(errorLine('null', RPC.invalidRequest, 'the id of a request must be a string or a number, not null'));
  return true;
}

export interface Cancellation {
  /** The request's `Message.idKey`. */
  readonly key: number | string;
  readonly reason: AnywhereError;
}

export function isCancellation({ method }: Message): boolean {
  return method === 'notifications/cancelled';
}

/** Undefined for any other notification, and for a cancellation without a request id. */
export function cancellationOf(notification: Message): Cancellation | undefined {
  if (!isCancellation(notification)) return undefined;
  const id = notification.param('requestId');
  if (id === undefined) return undefined;
  return {
    key: idKeyAt(notification.bytes, id),
    reason: new AnywhereError('CANCELLED', notification.paramText('reason') ?? 'cancelled by its sender'),
  };
}

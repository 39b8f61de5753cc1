/** `notifications/cancelled` of either side (MCP, utilities/cancellation). */
import { AnywhereError } from '../base/errors.ts';
import { idKeyAt, type Message } from '../protocol/message.ts';

export interface Cancellation {
  /** The request's `Message.idKey`. */
  readonly key: number | string;
  readonly reason: AnywhereError;
}

export function isCancellation({ method }: Message): boolean {
  return method === 'notifications/cancelled';
}

/** Undefined for any other notification, and for one that names no request. */
export function cancellationOf(notification: Message): Cancellation | undefined {
  if (!isCancellation(notification)) return undefined;
  const id = notification.param('requestId');
  if (id === undefined) return undefined;
  return {
    key: idKeyAt(notification.bytes, id),
    reason: new AnywhereError('CANCELLED', notification.paramText('reason') ?? 'cancelled by its sender'),
  };
}

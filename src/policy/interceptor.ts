/** What happens around a call: policy, audit, limits, metrics and users' own middleware are all this one shape. */
import type { Cancellation } from '../base/cancellation.ts';
import type { Route } from '../catalog/snapshot.ts';
import type { Message } from '../protocol/message.ts';
import type { Peer } from '../protocol/peer.ts';
import type { InstanceOwner } from '../upstream/instance.ts';

export interface ToolCall {
  /** Numbers the calls of this run. */
  readonly id: number;
  /** The id of the client that calls, and what speaks for it on both sides. */
  readonly client: string;
  readonly owner: InstanceOwner;
  readonly peer: Peer;
  readonly route: Route;
  /** The request as the client wrote it. */
  readonly request: Message;
  /** `cancellation.signal` is the AbortSignal for what needs one. */
  readonly cancellation: Cancellation;
}

export type CallHandler = (call: ToolCall) => Promise<Message>;
export type Interceptor = (next: CallHandler) => CallHandler;

/** The first interceptor is the outermost. */
export function chain(interceptors: readonly Interceptor[], innermost: CallHandler): CallHandler {
  return interceptors.reduceRight((next, interceptor) => interceptor(next), innermost);
}

/** One request of an AI client, from the client's line to the reply. */
import type { Outcome } from '../api/events.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Route } from '../catalog/route.ts';
import { Message } from '../protocol/message.ts';
import type { Peer } from '../protocol/peer.ts';
import type { Cancellation } from '../protocol/pending-request.ts';
import type { Edit } from '../protocol/splice.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';

/** Edits of a message's params on the way between a client and an instance, such as task ids that the other side does not know. */
export interface ParamEdits {
  paramEdits(instance: Instance, message: Message): readonly Edit[];
}

/** The client that sent the request. */
export interface Caller {
  readonly id: string;
  readonly owner: InstanceOwner;
  readonly peer: Peer;
  /** Selects the catalog's listings for this client; undefined: the latest listings. */
  readonly profile: () => string | undefined;
  readonly tasks: { readonly toServer: ParamEdits; readonly toClient: ParamEdits };
  /** Observes this client's calls, in addition to the gateway's observers. */
  readonly observer?: CallObserver | undefined;
}

/** Synchronous hooks on every tools/call. An observer cannot delay a call. */
export interface CallObserver {
  began?(call: ToolCall): void;
  progressed?(call: Call, progress: Message): void;
  /** @param outcome the reply, or why there is none; `durationMs` from `began` to here */
  ended?(call: ToolCall, outcome: Message | AnywhereError, durationMs: number): void;
}

/**
 * A pending request that can be cancelled. An AbortSignal for every request would cost a fifth of a call's CPU time:
 * the request itself has the part of one that `Peer` needs, and makes a signal only on demand.
 */
export class RunningRequest implements Cancellation {
  /** Verbatim. */
  readonly request: Message;
  /** The request was cancelled by us, not by its sender: the sender still waits for an answer. */
  isRevoked = false;
  #reason: AnywhereError | undefined;
  #listeners: readonly (() => void)[] = [];
  #controller: AbortController | undefined;

  constructor(request: Message) {
    this.request = request;
  }

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  get reason(): AnywhereError | undefined {
    return this.#reason;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = [...this.#listeners, listener];
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
  }

  /** The sender gets no answer then (MCP, utilities/cancellation). */
  get isCancelledBySender(): boolean {
    return this.aborted && !this.isRevoked;
  }

  cancel(reason: AnywhereError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    for (const listener of this.#listeners) listener();
  }

  /** Cancels the request, but not on behalf of its sender. */
  revoke(reason: AnywhereError): void {
    this.isRevoked = true;
    this.cancel(reason);
  }
}

export class Call extends RunningRequest {
  /** Unique in this process. */
  readonly id: number;
  readonly caller: Caller;
  /** Monotonic, ms. */
  readonly startedMs: number;
  /** The request for the server, without members that are meant for us. Ids and names are replaced later. */
  sent: Message;
  /** The target of a tools/call whose tool is known. A pool's call may try one member after another. */
  route: Route | undefined = undefined;
  /** The server's last progress notification. */
  progress: Message | undefined = undefined;
  /** The last progress number sent to the client. Undefined while the server's numbers pass unchanged. */
  lastProgress: number | undefined = undefined;

  constructor(id: number, caller: Caller, request: Message, startedMs: number) {
    super(request);
    this.id = id;
    this.caller = caller;
    this.sent = request;
    this.startedMs = startedMs;
  }

  aim(route: Route): asserts this is ToolCall {
    this.route = route;
  }
}

/** A tools/call whose tool is known. */
export type ToolCall = Call & { readonly route: Route };

export type CallHandler = (call: ToolCall) => Promise<Message>;

/**
 * @param outcome the reply, or the thrown error
 * @internal The types are zod's, which users of the library may not have.
 */
export function outcomeOf(outcome: unknown): Outcome {
  if (outcome instanceof Message) return replyOutcome(outcome);
  return outcome instanceof AnywhereError && outcome.code === 'CANCELLED' ? 'cancelled' : 'error';
}

function replyOutcome(reply: Message): Outcome {
  if (reply.kind === 'error' || reply.result === undefined) return 'error';
  return reply.isTrue('isError') ? 'tool-error' : 'ok';
}

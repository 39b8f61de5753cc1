/** One request of an AI client, from the client's line to the reply: the object that everything about a call hangs on. */
import { AnywhereError } from '../base/errors.ts';
import type { Route } from '../catalog/route.ts';
import { Message } from '../protocol/message.ts';
import type { Peer } from '../protocol/peer.ts';
import type { Edit } from '../protocol/splice.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';

/** What of a message's params must change on the way between a client and an instance: each has ids that the other does not know. */
export interface ParamEdits {
  paramEdits(instance: Instance, message: Message): readonly Edit[];
}

/** The client that asks, and what speaks for the client on both sides. */
export interface Caller {
  readonly id: string;
  readonly owner: InstanceOwner;
  readonly peer: Peer;
  /** Names the catalog's listings that the client is shown; undefined: the latest of all. */
  readonly profile: () => string | undefined;
  readonly tasks: { readonly toServer: ParamEdits; readonly toClient: ParamEdits };
  /** Told of this client's calls, beside everybody's observers. */
  readonly observer?: CallObserver | undefined;
}

/** Told of every tools/call while it happens, synchronously. An observer holds nothing up. */
export interface CallObserver {
  began?(call: ToolCall): void;
  progressed?(call: Call, progress: Message): void;
  /** @param outcome the reply, or why there is none; `durationMs` from `began` to here */
  ended?(call: ToolCall, outcome: Message | AnywhereError, durationMs: number): void;
}

/** A request that has no answer yet, and that can be cancelled. */
export class RunningRequest {
  /** As its sender wrote it. */
  readonly request: Message;
  /** Somebody other than the sender cancelled the request: the sender still waits for an answer. */
  isRevoked = false;
  readonly #abort = new AbortController();

  constructor(request: Message) {
    this.request = request;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isCancelled(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Only the first reason counts. */
  cancel(reason: AnywhereError): void {
    this.#abort.abort(reason);
  }

  /** Cancels the request for somebody other than its sender. */
  revoke(reason: AnywhereError): void {
    this.isRevoked = true;
    this.cancel(reason);
  }
}

export class Call extends RunningRequest {
  /** Numbers the requests of this run. */
  readonly id: number;
  readonly caller: Caller;
  /** Monotonic, ms. */
  readonly startedMs: number;
  /** As the server is to see the request, but for ids and names: without what is meant for us. */
  sent: Message;
  /** Of a tools/call whose tool is known: where it goes. A pool's call goes to one member after another. */
  route: Route | undefined = undefined;
  /** What the server told last of its progress. */
  progress: Message | undefined = undefined;
  /** The last number told to the client, where numbers of ours or of another attempt stand beside the server's. */
  lastProgress: number | undefined = undefined;

  constructor(id: number, caller: Caller, request: Message, startedMs: number) {
    super(request);
    this.id = id;
    this.caller = caller;
    this.sent = request;
    this.startedMs = startedMs;
  }

  /** The call goes there from now on. */
  aim(route: Route): asserts this is ToolCall {
    this.route = route;
  }
}

/** A tools/call whose tool is known. */
export type ToolCall = Call & { readonly route: Route };

export type CallHandler = (call: ToolCall) => Promise<Message>;

/** tool-error: the tool itself says that it failed. error: JSON-RPC's, or there was no reply. */
export type Outcome = 'ok' | 'tool-error' | 'error' | 'cancelled';

/** @param outcome the reply, or what was thrown */
export function outcomeOf(outcome: unknown): Outcome {
  if (outcome instanceof Message) return replyOutcome(outcome);
  return outcome instanceof AnywhereError && outcome.code === 'CANCELLED' ? 'cancelled' : 'error';
}

function replyOutcome(reply: Message): Outcome {
  if (reply.kind === 'error' || reply.result === undefined) return 'error';
  return reply.isTrue('isError') ? 'tool-error' : 'ok';
}

/** A request of ours that has not been answered yet. */

import type { CancelListener, CancelSignal } from '../base/cancellation.ts';
import type { AnywhereError } from '../base/errors.ts';
import type { Message } from './message.ts';
import type { Line } from './splice.ts';

export interface RequestOptions {
  /** Without an answer or progress for so long it fails with CALL_TIMEOUT. Infinity: never. */
  readonly timeoutMs: number;
  /** Without an answer for so long it fails, whatever progress came. Left out: never. */
  readonly totalTimeoutMs?: number;
  /** A call of a client: it waits while as many as may be are under way, and is refused where too many wait. */
  readonly isLimited?: boolean;
  readonly signal?: CancelSignal | undefined;
  /** When it was asked, monotonic ms, where that is known already. */
  readonly sinceMs?: number;
  /** The progress notification as it came; its token is our request id. */
  readonly onProgress?: ((message: Message) => void) | undefined;
  /** The reply may name a task, whose progress comes under the same token afterwards (MCP 2025-11-25, tasks). */
  readonly progressOutlivesReply?: boolean;
  /** Whoever asked looks at each part of an unfit reply for itself (`Message.source`). */
  readonly takesUnfit?: boolean;
  /** MCP forbids to cancel `initialize`. */
  readonly cancellable?: boolean;
}

/** What is sent. Its line is made once the id is known, which is the progress token too. */
export interface RequestLine {
  readonly method: string;
  withId(id: number): Line;
}

/** Who waits for a reply: one of both is called, once. */
export interface Waiter {
  resolve(reply: Message): void;
  /** @param isUnsent true: the other side was given nothing of the request */
  reject(error: AnywhereError, isUnsent?: boolean): void;
}

/** All that is kept of a request, in one object: each one more would be made for every call. */
export class PendingRequest implements CancelListener {
  readonly id: number;
  readonly request: RequestLine;
  readonly options: RequestOptions;
  readonly waiter: Waiter;
  /** Monotonic, ms. */
  deadlineMs = Number.POSITIVE_INFINITY;
  /** When its total time is over, monotonic. */
  endMs = Number.POSITIVE_INFINITY;
  /** Undefined while it waits for its turn. */
  line: Line | undefined = undefined;
  readonly #onAbort: (pending: PendingRequest) => void;

  /** @param onAbort its sender has lost interest */
  constructor(
    id: number,
    request: RequestLine,
    options: RequestOptions,
    waiter: Waiter,
    onAbort: (pending: PendingRequest) => void,
  ) {
    this.id = id;
    this.request = request;
    this.options = options;
    this.waiter = waiter;
    this.#onAbort = onAbort;
    options.signal?.addEventListener('abort', this, { once: true });
  }

  /** It is over: the signal is not listened to any more. */
  settle(): void {
    this.options.signal?.removeEventListener('abort', this);
  }

  handleEvent(): void {
    this.#onAbort(this);
  }
}

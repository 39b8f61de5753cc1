/** A request of ours that has not been answered yet. */
import type { AnywhereError } from '../base/errors.ts';
import type { Message } from './message.ts';
import type { Line } from './splice.ts';

/** What a request needs of an AbortSignal. */
export interface Cancellation {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void, options: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface RequestOptions {
  /** The longest time without an answer or progress; then the request fails with CALL_TIMEOUT. Infinity: no limit. */
  readonly timeoutMs: number;
  /** The longest time without an answer, even with progress. Left out: no limit. */
  readonly totalTimeoutMs?: number;
  /** A call of a client: waits while the limit of running calls is reached, and is refused when too many wait. */
  readonly isLimited?: boolean;
  readonly signal?: Cancellation | undefined;
  /** The progress notification as it came; its token is our request id. */
  readonly onProgress?: ((message: Message) => void) | undefined;
  /** The reply may name a task, whose progress comes under the same token afterwards (MCP 2025-11-25, tasks). */
  readonly progressOutlivesReply?: boolean;
  /** The sender checks each part of an unfit reply itself (`Message.source`). */
  readonly takesUnfit?: boolean;
  /** MCP forbids to cancel `initialize`. */
  readonly cancellable?: boolean;
}

/** Builds the line once the id is known. The id is the progress token too. */
export interface RequestLine {
  readonly method: string;
  withId(id: number): Line;
}

/** Of the promise of the reply. */
interface Settlers {
  readonly resolve: (reply: Message) => void;
  readonly reject: (error: AnywhereError) => void;
}

export class PendingRequest {
  readonly id: number;
  readonly request: RequestLine;
  readonly options: RequestOptions;
  readonly settlers: Settlers;
  /** Monotonic, ms. */
  deadlineMs = Number.POSITIVE_INFINITY;
  /** When the total time is over, monotonic. */
  endMs = Number.POSITIVE_INFINITY;
  /** Undefined while the request waits for its turn. */
  line: Line | undefined = undefined;
  readonly #onAbort: () => void;

  /** @param onAbort called when the sender cancels */
  constructor(
    id: number,
    request: RequestLine,
    options: RequestOptions,
    settlers: Settlers,
    onAbort: (pending: PendingRequest) => void,
  ) {
    this.id = id;
    this.request = request;
    this.options = options;
    this.settlers = settlers;
    this.#onAbort = () => {
      onAbort(this);
    };
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** The request is over: its signal is not listened to any more. */
  settle(): void {
    this.options.signal?.removeEventListener('abort', this.#onAbort);
  }
}

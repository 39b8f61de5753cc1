/** Pending requests of a peer: the requests, their deadlines, and batches whose replies go back together. */
import type { CancelTimer, Clock } from '../base/clock.ts';
import type { AnywhereError } from '../base/errors.ts';
import type { Message } from './message.ts';
import { type Line, type Pieces, piecesOf } from './splice.ts';

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

/** Settle the promise of the reply. */
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

  /** The request is over: stops listening to its signal. */
  settle(): void {
    this.options.signal?.removeEventListener('abort', this.#onAbort);
  }
}

/** The longest timer of Node, milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** One timer for all requests of a peer: it fires at the earliest known deadline, and pauses while a person is asked. */
export class DeadlineSweep {
  readonly #clock: Clock;
  /** Ends overdue requests and returns the next deadline. */
  readonly #sweep: (nowMs: number) => number;
  /** Moves every deadline. */
  readonly #postpone: (byMs: number) => void;
  #cancel: CancelTimer = () => undefined;
  #atMs = Number.POSITIVE_INFINITY;
  #holds = 0;
  #heldSinceMs = 0;

  constructor(clock: Clock, sweep: (nowMs: number) => number, postpone: (byMs: number) => void) {
    this.#clock = clock;
    this.#sweep = sweep;
    this.#postpone = postpone;
  }

  /** Adds a deadline, monotonic ms. */
  by(deadlineMs: number): void {
    if (deadlineMs >= this.#atMs || deadlineMs === Number.POSITIVE_INFINITY) return;
    this.#cancel();
    this.#atMs = deadlineMs;
    const delayMs = Math.max(0, deadlineMs - this.#clock.monotonic());
    this.#cancel = this.#clock.after(
      Math.min(delayMs, LONGEST_MS),
      () => {
        this.#run();
      },
      { background: true },
    );
  }

  /** Stops the time until the returned function is called; holds may overlap. */
  hold(): () => void {
    if (this.#holds === 0) this.#heldSinceMs = this.#clock.monotonic();
    this.#holds += 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#release();
    };
  }

  stop(): void {
    this.#cancel();
  }

  #release(): void {
    this.#holds -= 1;
    if (this.#holds > 0) return;
    this.#postpone(this.#clock.monotonic() - this.#heldSinceMs);
    this.#run();
  }

  #run(): void {
    this.#cancel();
    this.#atMs = Number.POSITIVE_INFINITY;
    if (this.#holds === 0) this.by(this.#sweep(this.#clock.monotonic()));
  }
}

const OPEN = Buffer.from('[');
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from(']');

/** The requests of one batch, whose replies go back together (JSON-RPC 2.0 section 6; MCP 2025-03-26 only). */
export class Batch {
  readonly #waiting: Set<Message>;
  readonly #replies: Pieces[];
  readonly #send: (pieces: Pieces) => void;

  /** @param refusals replies that are known already */
  constructor(requests: readonly Message[], refusals: readonly Line[], send: (pieces: Pieces) => void) {
    this.#waiting = new Set(requests);
    this.#replies = refusals.map(piecesOf);
    this.#send = send;
    if (requests.length === 0) this.#sendAll();
  }

  /** `reply` is undefined for a request that gets none, because it was cancelled. */
  settle(request: Message, reply: Line | undefined): void {
    if (!this.#waiting.delete(request)) return;
    if (reply !== undefined) this.#replies.push(piecesOf(reply));
    if (this.#waiting.size === 0) this.#sendAll();
  }

  #sendAll(): void {
    if (this.#replies.length > 0) this.#send(this.#joined());
  }

  #joined(): Pieces {
    const inner = this.#replies.flatMap((reply, index) => (index === 0 ? [...reply] : [COMMA, ...reply]));
    return [OPEN, ...inner, CLOSE];
  }
}

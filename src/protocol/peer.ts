/**
 * One side of a JSON-RPC stream: numbers our requests, pairs replies with them, times them out,
 * and carries cancellation and progress. The same class serves AI clients and MCP servers.
 *
 * Requests of others travel through it as bytes: `forward` builds the line once our id is known.
 */

import type { CancelSignal } from '../base/cancellation.ts';
import type { CancelTimer, Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { IdTable } from '../base/id-table.ts';
import { Batch } from './batch.ts';
import { errorLine, notificationLine, requestLine, resultLine } from './jsonrpc.ts';
import type { Message } from './message.ts';
import type { Line } from './splice.ts';
import type { MessageWriter } from './writer.ts';

export interface PeerHandler {
  /** A request of the other side. Answer with `reply`, `replyError` or `send`. */
  request(message: Message): void;
  /** Progress of our own requests and replies do not come here. */
  notification(message: Message): void;
  /** A reply that nobody waits for, or an error without id. */
  stray(message: Message): void;
}

export interface RequestOptions {
  /** Without an answer or progress for so long it fails with CALL_TIMEOUT. Infinity: never. */
  readonly timeoutMs: number;
  readonly signal?: CancelSignal | undefined;
  /** The progress notification as it came; its token is our request id. */
  readonly onProgress?: ((message: Message) => void) | undefined;
  /** The reply may name a task, whose progress comes under the same token afterwards (MCP 2025-11-25, tasks). */
  readonly progressOutlivesReply?: boolean;
  /** MCP forbids to cancel `initialize`. */
  readonly cancellable?: boolean;
}

/** Requests that became tasks and whose progress is still passed on. */
const MAX_TASK_PROGRESS = 1000;

/** Builds the line to send, knowing the id (which is the progress token too). */
export type BuildLine = (id: number) => Line;

/** Who waits for a reply: one of both is called, once. */
export interface Waiter {
  readonly resolve: (reply: Message) => void;
  readonly reject: (error: AnywhereError) => void;
}

interface Pending {
  readonly method: string;
  readonly options: RequestOptions;
  readonly waiter: Waiter;
  deadlineMs: number;
  onAbort: (() => void) | undefined;
}

export class Peer {
  readonly #writer: MessageWriter;
  readonly #handler: PeerHandler;
  readonly #clock: Clock;
  readonly #pending = new IdTable<Pending>();
  readonly #batches = new WeakMap<Message, Batch>();
  /** Of requests that became tasks, oldest first. */
  readonly #taskProgress = new Map<number, (message: Message) => void>();
  #nextId = 1;
  #closedBy: AnywhereError | undefined;
  #cancelSweep: CancelTimer | undefined;
  #sweepAtMs = Number.POSITIVE_INFINITY;

  constructor(writer: MessageWriter, handler: PeerHandler, clock: Clock) {
    this.#writer = writer;
    this.#handler = handler;
    this.#clock = clock;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /** Sends a request of our own. Resolves with the reply, result or error alike. */
  request(method: string, params: string | undefined, options: RequestOptions): Promise<Message> {
    return this.forward(method, (id) => requestLine(id, method, params), options);
  }

  /** Sends a request whose line is built by the caller. */
  forward(method: string, build: BuildLine, options: RequestOptions): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.start(method, build, options, { resolve, reject });
    });
  }

  /** The same without a promise: for the path on which every call goes. */
  start(method: string, build: BuildLine, options: RequestOptions, waiter: Waiter): void {
    if (this.#closedBy !== undefined) waiter.reject(this.#closedBy);
    else if (options.signal?.aborted === true) waiter.reject(cancelled(options.signal));
    else this.#begin(method, build, options, waiter);
  }

  #begin(method: string, build: BuildLine, options: RequestOptions, waiter: Waiter): void {
    const id = this.#nextId;
    this.#nextId += 1;
    const deadlineMs = this.#clock.monotonic() + options.timeoutMs;
    const pending: Pending = { method, options, waiter, deadlineMs, onAbort: undefined };
    this.#pending.set(id, pending);
    this.#listenForAbort(id, pending);
    this.#sweepBy(deadlineMs);
    this.#writer.write(build(id));
  }

  notify(method: string, params?: string): void {
    this.send(notificationLine(method, params));
  }

  send(line: Line): void {
    this.#writer.write(line);
  }

  reply(request: Message, result: string | Buffer): void {
    this.respond(request, resultLine(request.idText, result));
  }

  /** Sends the reply to a request of the other side; one that came in a batch waits for the others of it. */
  respond(request: Message, reply: Line): void {
    const batch = this.#batches.get(request);
    if (batch === undefined) this.send(reply);
    else batch.settle(request, reply);
  }

  /** The request gets no reply: its sender cancelled it. */
  abandon(request: Message): void {
    this.#batches.get(request)?.settle(request, undefined);
  }

  replyError(request: Message, code: number, message: string, data?: unknown): void {
    this.respond(request, errorLine(request.idText, code, message, data));
  }

  receive(message: Message): void {
    if (message.kind === 'request') this.#handler.request(message);
    else if (message.kind === 'notification') this.#notification(message);
    else this.#settle(message);
  }

  receiveBatch(messages: readonly Message[]): void {
    const requests = messages.filter(({ kind }) => kind === 'request');
    const batch = new Batch(requests, (pieces) => {
      this.send(pieces);
    });
    for (const request of requests) this.#batches.set(request, batch);
    for (const message of messages) this.receive(message);
  }

  /** A reply too large to keep: fails the request it belonged to, where that can be seen. */
  fail(id: number | string, error: AnywhereError): boolean {
    const pending = this.#take(id);
    pending?.waiter.reject(error);
    return pending !== undefined;
  }

  /** Fails what is pending, now and later. The stream is not touched. */
  close(cause: AnywhereError): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = cause;
    this.#writer.close();
    this.#cancelSweep?.();
    for (const [id] of this.#pending.entries()) this.fail(id, cause);
  }

  #settle(reply: Message): void {
    const pending = this.#take(reply.idNumber) ?? this.#onlyOneWaiting(reply);
    if (pending?.options.progressOutlivesReply === true) this.#keepProgress(reply, pending);
    if (pending === undefined) this.#handler.stray(reply);
    else pending.waiter.resolve(reply);
  }

  /** Nobody says when a task is over: the oldest make room. */
  #keepProgress(reply: Message, { options }: Pending): void {
    if (reply.kind !== 'result' || options.onProgress === undefined) return;
    this.#taskProgress.set(reply.idNumber, options.onProgress);
    const [oldest] = this.#taskProgress.keys();
    if (this.#taskProgress.size > MAX_TASK_PROGRESS && oldest !== undefined) this.#taskProgress.delete(oldest);
  }

  /** A server that could not read an id answers with null; with one request waiting it is clear whose it is. */
  #onlyOneWaiting(reply: Message): Pending | undefined {
    if (reply.kind !== 'error' || reply.id !== undefined || this.#pending.size !== 1) return undefined;
    const [only] = this.#pending.entries();
    return only === undefined ? undefined : this.#take(only[0]);
  }

  #take(id: number | string): Pending | undefined {
    const pending = this.#pending.delete(id);
    if (pending === undefined) return undefined;
    if (pending.onAbort !== undefined) pending.options.signal?.removeEventListener('abort', pending.onAbort);
    return pending;
  }

  #notification(message: Message): void {
    if (message.method !== 'notifications/progress') {
      this.#handler.notification(message);
      return;
    }
    const token = message.param('progressToken');
    const id = token === undefined ? Number.NaN : Number(message.bytes.toString('utf8', token.start, token.end));
    const pending = this.#pending.get(id);
    // After the reply progress means nothing any more (MCP, utilities/progress), unless it is a task's.
    if (pending === undefined) {
      this.#taskProgress.get(id)?.(message);
      return;
    }
    pending.deadlineMs = this.#clock.monotonic() + pending.options.timeoutMs;
    pending.options.onProgress?.(message);
  }

  #listenForAbort(id: number, pending: Pending): void {
    const { signal } = pending.options;
    if (signal === undefined) return;
    pending.onAbort = () => {
      const error = cancelled(signal);
      if (this.fail(id, error) && pending.options.cancellable !== false) this.#cancel(id, error.message);
    };
    signal.addEventListener('abort', pending.onAbort, { once: true });
  }

  #cancel(id: number | string, reason: string): void {
    this.notify('notifications/cancelled', `{"requestId":${id},"reason":${JSON.stringify(reason)}}`);
  }

  /** One timer for all requests: it wakes at the earliest deadline known and looks at every one. */
  #sweepBy(deadlineMs: number): void {
    if (deadlineMs >= this.#sweepAtMs || deadlineMs === Number.POSITIVE_INFINITY) return;
    this.#cancelSweep?.();
    this.#sweepAtMs = deadlineMs;
    const delayMs = Math.max(0, deadlineMs - this.#clock.monotonic());
    this.#cancelSweep = this.#clock.after(
      Math.min(delayMs, 2 ** 31 - 1),
      () => {
        this.#sweep();
      },
      { background: true },
    );
  }

  #sweep(): void {
    this.#sweepAtMs = Number.POSITIVE_INFINITY;
    this.#cancelSweep = undefined;
    const now = this.#clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const [id, pending] of this.#pending.entries()) {
      if (pending.deadlineMs <= now) this.#expire(id, pending);
      else next = Math.min(next, pending.deadlineMs);
    }
    this.#sweepBy(next);
  }

  #expire(id: number | string, pending: Pending): void {
    const seconds = Math.round(pending.options.timeoutMs / 100) / 10;
    this.fail(id, new AnywhereError('CALL_TIMEOUT', `no answer to ${pending.method} within ${seconds} s`));
    if (pending.options.cancellable !== false) this.#cancel(id, 'timeout');
  }
}

function cancelled(signal: CancelSignal): AnywhereError {
  const reason: unknown = signal.reason;
  return reason instanceof AnywhereError ? reason : new AnywhereError('CANCELLED', 'cancelled by the caller');
}

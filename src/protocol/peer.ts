/**
 * One side of a JSON-RPC stream: numbers our requests, pairs replies with them, times them out,
 * and carries cancellation and progress. The same class serves AI clients and MCP servers.
 *
 * Requests of others travel through it as bytes: `forward` builds the line once our id is known.
 */

import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import { errorLine, notificationLine, requestLine, resultLine } from './jsonrpc.ts';
import { type Message, ownIdAt } from './message.ts';
import {
  Batch,
  type Cancellation,
  DeadlineSweep,
  PendingRequest,
  type RequestLine,
  type RequestOptions,
} from './pending-request.ts';
import type { RefusalReason } from './reader.ts';
import type { Line } from './splice.ts';
import type { MessageWriter } from './writer.ts';

export interface PeerHandler {
  /** A request of the other side. Answer with `reply`, `replyError` or `send`. */
  request(message: Message): void;
  /** Progress of our own requests and replies do not come here. */
  notification(message: Message): void;
  /** A reply that nobody waits for, or an error without id. */
  stray(message: Message): void;
  /** The other side leaves so much unread that we cannot hold more. */
  unread?(bytes: number): void;
}

/** Requests that became tasks and whose progress is still passed on. */
const MAX_TASK_PROGRESS = 1000;

/** The limits of one stream. */
export interface PeerLimits {
  /** Calls at once; more wait. */
  readonly inFlight: number;
  /** Calls that wait; more are refused. */
  readonly waiting: number;
  /** Bytes that the other side has not read; beyond this, calls are refused. */
  readonly heldBytes: number;
}

/** Calls are refused much earlier; traffic that cannot be refused may grow to this multiple. */
const MOST_HELD = 8;

const UNLIMITED: PeerLimits = {
  inFlight: Number.POSITIVE_INFINITY,
  waiting: Number.POSITIVE_INFINITY,
  heldBytes: Number.POSITIVE_INFINITY,
};

export class Peer {
  readonly #writer: MessageWriter;
  readonly #handler: PeerHandler;
  readonly #clock: Clock;
  readonly #limits: PeerLimits;
  readonly #deadlines: DeadlineSweep;
  /** Ids of calls that wait for their turn. */
  readonly #waiting: number[] = [];
  readonly #pending = new Map<number, PendingRequest>();
  readonly #batches = new WeakMap<Message, Batch>();
  /** Ids of requests that became tasks, oldest first. */
  readonly #taskProgress = new Map<number, (message: Message) => void>();
  #nextId = 1;
  #closedBy: AnywhereError | undefined;
  #received = 0;
  readonly #onAbort = (pending: PendingRequest): void => {
    this.#giveUp(pending, cancelled(pending.options.signal));
  };

  constructor(writer: MessageWriter, handler: PeerHandler, clock: Clock, limits: PeerLimits = UNLIMITED) {
    this.#writer = writer;
    this.#handler = handler;
    this.#clock = clock;
    this.#limits = limits;
    this.#deadlines = new DeadlineSweep(
      clock,
      (nowMs) => this.#sweep(nowMs),
      (byMs) => {
        this.#postpone(byMs);
      },
    );
  }

  /** Bytes for the other side that are not sent yet. */
  get unreadBytes(): number {
    return this.#writer.unreadBytes;
  }

  /** Bytes for the other side that wait with us. */
  get heldBytes(): number {
    return this.#writer.heldBytes;
  }

  /** The other side does not read its input. */
  get isCongested(): boolean {
    return this.#writer.congested;
  }

  /** Messages received so far. */
  get received(): number {
    return this.#received;
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /** Sends a request of our own. Resolves with the reply, result or error alike. */
  request(method: string, params: string | undefined, options: RequestOptions): Promise<Message> {
    return this.forward({ method, withId: (id) => requestLine(id, method, params) }, options);
  }

  /** Sends a request whose line is made by the caller. */
  forward(request: RequestLine, options: RequestOptions): Promise<Message> {
    const refusal = this.#refusal(options);
    if (refusal !== undefined) return Promise.reject(refusal.unsent());
    return new Promise((resolve, reject) => {
      this.#begin(request, options, { resolve, reject });
    });
  }

  #refusal({ signal, isLimited }: RequestOptions): AnywhereError | undefined {
    if (this.#closedBy !== undefined) return this.#closedBy;
    if (signal?.aborted === true) return cancelled(signal);
    return isLimited === true && this.#isFull() ? this.#tooMany() : undefined;
  }

  #begin(request: RequestLine, options: RequestOptions, settlers: PendingRequest['settlers']): void {
    const id = this.#nextId;
    this.#nextId += 1;
    const isWaiting = options.isLimited === true && this.#isBusy();
    const pending = new PendingRequest(id, request, options, settlers, this.#onAbort);
    this.#pending.set(id, pending);
    this.#limitTime(pending);
    if (isWaiting) this.#waiting.push(id);
    else this.#write(pending);
  }

  #limitTime(pending: PendingRequest): void {
    const { timeoutMs, totalTimeoutMs = Number.POSITIVE_INFINITY } = pending.options;
    const nowMs = this.#clock.monotonic();
    pending.endMs = nowMs + totalTimeoutMs;
    pending.deadlineMs = Math.min(nowMs + timeoutMs, pending.endMs);
    this.#deadlines.by(pending.deadlineMs);
  }

  #write(pending: PendingRequest): void {
    pending.line = pending.request.withId(pending.id);
    this.#writer.write(pending.line);
  }

  /** One more call would have to wait. */
  #isBusy(): boolean {
    return this.#pending.size - this.#waiting.length >= this.#limits.inFlight;
  }

  #isFull(): boolean {
    if (this.#writer.heldBytes > this.#limits.heldBytes) return true;
    return this.#isBusy() && this.#waiting.length >= this.#limits.waiting;
  }

  #tooMany(): AnywhereError {
    const { inFlight, waiting } = this.#limits;
    const why =
      this.#isBusy() && this.#waiting.length >= waiting
        ? `${inFlight} calls are under way and ${waiting} wait already`
        : `the server does not read its input: ${this.#writer.heldBytes} bytes are waiting already`;
    return new AnywhereError('LIMIT_REACHED', why);
  }

  /** No request times out until the returned function is called, because a person is being asked. */
  holdDeadlines(): () => void {
    return this.#deadlines.hold();
  }

  notify(method: string, params?: string): void {
    this.send(notificationLine(method, params));
  }

  send(line: Line): void {
    this.#writer.write(line);
    if (this.#writer.heldBytes > this.#limits.heldBytes * MOST_HELD) this.#handler.unread?.(this.#writer.heldBytes);
  }

  reply(request: Message, result: string | Buffer): void {
    this.respond(request, resultLine(request.idText, result));
  }

  /** Sends the reply to a request of the other side; a reply in a batch waits for the others of the batch. */
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
    this.#received += 1;
    if (message.kind === 'request') this.#handler.request(message);
    else if (message.kind === 'notification') this.#notification(message);
    else this.#settle(message);
  }

  /** @param refusals replies to elements of the batch that are not among the messages */
  receiveBatch(messages: readonly Message[], refusals: readonly Line[] = []): void {
    const requests = messages.filter(({ kind }) => kind === 'request');
    const batch = new Batch(requests, refusals, (pieces) => {
      this.send(pieces);
    });
    for (const request of requests) this.#batches.set(request, batch);
    for (const message of messages) this.receive(message);
  }

  /** Fails the request of a reply that must not be passed on; false where nobody waits for the reply. */
  refuse(reply: Message, error: AnywhereError, why: RefusalReason): boolean {
    const pending = this.#take(reply.idNumber);
    if (pending?.options.takesUnfit === true && why === 'unfit') pending.settlers.resolve(reply);
    else pending?.settlers.reject(error);
    return pending !== undefined;
  }

  /** Fails the request of a reply that was too large to keep, where the id is known. */
  fail(id: number, error: AnywhereError): boolean {
    const pending = this.#take(id);
    pending?.settlers.reject(error);
    return pending !== undefined;
  }

  /** Fails all pending and future requests. Leaves the stream alone. */
  close(cause: AnywhereError): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = cause;
    const unsent = new Set(this.#writer.close());
    this.#deadlines.stop();
    for (const [id, { line }] of [...this.#pending]) {
      const isUnsent = line === undefined || unsent.has(line);
      this.#take(id)?.settlers.reject(isUnsent ? cause.unsent() : cause);
    }
  }

  #settle(reply: Message): void {
    const pending = this.#take(reply.idNumber) ?? this.#onlyOneWaiting(reply);
    if (pending?.options.progressOutlivesReply === true) this.#keepProgress(reply, pending);
    if (pending === undefined) this.#handler.stray(reply);
    else pending.settlers.resolve(reply);
  }

  /** Nobody reports the end of a task, so the oldest ones make room. */
  #keepProgress(reply: Message, { options }: PendingRequest): void {
    if (reply.kind !== 'result' || options.onProgress === undefined) return;
    this.#taskProgress.set(reply.idNumber, options.onProgress);
    const [oldest] = this.#taskProgress.keys();
    if (this.#taskProgress.size > MAX_TASK_PROGRESS && oldest !== undefined) this.#taskProgress.delete(oldest);
  }

  /** A server that could not read an id answers with null. With a single pending request its owner is clear. */
  #onlyOneWaiting(reply: Message): PendingRequest | undefined {
    if (reply.kind !== 'error' || reply.id !== undefined || this.#pending.size !== 1) return undefined;
    const [only] = this.#pending.keys();
    return only === undefined ? undefined : this.#take(only);
  }

  #take(id: number): PendingRequest | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    pending.settle();
    if (this.#waiting.length > 0) this.#nextTurn(id, pending);
    return pending;
  }

  /** A finished request makes room for the next one, or leaves the queue. */
  #nextTurn(id: number, { line }: PendingRequest): void {
    if (line === undefined) {
      const at = this.#waiting.indexOf(id);
      if (at !== -1) this.#waiting.splice(at, 1);
      return;
    }
    if (this.#closedBy === undefined) this.#sendNext();
  }

  #sendNext(): void {
    const nowMs = this.#clock.monotonic();
    for (let id = this.#waiting.shift(); id !== undefined; id = this.#waiting.shift()) {
      const pending = this.#pending.get(id);
      // An overdue request is about to fail.
      if (pending === undefined || pending.deadlineMs <= nowMs) continue;
      this.#write(pending);
      return;
    }
  }

  #notification(message: Message): void {
    if (message.method !== 'notifications/progress') {
      this.#handler.notification(message);
      return;
    }
    const token = message.param('progressToken');
    const id = token === undefined ? Number.NaN : ownIdAt(message.bytes, token);
    const pending = this.#pending.get(id);
    // Progress after the reply is meaningless (MCP, utilities/progress), except for tasks.
    if (pending === undefined) {
      this.#taskProgress.get(id)?.(message);
      return;
    }
    pending.deadlineMs = Math.min(this.#clock.monotonic() + pending.options.timeoutMs, pending.endMs);
    pending.options.onProgress?.(message);
  }

  /** Cancels a request at the other side, if the request was sent. */
  #giveUp({ id, line, options }: PendingRequest, error: AnywhereError, reason = error.message): void {
    if (!this.fail(id, error)) return;
    if (line === undefined || this.#writer.takeBack(line)) return;
    if (options.cancellable !== false) this.#cancel(id, reason);
  }

  #cancel(id: number, reason: string): void {
    this.notify('notifications/cancelled', `{"requestId":${id},"reason":${JSON.stringify(reason)}}`);
  }

  /** Returns the next deadline. */
  #sweep(nowMs: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const pending of [...this.#pending.values()]) {
      if (pending.deadlineMs <= nowMs) this.#expire(pending, nowMs);
      else next = Math.min(next, pending.deadlineMs);
    }
    return next;
  }

  #postpone(byMs: number): void {
    for (const pending of this.#pending.values()) {
      pending.deadlineMs += byMs;
      pending.endMs += byMs;
    }
  }

  #expire(pending: PendingRequest, nowMs: number): void {
    const { timeoutMs, totalTimeoutMs = timeoutMs } = pending.options;
    const seconds = Math.round((pending.endMs <= nowMs ? totalTimeoutMs : timeoutMs) / 100) / 10;
    const text = `no answer to ${pending.request.method} within ${seconds} s`;
    this.#giveUp(pending, new AnywhereError('CALL_TIMEOUT', text), 'timeout');
  }
}

function cancelled(signal: Cancellation | undefined): AnywhereError {
  const reason = signal?.reason;
  return reason instanceof AnywhereError ? reason : new AnywhereError('CANCELLED', 'cancelled by the caller');
}

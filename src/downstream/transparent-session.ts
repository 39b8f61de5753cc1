/**
 * One client and one server: every message passes unchanged, except for its id and progress token.
 *
 * For debugging and for conformance suites: any other difference from a direct connection is a bug of ours. Unlike the
 * ordinary session, `initialize` waits for the server. The limits of the hosts file apply: a request over a limit gets a
 * JSON-RPC error.
 */

import type { Clock } from '../base/clock.ts';
import { type AnywhereError, asAnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import { RunningRequest } from '../calls/call.ts';
import { RPC } from '../protocol/jsonrpc.ts';
import type { Message } from '../protocol/message.ts';
import { BATCH_VERSION, isNotification, LATEST_PROTOCOL_VERSION } from '../protocol/methods.ts';
import { Peer } from '../protocol/peer.ts';
import type { RequestOptions } from '../protocol/pending-request.ts';
import { asReplyTo, forwardRequest } from '../protocol/relay.ts';
import type { MessageWriter } from '../protocol/writer.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';
import { failureText } from './failure.ts';
import { answeredEarly, BAD_INITIALIZE, type ClientHello, readClientHello } from './hello.ts';
import { cancellationOf, isCancellation, RunningRequests, refuseNullId, tooManyRequests } from './requests.ts';

export interface TransparentDeps {
  readonly clock: Clock;
  readonly scope: Scope;
  /** Starts host and server, and returns the instance of this session. */
  readonly instance: (owner: InstanceOwner, signal: AbortSignal) => Promise<Instance>;
  /** Pending requests of the client; further requests are refused. */
  readonly maxRequests: () => number;
  readonly onDropped: (client: string, method: string) => void;
}

/** People answer the requests of servers: no timeout of ours. */
const PATIENT: RequestOptions = { timeoutMs: Number.POSITIVE_INFINITY };

/** One direction. */
interface Way {
  readonly to: Peer;
  readonly from: Peer;
  readonly running: RunningRequests;
  readonly options: RequestOptions;
  /** The side that did not answer, for errors. */
  readonly place: { readonly host?: string; readonly server?: string };
}

export class TransparentSession implements InstanceOwner {
  readonly peer: Peer;
  readonly #deps: TransparentDeps;
  readonly #ofClient = new RunningRequests();
  readonly #ofServer = new RunningRequests();
  /** The client sends `initialized` and its own list requests. */
  readonly isVerbatim = true;
  #hello: ClientHello | undefined;
  /** Messages of the client before the server was up, in order. */
  #early: (RunningRequest | Message)[] | undefined;
  #instance: Instance | undefined;

  constructor(writer: MessageWriter, deps: TransparentDeps) {
    this.#deps = deps;
    const handler = {
      request: (message: Message) => {
        this.#answer(message);
      },
      notification: (message: Message) => {
        this.#notification(message);
      },
      stray: () => undefined,
    };
    this.peer = new Peer(writer, handler, deps.clock);
  }

  get clientInfo(): string {
    return this.#hello?.clientInfo ?? '{"name":"mcp-anywhere","version":"0"}';
  }

  get capabilities(): string {
    return this.#hello?.capabilities ?? '{}';
  }

  get protocolVersion(): string {
    return this.#hello?.protocolVersion ?? LATEST_PROTOCOL_VERSION;
  }

  get instances(): readonly Instance[] {
    return this.#instance === undefined ? [] : [this.#instance];
  }

  /** The client waits for an answer. */
  get isBusy(): boolean {
    return this.#ofClient.all().length > 0;
  }

  giveUp(error: AnywhereError): void {
    for (const running of this.#ofClient.all()) running.revoke(error);
  }

  get takesBatches(): boolean {
    return this.#hello?.protocolVersion === BATCH_VERSION;
  }

  serverRequest(instance: Instance, request: Message): Promise<void> {
    const way = { to: this.peer, from: instance.peer, running: this.#ofServer, options: PATIENT, place: {} };
    const running = this.#ofServer.add(request.idKey, new RunningRequest(request));
    // The client's calls do not time out meanwhile.
    return this.#relay(running, way).finally(instance.holdDeadlines());
  }

  serverNotification(_instance: Instance, notification: Message): void {
    const cancelled = cancellationOf(notification);
    if (cancelled !== undefined) this.#ofServer.cancel(cancelled.key, cancelled.reason);
    // Its request id is unreadable, and ids of this side are ours: the cancellation cannot be passed on.
    else if (!isCancellation(notification)) this.peer.send([notification.bytes]);
  }

  instanceReady(): void {
    // No settings wait for the instance.
  }

  instanceEnded(): void {
    // The instance's peer fails pending requests.
  }

  close(cause: AnywhereError): void {
    this.#ofClient.cancelAll(cause);
    this.#ofServer.cancelAll(cause);
    this.peer.close(cause);
  }

  #answer(request: Message): void {
    if (request.method === 'initialize') this.#deps.scope.run(this.#initialize(request));
    else if (request.method === 'ping' && this.#instance === undefined) this.peer.reply(request, '{}');
    else if (this.#instance === undefined && this.#early === undefined) answeredEarly(this.peer, request);
    else if (this.#ofClient.size >= this.#deps.maxRequests()) this.#refuseAnother(request);
    else this.#pass(this.#ofClient.add(request.idKey, new RunningRequest(request)));
  }

  #pass(running: RunningRequest): void {
    if (this.#early !== undefined) this.#early.push(running);
    else if (this.#instance !== undefined) {
      const relayed = this.#relay(running, this.#wayTo(this.#instance, running.request));
      this.#deps.scope.run(relayed);
    } else {
      this.#ofClient.end(running.request.idKey);
      answeredEarly(this.peer, running.request);
    }
  }

  #wayTo({ peer, server }: Instance, { method }: Message): Way {
    const { host, name, timeoutMs, totalTimeoutMs } = server;
    const place = { host, server: name };
    const limits = method === 'tasks/result' ? PATIENT : { timeoutMs, totalTimeoutMs };
    return { to: peer, from: this.peer, running: this.#ofClient, options: { ...limits, isLimited: true }, place };
  }

  #refuseAnother(request: Message): void {
    this.peer.replyError(request, RPC.internalError, failureText(tooManyRequests(this.#ofClient.size)));
  }

  async #initialize(request: Message): Promise<void> {
    this.#hello = readClientHello(request);
    if (this.#hello === undefined) {
      this.peer.replyError(request, RPC.invalidParams, BAD_INITIALIZE);
      return;
    }
    this.#early ??= [];
    const { signal } = this.#ofClient.add(request.idKey, new RunningRequest(request));
    try {
      this.#instance = await this.#deps.instance(this, signal);
      this.peer.reply(request, (await this.#instance.ready).raw);
    } catch (error) {
      this.peer.replyError(request, RPC.internalError, failureText(asAnywhereError(error)));
    } finally {
      this.#ofClient.end(request.idKey);
      this.#passEarly();
    }
  }

  #passEarly(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const one of early)
      if (one instanceof RunningRequest) this.#pass(one);
      else this.#notification(one);
  }

  async #relay(running: RunningRequest, way: Way): Promise<void> {
    const { request } = running;
    try {
      const reply = await forwardRequest(request, [], way.to, way.from, { ...way.options, signal: running });
      way.from.respond(request, asReplyTo(request, reply));
    } catch (error) {
      if (running.isCancelledBySender) way.from.abandon(request);
      else way.from.replyError(request, RPC.internalError, failureText(asAnywhereError(error).at(way.place)));
    } finally {
      way.running.end(request.idKey);
    }
  }

  #notification(notification: Message): void {
    if (refuseNullId(this.peer, notification)) return;
    const cancelled = cancellationOf(notification);
    if (cancelled !== undefined) this.#ofClient.cancel(cancelled.key, cancelled.reason);
    else if (!isNotification(notification)) this.#deps.onDropped(this.#hello?.name ?? '', notification.method);
    else if (this.#early !== undefined) this.#early.push(notification);
    else if (this.#mayHear(notification)) this.#instance?.peer.send([notification.bytes]);
  }

  /** A shared server got `initialized` before. */
  #mayHear(notification: Message): boolean {
    if (isCancellation(notification)) return false;
    return notification.method !== 'notifications/initialized' || this.#instance?.owner === this;
  }
}

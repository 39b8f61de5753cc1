/** The core of a call: to an instance of the server that answers it, in the server's own words. */

import type { CancelSignal } from '../base/cancellation.ts';
import type { Clock } from '../base/clock.ts';
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import type { Scope } from '../base/scope.ts';
import type { Route } from '../catalog/snapshot.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { Outgoing } from '../downstream/client-side.ts';
import type { Destination } from '../downstream/destinations.ts';
import type { Link } from '../link/contract.ts';
import type { ToolCall } from '../policy/interceptor.ts';
import type { Message } from '../protocol/message.ts';
import type { RequestOptions, Waiter } from '../protocol/pending-request.ts';
import { Forwarding, type ProgressWatcher } from '../protocol/relay.ts';
import type { Edit } from '../protocol/splice.ts';
import type { Router } from '../routing/router.ts';
import type { Instance } from '../upstream/instance.ts';
import { type Repeat, repeatOf, repeatReason, type Sent } from './second-try.ts';
import { untilOver } from './settle.ts';
import { countedSubscription, isSubscription } from './subscribe.ts';
import { whileWaiting } from './waiting-progress.ts';

/** A call that is made once more waits so long for its host. */
const RETURN_MS = 15_000;

export interface ServerSenderDeps {
  readonly router: Router;
  readonly clock: Clock;
  /** Owns calls that are made once more. */
  readonly scope: Scope;
  readonly onRepeat: (repeat: Repeat) => void;
  readonly watcher?: ProgressWatcher;
}

interface Way {
  readonly edits: readonly Edit[];
  readonly timeoutMs: number;
  /** Monotonic. */
  readonly sinceMs: number;
  /** It was made once more already. */
  readonly isRepeat?: boolean;
}

export class ServerSender {
  readonly #deps: ServerSenderDeps;
  readonly #router: Router;
  readonly #clock: Clock;
  readonly #onGone = (attempt: Attempt, error: AnywhereError, isUnsent: boolean): void => {
    this.#gone(attempt, error, isUnsent);
  };

  constructor(deps: ServerSenderDeps) {
    this.#deps = deps;
    this.#router = deps.router;
    this.#clock = deps.clock;
  }

  call(call: ToolCall): Promise<Message> {
    const found = this.#router.instance(call.route.server, call.owner, call.cancellation);
    if (!(found instanceof Promise)) return this.#send(found, call, nameEdit(call));
    return whileWaiting(found, call, this.#clock).then((instance) => this.#send(instance, call, nameEdit(call)));
  }

  /** Any other request that a server answers. */
  async forward(outgoing: Outgoing, { server, edits, isPatient, uri }: Destination): Promise<Message> {
    const instance = await this.#router.instance(server, outgoing.owner, outgoing.cancellation);
    if (uri !== undefined && isSubscription(outgoing.request))
      return countedSubscription(instance, outgoing, uri, () => this.#send(instance, outgoing, edits));
    return this.#send(instance, outgoing, edits, isPatient === true ? Number.POSITIVE_INFINITY : server.timeoutMs);
  }

  /** The path of a call with nothing around it: to an instance that is up, without a promise on the way. */
  start(
    instance: Instance,
    call: Outgoing & { readonly route: Route; readonly startedMs: number },
    waiter: Waiter,
  ): void {
    const { timeoutMs } = instance.server;
    this.#start(instance, call, { edits: nameEdit(call), timeoutMs, sinceMs: call.startedMs }, waiter);
  }

  #send(
    instance: Instance,
    outgoing: Outgoing,
    edits: readonly Edit[],
    timeoutMs = instance.server.timeoutMs,
  ): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#start(instance, outgoing, { edits, timeoutMs, sinceMs: this.#clock.monotonic() }, { resolve, reject });
    });
  }

  #start(instance: Instance, sent: Sent, way: Way, waiter: Waiter): void {
    const attempt = new Attempt(instance, sent, way, waiter, this.#onGone);
    instance.touch(attempt.sinceMs);
    new Forwarding(sent.request, way.edits, sent.peer, this.#deps.watcher).start(instance.peer, attempt, attempt);
  }

  /** The server went while this was under way. */
  #gone({ instance, sent, way, waiter, sinceMs }: Attempt, error: AnywhereError, isUnsent: boolean): void {
    const why = way.isRepeat === true ? undefined : repeatReason(sent, error, isUnsent);
    if (why === undefined) {
      const { host, name: server } = instance.server;
      const elapsedMs = this.#clock.monotonic() - sinceMs;
      waiter.reject(isUnsent ? error.at({ host, server }) : outcomeUnknown(instance, error, elapsedMs));
      return;
    }
    this.#deps.onRepeat(repeatOf(sent, instance.server, why, error));
    this.#deps.scope.run(this.#again(instance.server, sent, way, waiter));
  }

  async #again(server: ServerPlan, sent: Sent, way: Way, waiter: Waiter): Promise<void> {
    const { clock, router } = this.#deps;
    try {
      await linkSettled(router.unit(server).link, clock, Math.min(RETURN_MS, way.timeoutMs), sent.cancellation.signal);
      const instance = await this.#router.instance(server, sent.owner, sent.cancellation);
      this.#start(instance, sent, { ...way, sinceMs: clock.monotonic(), isRepeat: true }, waiter);
    } catch (error) {
      waiter.reject(asAnywhereError(error));
    }
  }
}

/** The host is back, or is not coming back by itself. A first attempt that fails is not the end. */
function linkSettled(link: Link, clock: Clock, withinMs: number, signal: AbortSignal): Promise<void> {
  const isOver = (): boolean => ['ready', 'refused', 'closed'].includes(link.state.kind);
  return untilOver({ on: (listener) => link.onChange(listener) }, isOver, clock, withinMs, signal);
}

/** One call to one instance: how long it may take, and what becomes of its failure. One object, for each call is one. */
class Attempt implements RequestOptions, Waiter {
  readonly instance: Instance;
  readonly sent: Sent;
  readonly way: Way;
  readonly waiter: Waiter;
  readonly timeoutMs: number;
  readonly totalTimeoutMs: number;
  readonly isLimited = true;
  readonly signal: CancelSignal;
  readonly sinceMs: number;
  readonly #onGone: (attempt: Attempt, error: AnywhereError, isUnsent: boolean) => void;

  constructor(
    instance: Instance,
    sent: Sent,
    way: Way,
    waiter: Waiter,
    onGone: (attempt: Attempt, error: AnywhereError, isUnsent: boolean) => void,
  ) {
    this.instance = instance;
    this.sent = sent;
    this.way = way;
    this.waiter = waiter;
    this.timeoutMs = way.timeoutMs;
    this.totalTimeoutMs = way.timeoutMs === Number.POSITIVE_INFINITY ? way.timeoutMs : instance.server.totalTimeoutMs;
    this.signal = sent.cancellation;
    this.sinceMs = way.sinceMs;
    this.#onGone = onGone;
  }

  resolve(reply: Message): void {
    this.waiter.resolve(reply);
  }

  reject(error: AnywhereError, isUnsent = false): void {
    if (this.signal.aborted) this.waiter.reject(error);
    else if (this.instance.isLive) this.waiter.reject(answeredNot(this.instance, error));
    else this.#onGone(this, error, isUnsent);
  }
}

/** It runs, and this call failed: where its time is over, perhaps nothing is answered any more. */
function answeredNot(instance: Instance, error: AnywhereError): AnywhereError {
  if (error.code === 'CALL_TIMEOUT') instance.suspect();
  const { host, name: server } = instance.server;
  return error.at({ host, server });
}

function nameEdit({ request, route }: Pick<ToolCall, 'request' | 'route'>): readonly Edit[] {
  const span = request.param('name');
  return span === undefined ? [] : [{ span, text: route.originalJson }];
}

/** The request was written and the server went away: nobody can say whether it was carried out. */
function outcomeUnknown(instance: Instance, cause: AnywhereError, elapsedMs: number): AnywhereError {
  const { host, name } = instance.server;
  const text = `outcome unknown: host ${host}, after ${(elapsedMs / 1000).toFixed(1)} s: ${cause.message}`;
  return new AnywhereError('OUTCOME_UNKNOWN', text, { host, server: name, evidence: cause.evidence, cause });
}

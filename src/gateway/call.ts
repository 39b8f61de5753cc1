/** The core of a call: to an instance of the server that answers it, in the server's own words. */

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
import type { Waiter } from '../protocol/peer.ts';
import { startForward } from '../protocol/relay.ts';
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
}

interface Way {
  readonly edits: readonly Edit[];
  readonly timeoutMs: number;
  /** It was made once more already. */
  readonly isRepeat?: boolean;
}

export class ServerSender {
  readonly #deps: ServerSenderDeps;
  readonly #router: Router;
  readonly #clock: Clock;

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
  start(instance: Instance, call: Outgoing & { readonly route: Route }, waiter: Waiter): void {
    this.#start(instance, call, { edits: nameEdit(call), timeoutMs: instance.server.timeoutMs }, waiter);
  }

  #send(
    instance: Instance,
    outgoing: Outgoing,
    edits: readonly Edit[],
    timeoutMs = instance.server.timeoutMs,
  ): Promise<Message> {
    return new Promise((resolve, reject) => {
      this.#start(instance, outgoing, { edits, timeoutMs }, { resolve, reject });
    });
  }

  #start(instance: Instance, sent: Sent, way: Way, waiter: Waiter): void {
    const { request, peer: from, cancellation } = sent;
    const sentMs = this.#clock.monotonic();
    instance.touch(sentMs);
    startForward(
      { request, edits: way.edits, to: instance.peer, from },
      {
        timeoutMs: way.timeoutMs,
        totalTimeoutMs: way.timeoutMs === Number.POSITIVE_INFINITY ? way.timeoutMs : instance.server.totalTimeoutMs,
        isLimited: true,
        signal: cancellation,
      },
      {
        resolve: waiter.resolve,
        reject: (error, isUnsent = false) => {
          if (cancellation.aborted) waiter.reject(error);
          else if (instance.isLive) waiter.reject(answeredNot(instance, error));
          else
            this.#gone(instance, sent, way, {
              resolve: waiter.resolve,
              reject: waiter.reject,
              error,
              isUnsent,
              sentMs,
            });
        },
      },
    );
  }

  /** The server went while this was under way. */
  #gone(instance: Instance, sent: Sent, way: Way, lost: Lost): void {
    const { error, isUnsent, sentMs } = lost;
    const why = way.isRepeat === true ? undefined : repeatReason(sent, error, isUnsent);
    if (why === undefined) {
      const { host, name: server } = instance.server;
      const elapsedMs = this.#clock.monotonic() - sentMs;
      lost.reject(isUnsent ? error.at({ host, server }) : outcomeUnknown(instance, error, elapsedMs));
      return;
    }
    this.#deps.onRepeat(repeatOf(sent, instance.server, why, error));
    this.#deps.scope.run(this.#again(instance.server, sent, way, lost));
  }

  async #again(server: ServerPlan, sent: Sent, way: Way, waiter: Waiter): Promise<void> {
    const { clock, router } = this.#deps;
    try {
      await linkSettled(router.unit(server).link, clock, Math.min(RETURN_MS, way.timeoutMs), sent.cancellation.signal);
      const instance = await this.#router.instance(server, sent.owner, sent.cancellation);
      this.#start(instance, sent, { ...way, isRepeat: true }, waiter);
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

interface Lost extends Waiter {
  readonly error: AnywhereError;
  readonly isUnsent: boolean;
  readonly sentMs: number;
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

/** The core of a call: to an instance of the server that answers it, in the server's own words. */

import type { Clock } from '../base/clock.ts';
import { AnywhereError } from '../base/errors.ts';
import type { Route } from '../catalog/snapshot.ts';
import type { Outgoing } from '../downstream/client-side.ts';
import type { Destination } from '../downstream/destinations.ts';
import type { ToolCall } from '../policy/interceptor.ts';
import type { Message } from '../protocol/message.ts';
import type { Waiter } from '../protocol/peer.ts';
import { startForward } from '../protocol/relay.ts';
import type { Edit } from '../protocol/splice.ts';
import type { Router } from '../routing/router.ts';
import type { Instance } from '../upstream/instance.ts';
import { countedSubscription, isSubscription } from './subscribe.ts';
import { whileWaiting } from './waiting-progress.ts';

export class ServerSender {
  readonly #router: Router;
  readonly #clock: Clock;

  constructor(router: Router, clock: Clock) {
    this.#router = router;
    this.#clock = clock;
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

  #start(
    instance: Instance,
    outgoing: Outgoing,
    way: { readonly edits: readonly Edit[]; readonly timeoutMs: number },
    waiter: Waiter,
  ): void {
    const { request, peer: from, cancellation } = outgoing;
    const sentMs = this.#clock.monotonic();
    instance.touch(sentMs);
    startForward(
      { request, edits: way.edits, to: instance.peer, from },
      { timeoutMs: way.timeoutMs, signal: cancellation },
      {
        resolve: waiter.resolve,
        reject: (error) => {
          waiter.reject(cancellation.aborted ? error : sentError(instance, error, this.#clock.monotonic() - sentMs));
        },
      },
    );
  }
}

function sentError(instance: Instance, error: AnywhereError, elapsedMs: number): AnywhereError {
  const { host, name } = instance.server;
  return instance.isLive ? error.at({ host, server: name }) : outcomeUnknown(instance, error, elapsedMs);
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

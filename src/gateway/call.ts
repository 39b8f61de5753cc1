/** The core of a call: to an instance of the server that answers it, in the server's own words. */
import { AnywhereError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { Outgoing } from '../downstream/client-side.ts';
import type { Destination } from '../downstream/destinations.ts';
import type { ToolCall } from '../policy/interceptor.ts';
import type { Message } from '../protocol/message.ts';
import { forwardRequest } from '../protocol/relay.ts';
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

  async call(call: ToolCall): Promise<Message> {
    const found = this.#router.instance(call.route.server, call.owner, call.signal);
    const instance = found instanceof Promise ? await whileWaiting(found, call, this.#clock) : found;
    return this.#send(instance, call, nameEdit(call));
  }

  /** Any other request that a server answers. */
  async forward(outgoing: Outgoing, { server, edits, isPatient, uri }: Destination): Promise<Message> {
    const instance = await this.#router.instance(server, outgoing.owner, outgoing.signal);
    if (uri !== undefined && isSubscription(outgoing.request))
      return countedSubscription(instance, outgoing, uri, () => this.#send(instance, outgoing, edits));
    return this.#send(instance, outgoing, edits, isPatient === true ? Number.POSITIVE_INFINITY : server.timeoutMs);
  }

  async #send(instance: Instance, { request, peer, signal }: Outgoing, edits: readonly Edit[], timeoutMs = instance.server.timeoutMs): Promise<Message> {
    const sentMs = this.#clock.monotonic();
    instance.touch();
    try {
      return await forwardRequest(request, edits, instance.peer, peer, { timeoutMs, signal });
    } catch (error) {
      if (!(error instanceof AnywhereError) || instance.isLive || signal.aborted) throw error;
      throw outcomeUnknown(instance, error, this.#clock.monotonic() - sentMs);
    } finally {
      instance.touch();
    }
  }
}

function nameEdit({ request, route }: ToolCall): readonly Edit[] {
  const span = request.param('name');
  return span === undefined ? [] : [{ span, text: route.originalJson }];
}

/** The request was written and the server went away: nobody can say whether it was carried out. */
function outcomeUnknown(instance: Instance, cause: AnywhereError, elapsedMs: number): AnywhereError {
  const { host, name } = instance.server;
  const text = `outcome unknown: host ${host}, after ${(elapsedMs / 1000).toFixed(1)} s: ${cause.message}`;
  return new AnywhereError('OUTCOME_UNKNOWN', text, { host, server: name, evidence: cause.evidence, cause });
}

/** The core of a tool call: to an instance of the server that offers it, in the server's own words. */
import { AnywhereError } from '../base/errors.ts';
import type { Clock } from '../base/clock.ts';
import type { CallHandler, ToolCall } from '../policy/interceptor.ts';
import type { Message } from '../protocol/message.ts';
import { forwardRequest } from '../protocol/relay.ts';
import type { Edit } from '../protocol/splice.ts';
import type { Router } from '../routing/router.ts';
import type { Instance, InstanceOwner } from '../upstream/instance.ts';
import type { Peer } from '../protocol/peer.ts';
import { whileWaiting } from './waiting-progress.ts';

export function callServer(router: Router, clock: Clock): CallHandler {
  return async (call) => {
    const { route, request, owner, signal } = call;
    const found = router.instance(route.server, owner, signal);
    const instance = found instanceof Promise ? await whileWaiting(found, call, clock) : found;
    return sendTo(instance, request, nameEdit(call), call.peer, signal, clock);
  };
}

/** Any other request that a server answers. */
export async function forwardToServer(
  router: Router,
  clock: Clock,
  from: { readonly owner: InstanceOwner; readonly peer: Peer },
  request: Message,
  destination: { readonly server: Instance['server']; readonly edits: readonly Edit[] },
  signal: AbortSignal,
): Promise<Message> {
  const instance = await router.instance(destination.server, from.owner, signal);
  return sendTo(instance, request, destination.edits, from.peer, signal, clock);
}

function nameEdit({ request, route }: ToolCall): readonly Edit[] {
  const span = request.param('name');
  return span === undefined ? [] : [{ span, text: route.originalJson }];
}

async function sendTo(instance: Instance, request: Message, edits: readonly Edit[], from: Peer, signal: AbortSignal, clock: Clock): Promise<Message> {
  const sentMs = clock.monotonic();
  try {
    return await forwardRequest(request, edits, instance.peer, from, { timeoutMs: instance.server.timeoutMs, signal });
  } catch (error) {
    throw error instanceof AnywhereError && !instance.isLive && !signal.aborted ? outcomeUnknown(instance, error, clock.monotonic() - sentMs) : error;
  }
}

/** The request was written and the server went away: nobody can say whether it was carried out. */
function outcomeUnknown(instance: Instance, cause: AnywhereError, elapsedMs: number): AnywhereError {
  const { host, name } = instance.server;
  const text = `outcome unknown: host ${host}, after ${(elapsedMs / 1000).toFixed(1)} s: ${cause.message}`;
  return new AnywhereError('OUTCOME_UNKNOWN', text, { host, server: name, evidence: cause.evidence, cause });
}

/** `call`: one tools/call through the same session and the same rules as an AI client's. */
import { AnywhereError } from '../base/errors.ts';
import type { Route } from '../catalog/snapshot.ts';
import type { LocalClient } from '../downstream/local-client.ts';
import { bringUp } from '../gateway/bring-up.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Message } from '../protocol/message.ts';
import type { CallOutcome, ControlMethods, ControlNotifications } from './control-schema.ts';

/** How long a tool that was never listed may take to appear. */
const WAIT_MS = 30_000;

export async function callTool(
  gateway: Gateway,
  client: LocalClient,
  { tool, arguments: args }: ControlMethods['call']['params'],
  signal: AbortSignal,
  onProgress: (progress: ControlNotifications['call/progress']) => void,
): Promise<CallOutcome> {
  const { clock } = gateway.linkDeps;
  const startedMs = clock.monotonic();
  const route = gateway.router.named('tools', tool) ?? (await waitForTool(gateway, client, tool));
  const reply = await client.callTool(tool, JSON.stringify(args), {
    timeoutMs: Number.POSITIVE_INFINITY,
    signal,
    onProgress: (message) => {
      onProgress(message.paramsValue() as ControlNotifications['call/progress']);
    },
  });
  if (reply.kind === 'error') throw rpcError(reply, route.server.host, route.server.name, tool);
  const { host, name } = route.server;
  return {
    host,
    server: name,
    tool: route.original,
    durationMs: clock.monotonic() - startedMs,
    result: reply.resultValue(),
  };
}

/** A tool nobody has listed yet: its server may be on its way up. */
async function waitForTool(gateway: Gateway, client: LocalClient, tool: string): Promise<Route> {
  const named = gateway.router.unlisted(tool);
  const units = named.length === 0 ? gateway.units : named;
  const silent = units.filter(({ plan }) => !gateway.catalog.isFresh(plan));
  bringUp(gateway.keeper, silent, client.session, `a call of ${tool}`);
  await gateway.toolAppears(tool, WAIT_MS);
  const route = gateway.router.named('tools', tool);
  if (route !== undefined) return route;
  throw gateway.router.whyUnknown(tool) ?? new AnywhereError('TOOL_UNKNOWN', `no tool is called ${tool}`, { tool });
}

function rpcError(reply: Message, host: string, server: string, tool: string): AnywhereError {
  const { code, message } = reply.errorValue();
  return new AnywhereError('TOOL_FAILED', `${tool} answered with JSON-RPC error ${code}: ${message}`, {
    host,
    server,
    tool,
  });
}

/** `call`: one tools/call through the same session and the same rules as an AI client's. */

import type { CallOutcome, ControlMethods, ControlNotifications } from '../api/control.ts';
import { AnywhereError } from '../base/errors.ts';
import { PIN_META } from '../calls/pool-calls.ts';
import type { Route } from '../catalog/snapshot.ts';
import type { LocalCallOptions, LocalClient } from '../downstream/local-client.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Message } from '../protocol/message.ts';
import { bringUp } from './bring-up.ts';

/** How long a tool that was never listed may take to appear. */
const WAIT_MS = 30_000;

export async function callTool(
  gateway: Gateway,
  client: LocalClient,
  { tool, arguments: args, host }: ControlMethods['call']['params'],
  signal: AbortSignal,
  onProgress: (progress: ControlNotifications['call/progress']) => void,
): Promise<CallOutcome> {
  const { clock } = gateway;
  const startedMs = clock.monotonic();
  const route = gateway.router.named('tools', tool) ?? (await waitForTool(gateway, client, tool));
  if (host !== undefined) requireMember(route, host);
  let answering = route;
  const options: LocalCallOptions = {
    meta: host === undefined ? {} : { [PIN_META]: host },
    onMember: (member) => {
      answering = member;
    },
    timeoutMs: Number.POSITIVE_INFINITY,
    signal,
    onProgress: (message) => {
      onProgress(message.paramsValue() as ControlNotifications['call/progress']);
    },
  };
  const reply = await client.callTool(tool, JSON.stringify(args), options);
  const { server, original } = answering;
  if (reply.kind === 'error') throw rpcError(reply, server.host, server.name, tool);
  return {
    host: server.host,
    server: server.name,
    tool: original,
    durationMs: clock.monotonic() - startedMs,
    result: reply.resultValue(),
  };
}

/** @throws AnywhereError USAGE where the tool never runs on that host */
function requireMember({ server, pool, publicKey }: Route, host: string): void {
  const hosts = [...new Set((pool?.members ?? [{ server }]).map((member) => member.server.host))];
  if (hosts.includes(host)) return;
  throw new AnywhereError('USAGE', `${publicKey} does not run on ${host}, only on ${hosts.join(', ')}`, {
    host,
    tool: publicKey,
    hint: `mcp-anywhere call ${publicKey} --host ${hosts[0] ?? ''}`,
  });
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

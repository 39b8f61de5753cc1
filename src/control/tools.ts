/** Tools for people: the list of them with the reasons for missing tools, and one call. */
import type { CallOutcome, ControlMethods, ToolEntry } from '../api/control.ts';
import type { Progress } from '../api/events.ts';
import { AnywhereError, asAnywhereError, type ErrorPlace, type ErrorReport, reportOf } from '../base/errors.ts';
import { PIN_META } from '../calls/pool-calls.ts';
import { type PooledTool, type Route, serverId } from '../catalog/route.ts';
import type { LocalCallOptions, LocalClient } from '../downstream/local-client.ts';
import { progressReport } from '../gateway/call-events.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { LinkState } from '../link/contract.ts';
import type { Message } from '../protocol/message.ts';
import { isDeeper } from '../protocol/strict-json.ts';
import type { ServerUnit } from '../upstream/unit.ts';
import { bringUp } from './units.ts';

/**
 * @param blamed the servers with reported missing tools
 * @param waited servers were started and waited for: a server without a listing is missing
 */
export function listTools(
  gateway: Gateway,
  units: readonly ServerUnit[],
  { blamed = units, waited }: { readonly blamed?: readonly ServerUnit[] | undefined; readonly waited: boolean },
): ControlMethods['tools']['result'] {
  const asked = new Set(units.map(({ plan }) => serverId(plan)));
  const routes = [...gateway.catalog.snapshot().routes.tools.values()].filter(({ server, pool }) =>
    pool === undefined
      ? asked.has(serverId(server))
      : pool.members.some((member) => asked.has(serverId(member.server))),
  );
  const missing = blamed.flatMap((unit) => whyMissing(gateway, unit) ?? (waited ? (silence(gateway, unit) ?? []) : []));
  const notStarted = units.flatMap(({ plan: { host, name, enabled, found } }) =>
    enabled || found?.notStarted === undefined
      ? []
      : [{ host, server: name, from: found.from[0], why: found.notStarted }],
  );
  return { tools: routes.map(toolEntry), missing, ...(notStarted.length === 0 ? {} : { notStarted }) };
}

function toolEntry(route: Route): ToolEntry {
  const definition = JSON.parse(route.definition.toString()) as Record<string, unknown>;
  const { title, description } = definition;
  return {
    name: route.publicKey,
    host: route.server.host,
    server: route.server.name,
    original: route.original,
    ...(route.server.found === undefined ? {} : { from: route.server.found.from[0] }),
    ...(route.pool === undefined ? {} : { pool: poolEntry(route.pool) }),
    ...(typeof title === 'string' ? { title } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    definition,
  };
}

function poolEntry({ plan, members }: PooledTool): NonNullable<ToolEntry['pool']> {
  return { name: plan.name, members: members.map(({ server }) => serverId(server)) };
}

function whyMissing(gateway: Gateway, unit: ServerUnit): ErrorReport | undefined {
  if (!unit.plan.enabled || gateway.catalog.isFresh(unit.plan)) return undefined;
  const cause = linkCause(unit.link.state) ?? unit.state.cause ?? gateway.keeper.failure(unit);
  return cause === undefined ? undefined : reportOf(cause.at({ host: unit.plan.host, server: unit.plan.name }));
}

/** The error for a server that may still list, and has not listed in the time that a person waits. */
function silence(gateway: Gateway, { plan, link }: ServerUnit): ErrorReport | undefined {
  if (!plan.enabled || gateway.catalog.isFresh(plan)) return undefined;
  const place = { host: plan.host, server: plan.name };
  return reportOf(
    link.state.kind === 'ready'
      ? new AnywhereError('SERVER_START_TIMEOUT', `${serverId(plan)} has not listed its tools yet`, place)
      : new AnywhereError('HOST_TIMEOUT', `host ${plan.host} has not answered yet`, place),
  );
}

function linkCause(state: LinkState): ServerUnit['state']['cause'] {
  return state.kind === 'waiting' || state.kind === 'refused' ? state.cause : undefined;
}

/** How long a tool that was never listed may take to appear. */
const WAIT_MS = 30_000;

export async function callTool(
  gateway: Gateway,
  client: LocalClient,
  { tool, arguments: args, host, raw = false }: ControlMethods['call']['params'],
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
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
      const progress = progressReport(message);
      if (progress !== undefined) onProgress(progress);
    },
  };
  const reply = await client.callTool(tool, JSON.stringify(args), options).catch((error: unknown) => {
    const { server, original } = answering;
    throw asAnywhereError(error).at({ host: server.host, server: server.name, tool: original });
  });
  const { server, original } = answering;
  if (reply.kind === 'error') throw rpcError(reply, server.host, server.name, tool);
  requireFlat(reply, { host: server.host, server: server.name, tool });
  return {
    host: server.host,
    server: server.name,
    tool: original,
    durationMs: clock.monotonic() - startedMs,
    result: reply.resultValue(),
    ...(raw ? { raw: reply.resultText() } : {}),
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

/** For a tool that was never listed: its server may be starting. */
async function waitForTool(gateway: Gateway, client: LocalClient, tool: string): Promise<Route> {
  const looked = gateway.plan.hosts.filter(
    ({ discover }) => discover !== undefined && tool.startsWith(`${discover.as}__`),
  );
  await gateway.discovered(
    WAIT_MS,
    looked.map(({ name }) => name),
  );
  const named = gateway.router.unlisted(tool);
  const units = named.length === 0 ? gateway.units : named;
  const silent = units.filter(({ plan }) => !gateway.catalog.isFresh(plan));
  bringUp(gateway, silent, client.session, `a call of ${tool}`);
  await gateway.toolAppears(tool, WAIT_MS);
  const route = gateway.router.named('tools', tool);
  if (route !== undefined) return route;
  throw (
    gateway.router.whyUnknown(tool) ?? new AnywhereError('TOOL_UNKNOWN', `there is no tool called ${tool}`, { tool })
  );
}

/** The control API and the command write the result with `JSON.stringify`, which is recursive. */
const MAX_DEPTH = 1_000;

function requireFlat({ bytes, result }: Message, place: ErrorPlace): void {
  if (result === undefined || !isDeeper(bytes, result, MAX_DEPTH)) return;
  const text = `${place.tool ?? ''} answered with a value that is nested more than ${MAX_DEPTH} levels deep`;
  throw new AnywhereError('SERVER_PROTOCOL', text, place);
}

function rpcError(reply: Message, host: string, server: string, tool: string): AnywhereError {
  const { code, message } = reply.errorValue();
  return new AnywhereError('TOOL_FAILED', `${tool} answered with JSON-RPC error ${code}: ${message}`, {
    host,
    server,
    tool,
  });
}

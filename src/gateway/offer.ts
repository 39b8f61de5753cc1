/** The capabilities and instructions of the known servers, for our answer to `initialize`. */
import { shortened } from '../base/harmless.ts';
import { isRecord } from '../base/record.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { ServerCapabilities } from '../catalog/listing.ts';
import { serverId } from '../catalog/snapshot.ts';
import type { ServerPlan } from '../config/plan.ts';
import type { Offer } from '../downstream/hello.ts';

export function offerOf(catalog: Catalog, servers: readonly ServerPlan[], profile?: string): Offer {
  const enabled = servers.filter((server) => server.enabled);
  const known = enabled.map((server) => catalog.listing(server, profile)?.capabilities ?? {});
  return { instructions: joinInstructions(catalog, enabled, profile), capabilities: mergedCapabilities(known) };
}

/**
 * Hosts connect later than the answer to `initialize`, and a client uses only advertised capabilities. So these are always
 * advertised, even with empty lists, which MCP allows.
 */
const ALWAYS = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  logging: {},
  completions: {},
} as const;

/** Other capabilities of the servers (tasks, experimental, unknown ones) pass. Objects of two servers are merged. */
function mergedCapabilities(servers: readonly ServerCapabilities[]): ServerCapabilities {
  const others: Record<string, unknown> = {};
  for (const capabilities of servers) {
    for (const [name, value] of Object.entries(capabilities))
      if (!Object.hasOwn(ALWAYS, name)) others[name] = joined(others[name], value);
  }
  return { ...ALWAYS, ...others };
}

function joined(known: unknown, added: unknown): unknown {
  if (!isRecord(known) || !isRecord(added)) return known ?? added;
  const result: Record<string, unknown> = { ...known };
  for (const [name, value] of Object.entries(added)) result[name] = joined(result[name], value);
  return result;
}

const MAX_PER_SERVER = 2_000;
const MAX_TOTAL = 16_000;

/**
 * The instructions of the last listings; undefined where no server has any.
 * @param profile of the client
 */
export function joinInstructions(
  catalog: Catalog,
  servers: readonly ServerPlan[],
  profile?: string,
): string | undefined {
  const told = new Set<string>();
  const parts = servers.flatMap((server) => {
    const text = server.enabled ? catalog.listing(server, profile)?.instructions : undefined;
    const heading = headingOf(server, catalog);
    // Members of a pool are equal: the instructions of the first one are enough.
    if (text === undefined || told.has(heading)) return [];
    told.add(heading);
    return [`${heading}\n${quoted(shortened(text, MAX_PER_SERVER))}`];
  });
  return parts.length === 0 ? undefined : shortened(parts.join('\n\n'), MAX_TOTAL);
}

function headingOf(server: ServerPlan, catalog: Catalog): string {
  const names = catalog.prefixesOf(server).map((prefix) => `${prefix}…`);
  return `## ${catalog.poolOf(server)?.name ?? serverId(server)} (tools ${names.join(', ')})`;
}

/** Quoted, so that a server cannot write the heading of another server. Every kind of line end counts. */
function quoted(text: string): string {
  return text
    .split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/u)
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}

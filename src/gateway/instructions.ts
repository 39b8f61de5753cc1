/** What servers tell models about themselves, joined under headings and kept short. */
import type { Catalog } from '../catalog/catalog.ts';
import { serverId } from '../catalog/snapshot.ts';
import type { ServerPlan } from '../config/plan.ts';

const MAX_PER_SERVER = 2_000;
const MAX_TOTAL = 16_000;

/**
 * From what was listed last; undefined where no server says anything.
 * @param profile of the client that is told them
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
    // Members of a pool are equal: the first one speaks for all.
    if (text === undefined || told.has(heading)) return [];
    told.add(heading);
    return [`${heading}\n${quoted(cut(text, MAX_PER_SERVER))}`];
  });
  return parts.length === 0 ? undefined : cut(parts.join('\n\n'), MAX_TOTAL);
}

function headingOf(server: ServerPlan, catalog: Catalog): string {
  const names = catalog.prefixesOf(server).map((prefix) => `${prefix}…`);
  return `## ${catalog.poolOf(server)?.name ?? serverId(server)} (tools ${names.join(', ')})`;
}

/** A server must not be able to write another one's heading. Whatever somebody may take for the end of a line is one. */
function quoted(text: string): string {
  return text
    .split(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/u)
    .map((line) => `> ${line}`.trimEnd())
    .join('\n');
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

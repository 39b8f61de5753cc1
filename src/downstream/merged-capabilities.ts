/** Server capabilities for `initialize`: ours, always, and what else the servers behind us are known to have. */
import { isRecord } from '../base/record.ts';
import type { ServerCapabilities } from '../catalog/listing.ts';

/**
 * Hosts come later than the answer to `initialize`, and a client asks only for what was advertised: so
 * these stand there even when every list is still empty, which is legal.
 */
const ALWAYS = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  logging: {},
  completions: {},
} as const;

/** Capabilities that are not ours (tasks, experimental, ones we do not know) pass; of two servers' objects the members are joined. */
export function mergedCapabilities(servers: readonly ServerCapabilities[]): ServerCapabilities {
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

/** Plans and listings for catalog tests. */
import { type Listing, readItems } from '../../../src/catalog/listing.ts';
import { DEFAULTS } from '../../../src/config/defaults.ts';
import type { HostPlan, Plan, ServerPlan, ToolsPlan } from '../../../src/config/plan.ts';
import { COLLECTIONS, type CollectionName, forEachCollection } from '../../../src/protocol/methods.ts';

export function serverPlan(host: string, name: string, more: Partial<ServerPlan> = {}): ServerPlan {
  return {
    host,
    name,
    namedAs: [host, name],
    command: 'true',
    args: [],
    env: new Map(),
    inheritEnv: [],
    cwd: undefined,
    sharing: 'session',
    tools: toolsPlan(),
    timeoutMs: 60_000,
    totalTimeoutMs: 3_600_000,
    pingMs: 0,
    startTimeoutMs: 60_000,
    idleMs: Number.POSITIVE_INFINITY,
    enabled: true,
    ...more,
  };
}

export function toolsPlan(more: Partial<ToolsPlan> = {}): ToolsPlan {
  return { allow: [], deny: [], rename: new Map(), ...more };
}

/** Hosts without ssh, in the order in which they are first named. */
export function planOf(servers: readonly ServerPlan[], more: Partial<Plan> = {}): Plan {
  const names = [...new Set(servers.map(({ host }) => host))];
  const hosts = names.map(
    (name): HostPlan => ({ name, tags: [], ssh: undefined, servers: servers.filter(({ host }) => host === name) }),
  );
  return {
    file: '/hosts.yaml',
    hosts,
    pools: [],
    naming: DEFAULTS.naming,
    catalog: { ttlMs: 300_000 },
    reconnect: { initialMs: 100, maxMs: 1000, attempts: Number.POSITIVE_INFINITY },
    heartbeat: { intervalMs: 5000, leaseMs: 60_000 },
    limits: DEFAULTS.limits,
    ...more,
  };
}

export type Defined = Partial<Record<CollectionName, readonly (object | string)[]>>;

/** Definitions as a server writes them: objects, or texts that are kept as they are. */
export function bytesOf(defined: Defined): Record<CollectionName, Buffer[]> & { readonly withheld: [] } {
  const bytes = forEachCollection(({ name }) =>
    (defined[name] ?? []).map((item) => Buffer.from(typeof item === 'string' ? item : JSON.stringify(item))),
  );
  return { ...bytes, withheld: [] };
}

export function listingOf(defined: Defined, more: Partial<Listing> = {}): Listing {
  const definitions = bytesOf(defined);
  const read = forEachCollection((collection) => readItems(collection, definitions[collection.name]));
  return {
    fingerprint: 'f',
    profile: '',
    listedAtMs: 1,
    unlisted: [],
    instructions: undefined,
    capabilities: {},
    items: forEachCollection(({ name }) => read[name].items),
    problems: COLLECTIONS.flatMap(({ name }) => read[name].problems),
    ...more,
  };
}

export const tool = (name: string, more: object = {}): object => ({ name, inputSchema: { type: 'object' }, ...more });

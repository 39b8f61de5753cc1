/** The smallest change from one hosts file to another. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { HostPlan, Plan, ServerPlan } from './plan.ts';

export interface Replaced<Part> {
  readonly before: Part;
  readonly after: Part;
}

/** Hosts are named only where their connection is concerned; a server is in one list at most. */
export interface PlanDiff {
  /** The later plan; whatever is equal in both is the very same object as before. */
  readonly plan: Plan;
  readonly addedHosts: readonly HostPlan[];
  readonly removedHosts: readonly HostPlan[];
  /** The connection settings differ: the connection and everything in it must end. */
  readonly reconnectedHosts: readonly Replaced<HostPlan>[];
  /** Those of added hosts too. */
  readonly addedServers: readonly ServerPlan[];
  /** Those of removed hosts too. */
  readonly removedServers: readonly ServerPlan[];
  /** The launch settings differ, the server was disabled, or its host is reconnected. */
  readonly restartedServers: readonly Replaced<ServerPlan>[];
  /** Running processes stay: only settings of our side differ. */
  readonly adjustedServers: readonly Replaced<ServerPlan>[];
  /** Keys of the file beside `hosts` whose values differ. */
  readonly settings: readonly string[];
}

/** Keys of a server that its running process does not depend on. Any other key restarts the server. */
const ADJUSTABLE: ReadonlySet<string> = new Set<keyof ServerPlan>([
  'namedAs',
  'tools',
  'timeoutMs',
  'totalTimeoutMs',
  'startTimeoutMs',
  'idleMs',
  'found',
]);

/** Keys of a host that its connection does not depend on. Any other key reconnects the host. */
const BESIDE_CONNECTION: ReadonlySet<string> = new Set<keyof HostPlan>(['name', 'tags', 'servers', 'discover']);

export function planDiff(before: Plan, after: Plan): PlanDiff {
  const plan = shared(before, after);
  const hosts = pairUp(before.hosts, plan.hosts, ({ name }) => name);
  const reconnected = hosts.both.filter((pair) => differs(pair, BESIDE_CONNECTION));
  const moved = new Set(reconnected.map((pair) => pair.after.name));
  const servers = pairUp(serversOf(before), serversOf(plan), ({ host, name }) => `${host}/${name}`);
  const restarts = (pair: Replaced<ServerPlan>): boolean => moved.has(pair.after.host) || differs(pair, ADJUSTABLE);
  return {
    plan,
    addedHosts: hosts.added,
    removedHosts: hosts.removed,
    reconnectedHosts: reconnected,
    addedServers: servers.added,
    removedServers: servers.removed,
    restartedServers: servers.both.filter(restarts),
    adjustedServers: servers.both.filter((pair) => pair.before !== pair.after && !restarts(pair)),
    settings: keysThatDiffer(before, plan).filter((key) => key !== 'hosts'),
  };
}

/** True where both plans are equal, in the same order. */
export function isUnchanged(before: Plan, { plan }: PlanDiff): boolean {
  return plan === before;
}

/** `after`, made of the parts of `before` wherever they are equal. */
function shared(before: Plan, after: Plan): Plan {
  const known = new Map(before.hosts.map((host) => [host.name, host]));
  const hosts = after.hosts.map((host) => {
    const earlier = known.get(host.name);
    return earlier === undefined ? host : sharedHost(earlier, host);
  });
  const kept = Object.fromEntries(
    Object.entries(after).map(([key, value]) => [key, same(before[key as keyof Plan], value)]),
  );
  const plan = { ...after, ...kept, hosts: sameItems(before.hosts, hosts) };
  return isShallowEqual(before, plan) ? before : plan;
}

function sharedHost(before: HostPlan, after: HostPlan): HostPlan {
  const known = new Map(before.servers.map((server) => [server.name, server]));
  const servers = sameItems(
    before.servers,
    after.servers.map((server) => same(known.get(server.name), server)),
  );
  const host = { ...after, servers };
  // The servers have been compared already; another list means another content or order.
  return servers === before.servers ? same(before, host) : host;
}

function same<Value>(before: Value | undefined, after: Value): Value {
  return before !== undefined && isDeepStrictEqual(before, after) ? before : after;
}

function sameItems<Item>(before: readonly Item[], after: readonly Item[]): readonly Item[] {
  const isSame = before.length === after.length && before.every((item, index) => item === after[index]);
  return isSame ? before : after;
}

function isShallowEqual(a: object, b: object): boolean {
  return keysThatDiffer(a, b).length === 0;
}

function differs<Part extends object>({ before, after }: Replaced<Part>, except: ReadonlySet<string>): boolean {
  return before !== after && keysThatDiffer(before, after).some((key) => !except.has(key));
}

function keysThatDiffer(a: object, b: object): string[] {
  const [left, right] = [new Map<string, unknown>(Object.entries(a)), new Map<string, unknown>(Object.entries(b))];
  const keys = [...new Set([...left.keys(), ...right.keys()])];
  return keys.filter((key) => left.get(key) !== right.get(key) && !isDeepStrictEqual(left.get(key), right.get(key)));
}

function serversOf(plan: Plan): readonly ServerPlan[] {
  return plan.hosts.flatMap((host) => host.servers);
}

function pairUp<Part>(
  before: readonly Part[],
  after: readonly Part[],
  keyOf: (part: Part) => string,
): { readonly added: readonly Part[]; readonly removed: readonly Part[]; readonly both: readonly Replaced<Part>[] } {
  const earlier = new Map(before.map((part) => [keyOf(part), part]));
  const later = new Set(after.map(keyOf));
  return {
    added: after.filter((part) => !earlier.has(keyOf(part))),
    removed: before.filter((part) => !later.has(keyOf(part))),
    both: after.flatMap((part) => {
      const counterpart = earlier.get(keyOf(part));
      return counterpart === undefined ? [] : [{ before: counterpart, after: part }];
    }),
  };
}

/** The members of pools, and the rules for `pools`: a name that no host has, members that exist, no server in two pools. */
import { matchesGlob } from '../base/glob.ts';
import { checkMember, legalName, nameRule } from './checks.ts';
import { nearMiss } from './near-miss.ts';
import { type Complaint, complaint, type KeyPath, type Mapping, mapping } from './problem.ts';

export function poolRules(file: Mapping): Complaint[] {
  const pools = Object.entries(mapping(file['pools']));
  const candidates = candidatesOf(file);
  const discovering = hostsOf(file).flatMap(({ host, tags, entry }) =>
    entry['discover'] === undefined || entry['discover'] === false ? [] : [{ host, server: '', tags }],
  );
  return [
    ...pools.flatMap(([name, pool]) => [
      ...nameRules(name, mapping(file['hosts'])),
      ...memberRules(patternsOf(pool), candidates, discovering, ['pools', name, 'members']),
    ]),
    ...sharedMembers(pools, candidates),
  ];
}

/** `pool__tool` must never equal a `host__server__tool`. */
function nameRules(name: string, hosts: Mapping): Complaint[] {
  const path = ['pools', name];
  const legal = legalName(name);
  const advice = legal === undefined ? undefined : `for instance \`${legal}\``;
  if (!Object.hasOwn(hosts, name)) return nameRule(name, path, advice);
  const expected = 'a name that no host has: public tool names begin with it';
  return [complaint(path, 'key', expected, `the name of the host \`${name}\``, `for instance \`${name}-pool\``)];
}

function memberRules(
  patterns: readonly (readonly [number, string])[],
  candidates: readonly Candidate[],
  discovering: readonly Candidate[],
  path: KeyPath,
): Complaint[] {
  const isNobody = (pattern: string): boolean =>
    !candidates.some((candidate) => isMember(pattern, candidate)) &&
    // The servers of such a host are not known yet.
    !discovering.some((host) => isMember(`${pattern.slice(0, pattern.indexOf('/'))}/*`, host));
  const slips = patterns.filter(([, pattern]) => isLiteral(pattern) && isNobody(pattern));
  if (slips.length > 0)
    return slips.map(([index, pattern]) => {
      const meant = nearMiss(pattern, candidates.map(idOf));
      const advice = meant === undefined ? undefined : `did you mean \`${meant}\`?`;
      return complaint([...path, index], 'value', 'a server of this file', `\`${pattern}\``, advice);
    });
  if (patterns.length === 0 || patterns.some(([, pattern]) => !isNobody(pattern))) return [];
  return [complaint(path, 'value', 'patterns that match a server of this file', 'patterns that match none')];
}

function sharedMembers(pools: readonly (readonly [string, unknown])[], candidates: readonly Candidate[]): Complaint[] {
  const holders = new Map<string, string>();
  return pools.flatMap(([name, pool]) => {
    const members = poolMembers(
      patternsOf(pool).map(([, pattern]) => pattern),
      candidates,
    );
    const taken = members.filter((member) => holders.has(member));
    for (const member of members) holders.set(member, holders.get(member) ?? name);
    return taken
      .slice(0, 1)
      .map((member) =>
        complaint(
          ['pools', name, 'members'],
          'value',
          'servers that are in no other pool',
          `\`${member}\`, which is also in \`${holders.get(member) ?? ''}\``,
        ),
      );
  });
}

/** With their indexes; without those that the schema refuses. */
function patternsOf(pool: unknown): (readonly [number, string])[] {
  const { members } = mapping(pool) as { members?: unknown };
  if (!Array.isArray(members)) return [];
  return members.flatMap((pattern: unknown, index) =>
    typeof pattern === 'string' && checkMember(pattern) === undefined ? [[index, pattern] as const] : [],
  );
}

function candidatesOf(file: Mapping): Candidate[] {
  const defaults = mapping(file['defaults']);
  return hostsOf(file).flatMap(({ host, tags, entry: own }) => {
    const ssh = { ...mapping(defaults['ssh']), ...mapping(own['ssh']) };
    const inherited = own['local'] !== true && ssh['subsystem'] !== undefined ? {} : mapping(defaults['servers']);
    return Object.keys({ ...inherited, ...mapping(own['servers']) }).map((server) => ({ host, server, tags }));
  });
}

function hostsOf(
  file: Mapping,
): { readonly host: string; readonly tags: readonly string[]; readonly entry: Mapping }[] {
  const defaults = mapping(file['defaults']);
  return Object.entries(mapping(file['hosts'])).map(([host, value]) => {
    const entry = mapping(value);
    return { host, tags: textsOf(entry['tags'] ?? defaults['tags']), entry };
  });
}

function idOf({ host, server }: Candidate): string {
  return `${host}/${server}`;
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** The parts of a server that patterns match. */
export interface Candidate {
  readonly host: string;
  readonly server: string;
  /** Of its host. */
  readonly tags: readonly string[];
}

const TAG = 'tag:';

/** `host/server` of each candidate that a pattern matches, in the order of the patterns and then of the candidates. */
export function poolMembers(patterns: readonly string[], candidates: readonly Candidate[]): readonly string[] {
  const named = patterns.flatMap((pattern) => candidates.filter((candidate) => isMember(pattern, candidate)));
  return [...new Set(named.map(({ host, server }) => `${host}/${server}`))];
}

export function isMember(pattern: string, { host, server, tags }: Candidate): boolean {
  const slash = pattern.indexOf('/');
  const [where, what] = [pattern.slice(0, slash), pattern.slice(slash + 1)];
  const isThere = where.startsWith(TAG)
    ? tags.some((tag) => matchesGlob(where.slice(TAG.length), tag))
    : matchesGlob(where, host);
  return isThere && matchesGlob(what, server);
}

/** A pattern for exactly one server: if it matches none, it is a typo. */
export function isLiteral(pattern: string): boolean {
  return !/[*?]/.test(pattern) && !pattern.startsWith(TAG);
}

/** What `add`, `rm` and `server …` ask of a hosts file, as changes of its keys. */
import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { AnywhereError } from '../base/errors.ts';
import { shellWord } from '../base/shell-word.ts';
import { isLegalName, legalName, MAX_NAME_LENGTH, NAME_RULE } from '../config/checks.ts';
import { nearMiss } from '../config/near-miss.ts';
import { type Mapping, mapping } from '../config/problem.ts';
import type { OpenHostsFile } from './hosts-file.ts';
import type { HostsChange } from './hosts-file-edit.ts';
import type { WantedServer } from './pasted-servers.ts';
import { serverName } from './server-words.ts';

export interface NewHost {
  readonly name: string;
  /** `[user@]address[:port]`. */
  readonly ssh: string | undefined;
  readonly tags: readonly string[];
}

export function addHost({ data }: OpenHostsFile, { name, ssh, tags }: NewHost): HostsChange[] {
  if (!isLegalName(name)) throw illegalHost(name, ssh);
  const entry = { ...(ssh === undefined ? {} : { ssh: sshEntry(name, ssh) }), ...(tags.length === 0 ? {} : { tags }) };
  const hosts = hostsOf(data);
  if (!Object.hasOwn(hosts, name)) return [put(['hosts', name], Object.keys(entry).length === 0 ? null : entry)];
  if (Object.entries(entry).every(([key, value]) => isDeepStrictEqual(mapping(hosts[name])[key], value))) return [];
  throw new AnywhereError('USAGE', `The hosts file has a host ${name} already.`, {
    host: name,
    hint: `change the host in the file (mcp-anywhere config path), or remove it first: mcp-anywhere rm ${name}`,
  });
}

/**
 * A machine as ssh is given it: an alias, or `[user@]address[:port]`. The name is legal, and no other host has it.
 * @param taken names of other new hosts
 */
export function hostFor({ data }: OpenHostsFile, word: string, taken: ReadonlySet<string>): NewHost {
  const isName = isLegalName(word);
  const base = isName ? word : legalName(addressName(word));
  if (base === undefined || word.startsWith('-')) throw illegalHost(word, undefined);
  const hosts = hostsOf(data);
  const isFree = (name: string): boolean => {
    if (taken.has(name)) return false;
    const ssh = mapping(hosts[name])['ssh'];
    return !Object.hasOwn(hosts, name) || (isName && name === word) || isDeepStrictEqual(ssh, sshEntry(name, word));
  };
  const name = freeName(base, isFree);
  return { name, ssh: name === word ? undefined : word, tags: [] };
}

/** The part of `[user@]address[:port]` that names the machine. */
function addressName(text: string): string {
  return text.replace(/^.*@/, '').replace(/:\d+$/, '');
}

function illegalHost(name: string, ssh: string | undefined): AnywhereError {
  const better = legalName(addressName(name));
  const address = ssh ?? name;
  return new AnywhereError('USAGE', `${JSON.stringify(name)} is not a valid name for a host. Expected: ${NAME_RULE}.`, {
    hint:
      better === undefined || address.startsWith('-')
        ? 'choose another name'
        : `mcp-anywhere add ${better} --ssh ${shellWord(address)}`,
  });
}

/** An address is `host`; a name is an alias for ssh, which reads what ~/.ssh/config says of the name. */
function sshEntry(name: string, text: string): Mapping {
  const whole = /^(?:ssh:\/\/)?(?:([^@]+)@)?(\[[^\]]+\]|[^:@/\s]+|[0-9A-Fa-f:.%]+(?:%\w+)?)(?::(\d{1,5}))?\/?$/.exec(
    text,
  );
  if (whole === null)
    throw new AnywhereError(
      'USAGE',
      `${JSON.stringify(text)} is not an address for ssh. Expected: [user@]address[:port].`,
      {
        host: name,
        hint: `mcp-anywhere add ${name} --ssh me@192.0.2.7:2222`,
      },
    );
  const [, user, address = '', port] = whole;
  const bare = address.replace(/^\[|\]$/g, '');
  return {
    ...(isIP(bare.replace(/%.*$/, '')) === 0 ? (bare === name ? {} : { alias: bare }) : { host: bare }),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
}

export function removeHost({ data }: OpenHostsFile, name: string): HostsChange[] {
  hostOf(data, name, (near = '<host>') => `mcp-anywhere rm ${near}`);
  return [{ kind: 'remove', path: ['hosts', name] }];
}

export interface AddedServers {
  readonly changes: readonly HostsChange[];
  /** Those that change the file, as host/server. */
  readonly added: readonly (readonly [host: string, server: string, entry: Mapping])[];
  readonly notes: readonly string[];
}

/** @param given the name for the server; only where there is one server */
export function addServers(
  { data }: OpenHostsFile,
  hosts: readonly string[],
  wanted: readonly WantedServer[],
  given: string | undefined,
): AddedServers {
  if (given !== undefined) checkGiven(given, wanted.length);
  const added: [string, string, Mapping][] = [];
  const notes: string[] = wanted.flatMap((each) => each.notes);
  for (const host of new Set(hosts)) {
    const taken: Record<string, unknown> = { ...mapping(hostOf(data, host)['servers']) };
    for (const server of wanted) {
      const name = given ?? serverName(server);
      if (isDeepStrictEqual(mapping(taken[name]), server.entry)) continue;
      if (given !== undefined && Object.hasOwn(taken, name))
        throw new AnywhereError('USAGE', `${host} has a server ${name} already.`, {
          host,
          server: name,
          hint: `choose another --name, or remove the server first: mcp-anywhere server rm ${host}/${name}`,
        });
      const free = freeName(name, (candidate) => !Object.hasOwn(taken, candidate));
      const asked = given ?? server.name ?? free;
      if (free !== asked) notes.push(`${JSON.stringify(asked)} becomes ${host}/${free}`);
      taken[free] = server.entry;
      added.push([host, free, server.entry]);
    }
  }
  return { changes: added.map(([host, name, entry]) => put(['hosts', host, 'servers', name], entry)), added, notes };
}

function checkGiven(name: string, count: number): void {
  if (!isLegalName(name))
    throw new AnywhereError(
      'USAGE',
      `${JSON.stringify(name)} is not a valid name for a server. Expected: ${NAME_RULE}.`,
      {
        hint: legalName(name) === undefined ? 'choose another name' : `--name ${legalName(name) ?? ''}`,
      },
    );
  if (count > 1) throw new AnywhereError('USAGE', `--name is for one server, and ${String(count)} were given.`);
}

function freeName(name: string, isFree: (name: string) => boolean): string {
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? '' : `-${String(number)}`;
    const candidate = name.slice(0, MAX_NAME_LENGTH - suffix.length) + suffix;
    if (isFree(candidate)) return candidate;
  }
}

export function removeServer(open: OpenHostsFile, host: string, server: string): HostsChange[] {
  if (Object.hasOwn(mapping(hostOf(open.data, host)['servers']), server))
    return [{ kind: 'remove', path: ['hosts', host, 'servers', server] }];
  if (isInherited(open, host, server))
    throw new AnywhereError(
      'USAGE',
      `${host}/${server} comes from \`defaults.servers\` or a merge, not from the host itself.`,
      {
        host,
        server,
        hint: `mcp-anywhere server disable ${host}/${server}`,
      },
    );
  throw unknownServer(open.data, host, server);
}

/** No change where the server is on or off already. */
export function switchServer(open: OpenHostsFile, host: string, server: string, enabled: boolean): HostsChange[] {
  const own = mapping(hostOf(open.data, host)['servers']);
  if (!Object.hasOwn(own, server) && !isInherited(open, host, server)) throw unknownServer(open.data, host, server);
  const inherited = mapping(mapping(mapping(mapping(open.data)['defaults'])['servers'])[server])['enabled'];
  if ((mapping(own[server])['enabled'] ?? inherited ?? true) === enabled) return [];
  return [put(['hosts', host, 'servers', server, 'enabled'], enabled)];
}

function isInherited({ plan }: OpenHostsFile, host: string, server: string): boolean {
  return plan?.hosts.find(({ name }) => name === host)?.servers.some(({ name }) => name === server) ?? false;
}

/** @param next the command for the host that was meant, where a name is close */
function hostOf(
  data: unknown,
  name: string,
  next: (near?: string) => string = () => `mcp-anywhere add ${name}`,
): Mapping {
  const hosts = hostsOf(data);
  if (Object.hasOwn(hosts, name)) return mapping(hosts[name]);
  const near = nearMiss(name, Object.keys(hosts));
  throw new AnywhereError(
    'USAGE',
    `The hosts file has no host ${name}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
    { host: name, evidence: [`hosts: ${Object.keys(hosts).join(', ')}`], hint: next(near) },
  );
}

function unknownServer(data: unknown, host: string, server: string): AnywhereError {
  const known = Object.keys(mapping(hostOf(data, host)['servers']));
  const near = nearMiss(server, known);
  return new AnywhereError(
    'USAGE',
    `${host} has no server ${server}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
    { host, server, evidence: known.length === 0 ? [] : [`servers: ${known.join(', ')}`], hint: 'mcp-anywhere tools' },
  );
}

function hostsOf(data: unknown): Mapping {
  return mapping(mapping(data)['hosts']);
}

function put(path: readonly string[], value: unknown): HostsChange {
  return { kind: 'put', path, value };
}

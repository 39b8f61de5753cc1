/** What `init` writes into a hosts file, as changes of its keys. */
import { isDeepStrictEqual } from 'node:util';
import { counted } from '../base/counted.ts';
import { oneLine } from '../base/harmless.ts';
import { type Mapping, mapping } from '../config/problem.ts';
import { addHost, hostFor, type NewHost } from './hosts-changes.ts';
import { NEW_FILE, type OpenHostsFile } from './hosts-file.ts';
import type { HostsChange } from './hosts-file-edit.ts';
import { type Machine, machineText, type Offer } from './machine.ts';
import type { Comment } from './yaml-splice.ts';

export function hostsFrom(open: OpenHostsFile, words: readonly string[]): readonly NewHost[] {
  const hosts = new Map<string, NewHost>();
  for (const word of new Set(words)) {
    const host = hostFor(open, word, new Set(hosts.keys()));
    hosts.set(host.name, host);
  }
  return [...hosts.values()];
}

/** The hosts that the file has already. */
export function hostsIn({ data }: OpenHostsFile): Mapping {
  return mapping(mapping(data)['hosts']);
}

/** The file says already whether the AI clients on the host count. */
export function discovers(open: OpenHostsFile, host: string): boolean {
  return mapping(hostsIn(open)[host])['discover'] !== undefined;
}

/** The host has such a server already. */
export function isPresent(open: OpenHostsFile, { host, name, server }: Offer): boolean {
  const servers = mapping(mapping(hostsIn(open)[host])['servers']);
  return Object.hasOwn(servers, name) || Object.values(servers).some((entry) => isDeepStrictEqual(entry, server.entry));
}

export interface InitHost {
  readonly host: NewHost;
  /** Undefined where the host was added although it could not be reached. */
  readonly machine?: Machine | undefined;
  /** The AI clients on that machine count too. */
  readonly isDiscovering: boolean;
  readonly servers: readonly { readonly offer: Offer; readonly tools?: number | undefined }[];
}

/** Of a file that `init` makes. */
export const NEW_HOSTS_FILE = `# The machines of MCP-Anywhere, and the MCP servers that it starts there.
# More come with: mcp-anywhere init, mcp-anywhere add, mcp-anywhere server add
${NEW_FILE}`;

export function initChanges(open: OpenHostsFile, hosts: readonly InitHost[]): readonly HostsChange[] {
  const present = hostsIn(open);
  const added = hosts.filter(({ host }) => !Object.hasOwn(present, host.name)).map((host) => newHost(open, host));
  const changed = hosts
    .filter(({ host }) => Object.hasOwn(present, host.name))
    .flatMap((host) => changesOf(open, host));
  if (added.length === 0 || open.existing !== undefined)
    return [...added.map(({ name, value, comments }) => put(['hosts', name], value, comments)), ...changed];
  const comments = added.flatMap(({ name, comments: own }) =>
    own.map(({ path, text }) => ({ path: [name, ...path], text })),
  );
  // In one step: the file is read once, not once a host.
  return [put(['hosts'], Object.fromEntries(added.map(({ name, value }) => [name, value])), comments)];
}

interface NewEntry {
  readonly name: string;
  readonly value: Mapping | null;
  readonly comments: readonly Comment[];
}

function newHost(open: OpenHostsFile, { host, machine, isDiscovering, servers }: InitHost): NewEntry {
  const [own] = addHost(open, host);
  const value = {
    ...(own?.kind === 'put' ? mapping(own.value) : {}),
    ...(isDiscovering ? { discover: true } : {}),
    ...(servers.length === 0 ? {} : { servers: Object.fromEntries(servers.map(entryOf)) }),
  };
  const about = machine === undefined ? 'could not be reached when it was added' : machineText(machine);
  return {
    name: host.name,
    value: Object.keys(value).length === 0 ? null : value,
    comments: [
      { path: [], text: oneLine(about) },
      ...servers.map((server) => ({ path: ['servers', server.offer.name], text: commentOf(server) })),
    ],
  };
}

/** Of a host that the file has already. */
function changesOf(open: OpenHostsFile, { host, isDiscovering, servers }: InitHost): HostsChange[] {
  const path = ['hosts', host.name];
  return [
    ...(isDiscovering && !discovers(open, host.name) ? [put([...path, 'discover'], true)] : []),
    ...servers.map((server) => {
      const [name, entry] = entryOf(server);
      return put([...path, 'servers', name], entry, [{ path: [], text: commentOf(server) }]);
    }),
  ];
}

type InitServer = InitHost['servers'][number];

function entryOf({ offer }: InitServer): readonly [string, Mapping] {
  return [offer.name, offer.server.entry];
}

function commentOf({ offer, tools }: InitServer): string {
  return oneLine(tools === undefined ? offer.says : `${offer.says}: ${counted(tools, 'tool')}`);
}

function put(path: readonly string[], value: unknown, comments: readonly Comment[] = []): HostsChange {
  return { kind: 'put', path, value, comments };
}

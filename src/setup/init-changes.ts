/** What `init` writes into a hosts file, as changes of its keys. */
import { isDeepStrictEqual } from 'node:util';
import { counted } from '../base/counted.ts';
import { oneLine } from '../base/harmless.ts';
import { checkHostsFile } from '../config/check.ts';
import { type Mapping, mapping } from '../config/problem.ts';
import { addHost, hostFor, type NewHost } from './hosts-changes.ts';
import type { OpenHostsFile } from './hosts-file.ts';
import type { HostsChange } from './hosts-file-edit.ts';
import { type Machine, machineText, type Offer } from './machine.ts';

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

/** Whether a hosts file may say `discover`. */
export function canDiscover(homeDir: string): boolean {
  const text = 'version: 1\nhosts: { a: { discover: true } }\n';
  return 'plan' in checkHostsFile(Buffer.from(text), { file: 'config.yaml', homeDir });
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

const ABOUT = [
  'The machines of MCP-Anywhere, and the MCP servers that it starts there.',
  'More come with: mcp-anywhere init, mcp-anywhere add, mcp-anywhere server add',
];

export function initChanges(open: OpenHostsFile, hosts: readonly InitHost[]): readonly HostsChange[] {
  const changes = hosts.flatMap((host) => hostChanges(open, host));
  if (open.existing !== undefined || changes.length === 0) return changes;
  return [...changes, ...ABOUT.map((text): HostsChange => ({ kind: 'comment', path: ['version'], text }))];
}

function hostChanges(open: OpenHostsFile, { host, machine, isDiscovering, servers }: InitHost): HostsChange[] {
  const path = ['hosts', host.name];
  const isNew = !Object.hasOwn(hostsIn(open), host.name);
  const comments = servers.map(({ offer, tools }) =>
    comment(
      [...path, 'servers', offer.name],
      tools === undefined ? offer.says : `${offer.says}: ${counted(tools, 'tool')}`,
    ),
  );
  const entries = Object.fromEntries(servers.map(({ offer }) => [offer.name, offer.server.entry]));
  const added = { ...(isDiscovering ? { discover: true } : {}), ...(servers.length === 0 ? {} : { servers: entries }) };
  if (isNew) {
    const [first] = addHost(open, host);
    const own = first?.kind === 'put' ? mapping(first.value) : {};
    const value = { ...own, ...added };
    const about = machine === undefined ? 'could not be reached when it was added' : machineText(machine);
    return [put(path, Object.keys(value).length === 0 ? null : value), comment(path, about), ...comments];
  }
  return [
    ...(isDiscovering && !discovers(open, host.name) ? [put([...path, 'discover'], true)] : []),
    ...Object.entries(entries).map(([name, entry]) => put([...path, 'servers', name], entry)),
    ...comments,
  ];
}

function put(path: readonly string[], value: unknown): HostsChange {
  return { kind: 'put', path, value };
}

function comment(path: readonly string[], text: string): HostsChange {
  return { kind: 'comment', path, text: oneLine(text) };
}

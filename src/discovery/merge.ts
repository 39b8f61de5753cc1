/**
 * The servers of several clients as one list: a server that several clients name stands there once, under a name that is
 * legal and does not depend on the client or the order.
 */
import { createHash } from 'node:crypto';
import { legalName } from '../config/checks.ts';
import { type FoundServer, whyNotStarted } from './found.ts';
import type { Text } from './references.ts';
import { shapeOf } from './shown.ts';

export interface MergedServer {
  /** Legal in a hosts file, and unlike the others. */
  readonly name: string;
  /** The entry that counts: one that can be started, where there is one; else the first in the order of the table. */
  readonly server: FoundServer;
  /** The ids of all clients that name the server, that of `server` first. */
  readonly clients: readonly string[];
}

/** More servers than any person has; the others are left out. */
const MAX_SERVERS = 500;

/** Without our own entries. @param found in the order of the table of clients */
export function mergedServers(found: readonly FoundServer[]): readonly MergedServer[] {
  const groups = grouped(found.filter(({ isOurselves }) => !isOurselves).slice(0, MAX_SERVERS));
  const names = groups.map(nameOf);
  const used = new Set<string>();
  return groups.map((group, index) => {
    const name = names[index] ?? 'server';
    const others = groups.filter((_other, at) => at !== index && names[at] === name);
    const wanted = others.length === 0 ? name : distinct(name, group, others);
    const [server] = group;
    const chosen = unlike(wanted, used);
    used.add(chosen);
    return { name: chosen, server, clients: [...new Set(group.map(({ client }) => client))] };
  });
}

/** The last resort, where servers differ only in what is never shown. */
function unlike(name: string, used: ReadonlySet<string>): string {
  for (let count = 2; ; count += 1) {
    const candidate = count === 2 && !used.has(name) ? name : `${name.slice(0, 58)}-${String(count)}`;
    if (!used.has(candidate)) return candidate;
  }
}

type Group = readonly [FoundServer, ...FoundServer[]];

/** Equal are entries that start the same, and entries of one name that start the same but for the environment. */
function grouped(found: readonly FoundServer[]): readonly Group[] {
  const groups = new Map<string, [FoundServer, ...FoundServer[]][]>();
  for (const server of found) {
    const identity = identityOf(server);
    const alike = groups.get(identity) ?? [];
    groups.set(identity, alike);
    const group = alike.find((one) => one.some((other) => isSameServer(server, other)));
    if (group === undefined) alike.push([server]);
    else group.push(server);
  }
  return [...groups.values()]
    .flat()
    .map((group) => group.toSorted((a, b) => rank(a) - rank(b)) as [FoundServer, ...FoundServer[]]);
}

function rank(server: FoundServer): number {
  return (server.isEnabled ? 0 : 2) + (whyNotStarted(server) === undefined ? 0 : 1);
}

/** @param other starts the same */
function isSameServer(one: FoundServer, other: FoundServer): boolean {
  if (one.client !== other.client && legal(one.name) === legal(other.name)) return true;
  return environmentOf(one) === environmentOf(other);
}

/** What an entry starts, without its environment. */
export function identityOf({ command, args, cwd, url, name, client }: FoundServer): string {
  if (command === undefined && url === undefined) return JSON.stringify([client, name]);
  return JSON.stringify([url, ...[command, cwd, ...args].map(spelled)]);
}

function environmentOf({ env, envFile }: FoundServer): string {
  const sorted = [...env].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([sorted.map(([name, value]) => [name, spelled(value)]), spelled(envFile)]);
}

function spelled(text: Text | undefined): unknown {
  return text === undefined ? undefined : [text.pieces, text.lacks];
}

/** Of the names that clients give a server, the shortest. */
function nameOf(group: Group): string {
  const names = group.map(({ name }) => legal(name)).toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1));
  return names[0] ?? 'server';
}

function legal(name: string): string {
  return legalName(name) ?? 'server';
}

/** Different servers of one name are told apart by what they start, without anything secret. */
function distinct(name: string, group: Group, others: readonly Group[]): string {
  const digits = digest(group);
  const isAlone = others.every((other) => digest(other) !== digits);
  const suffix = isAlone ? digits : `${digits}-${group[0].client}`;
  return legal(`${name.slice(0, 62 - suffix.length)}-${suffix}`);
}

function digest([server]: Group): string {
  const shape = [shapeOf(server), [...server.env.keys()].toSorted(), server.args.length, server.project];
  return createHash('sha256').update(JSON.stringify(shape)).digest('hex').slice(0, 4);
}

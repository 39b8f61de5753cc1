/**
 * The last listing of each server, on disk, so that no list waits for a server that was listed before.
 *
 * One file (0600) for each server and client profile, written atomically: a header line, then each definition on its own
 * line, byte for byte. Files never expire; `ttlMs` only says when to list again. A file that cannot be read or written is
 * ignored: the cache must not stop anything.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { NEWLINE } from '../base/ascii.ts';
import { writeAtomicSync } from '../base/atomic-write.ts';
import type { HostPlan, ServerPlan } from '../config/plan.ts';
import { COLLECTIONS, forEachCollection } from '../protocol/methods.ts';
import { strictProblem } from '../protocol/strict-json.ts';
import { type Listing, readItem } from './listing.ts';

/** Secrets, which must not be written to disk. */
export interface CacheSecrets {
  readonly isIn: (text: string) => boolean;
  readonly redact: (text: string) => string;
}

const NO_SECRETS: CacheSecrets = { isIn: () => false, redact: (text) => text };

const FORMAT = 3;

/** A file's name is a hash of the server, then a hash of the profile. */
const SERVER_DIGITS = 16;
const PROFILE_DIGITS = 8;

const count = z.int().min(0);

const collection = z.enum(['tools', 'prompts', 'resources', 'resourceTemplates']);

const HEADER = z.object({
  format: z.literal(FORMAT),
  fingerprint: z.string(),
  profile: z.string(),
  listedAtMs: z.number(),
  counts: z.object({ tools: count, prompts: count, resources: count, resourceTemplates: count }),
  problems: z.array(
    z.object({ collection: z.union([collection, z.literal('initialize')]), item: z.string(), reason: z.string() }),
  ),
  unlisted: z.array(collection),
  instructions: z.string().optional(),
  capabilities: z.record(z.string(), z.unknown()),
  /** Of all lines after the header: one definition garbled by the disk would break the whole merged list. */
  digest: z.string(),
});

type Header = z.infer<typeof HEADER>;

/** Whatever the hosts file allows fits; the values of a deeper header could not be written again. */
const HEADER_LIMITS = { definitionBytes: Number.POSITIVE_INFINITY, definitionDepth: 1_100 };

export class ListingCache {
  readonly #folder: string;
  readonly #onError: (error: unknown) => void;
  readonly #secrets: CacheSecrets;
  /** The files of the folder by server hash; read once. */
  #files: Map<string, Set<string>> | undefined;

  /** @param folder below the user's cache folder; created with the first file */
  constructor(folder: string, onError: (error: unknown) => void, secrets = NO_SECRETS) {
    this.#folder = folder;
    this.#secrets = secrets;
    this.#onError = onError;
  }

  /** The listings of the server with this fingerprint, one per profile, the latest last. Synchronous, because it runs at the start. */
  read(serverId: string, fingerprint: string): readonly Listing[] {
    this.#files ??= filesOf(this.#folder);
    const names = [...(this.#files.get(serverDigits(serverId)) ?? [])];
    return names
      .flatMap((name) => readListing(join(this.#folder, name), fingerprint) ?? [])
      .toSorted((a, b) => a.listedAtMs - b.listedAtMs);
  }

  remove(serverId: string, profile: string): void {
    removeQuietly(join(this.#folder, fileName(serverId, profile)));
  }

  write(serverId: string, given: Listing): void {
    const name = fileName(serverId, given.profile);
    try {
      const listing = this.#withoutSecrets(given);
      writeAtomicSync(join(this.#folder, name), encode(listing));
      if (this.#files !== undefined) addFile(this.#files, name);
    } catch (error) {
      this.#onError(error);
    }
  }

  /** A server may repeat its secrets. Such a definition is left out, and the server is listed again next time. */
  #withoutSecrets(listing: Listing): Listing {
    const { isIn, redact } = this.#secrets;
    const items = forEachCollection(({ name }) => listing.items[name].filter(({ bytes }) => !isIn(bytes.toString())));
    const isWhole = COLLECTIONS.every(({ name }) => items[name].length === listing.items[name].length);
    const { instructions, capabilities } = listing;
    return {
      ...listing,
      items,
      listedAtMs: isWhole ? listing.listedAtMs : 0,
      problems: listing.problems.map((problem) => ({
        ...problem,
        item: redact(problem.item),
        reason: redact(problem.reason),
      })),
      instructions: instructions !== undefined && isIn(instructions) ? undefined : instructions,
      capabilities: isIn(JSON.stringify(capabilities)) ? {} : capabilities,
    };
  }
}

/** Empty where the folder does not exist yet. */
function filesOf(folder: string): Map<string, Set<string>> {
  const files = new Map<string, Set<string>>();
  try {
    for (const name of readdirSync(folder)) if (name.length === SERVER_DIGITS + PROFILE_DIGITS) addFile(files, name);
  } catch {
    // No folder: no files.
  }
  return files;
}

function addFile(files: Map<string, Set<string>>, name: string): void {
  const server = name.slice(0, SERVER_DIGITS);
  files.set(server, (files.get(server) ?? new Set()).add(name));
}

function fileName(serverId: string, profile: string): string {
  return `${serverDigits(serverId)}${digits(profile, PROFILE_DIGITS)}`;
}

function serverDigits(serverId: string): string {
  return digits(serverId, SERVER_DIGITS);
}

function digits(text: string, count: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, count);
}

function readListing(path: string, fingerprint: string): Listing | undefined {
  try {
    return decode(readFileSync(path), fingerprint);
  } catch {
    return undefined;
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A file that stays does no harm.
  }
}

function encode(listing: Listing): Buffer {
  const newline = Buffer.from('\n');
  const body = Buffer.concat(
    COLLECTIONS.flatMap(({ name }) => listing.items[name].flatMap((item) => [item.bytes, newline])),
  );
  const header: Header = {
    format: FORMAT,
    fingerprint: listing.fingerprint,
    profile: listing.profile,
    listedAtMs: listing.listedAtMs,
    counts: forEachCollection(({ name }) => listing.items[name].length),
    problems: [...listing.problems],
    unlisted: [...listing.unlisted],
    instructions: listing.instructions,
    capabilities: listing.capabilities,
    digest: digestOf(body),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), body]);
}

function decode(bytes: Buffer, fingerprint: string): Listing | undefined {
  const end = bytes.indexOf(NEWLINE);
  const header = headerOf(bytes.subarray(0, Math.max(end, 0)));
  const body = bytes.subarray(end + 1);
  if (header?.fingerprint !== fingerprint || header.digest !== digestOf(body)) return undefined;
  const lines = linesOf(body);
  // Definitions were checked before they were written; a second check would slow down the start.
  const items = forEachCollection((collection) =>
    lines.splice(0, header.counts[collection.name]).flatMap((line) => readItem(collection, line) ?? []),
  );
  const { profile, listedAtMs, problems, unlisted, instructions, capabilities } = header;
  return { fingerprint, profile, listedAtMs, items, problems, unlisted, instructions, capabilities };
}

function digestOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let from = 0;
  for (let newline = bytes.indexOf(NEWLINE); newline !== -1; newline = bytes.indexOf(NEWLINE, from)) {
    lines.push(bytes.subarray(from, newline));
    from = newline + 1;
  }
  return lines;
}

function headerOf(line: Buffer): Header | undefined {
  const problem = strictProblem(line, { start: 0, end: line.length }, HEADER_LIMITS);
  if (problem !== undefined) return undefined;
  try {
    return HEADER.safeParse(JSON.parse(line.toString())).data;
  } catch {
    return undefined;
  }
}

/** Identifies the server's configuration: another command is another server. Templates are hashed unresolved, without secret values. */
export function fingerprintOf(host: HostPlan, server: ServerPlan): string {
  const identity = {
    host:
      host.ssh === undefined
        ? 'local'
        : [host.ssh.alias, host.ssh.host, host.ssh.user, host.ssh.port, host.ssh.subsystem],
    command: server.command,
    args: server.args,
    env: [...server.env],
    inheritEnv: server.inheritEnv,
    cwd: server.cwd,
  };
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 32);
}

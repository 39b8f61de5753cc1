/**
 * What servers offered last time, on disk: a list never waits for a server that was ever listed.
 *
 * One file a server, written whole and renamed into place (0600): a header line, then each definition
 * on its own line, byte for byte. It never expires; `ttlMs` only says when to look again. A file that
 * cannot be read or written is as good as none: the cache must not be able to stop anything.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COLLECTIONS, type CollectionName, forEachCollection } from '../protocol/collections.ts';
import { type Listing, readItem } from './listing.ts';

const FORMAT = 1;

interface Header {
  readonly format: number;
  readonly fingerprint: string;
  readonly profile: string;
  readonly listedAtMs: number;
  readonly counts: Readonly<Record<CollectionName, number>>;
  readonly problems: Listing['problems'];
  readonly instructions?: string;
}

export class ListingCache {
  readonly #folder: string;
  readonly #onError: (error: unknown) => void;

  /** @param folder below the user's cache folder; made when the first listing is kept */
  constructor(folder: string, onError: (error: unknown) => void) {
    this.#folder = folder;
    this.#onError = onError;
  }

  /** The last listing of the server with this fingerprint, or undefined. Synchronous: it is part of starting. */
  read(serverId: string, fingerprint: string): Listing | undefined {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#path(serverId));
    } catch {
      return undefined;
    }
    return decode(bytes, fingerprint);
  }

  write(serverId: string, listing: Listing): void {
    const path = this.#path(serverId);
    const draft = `${path}.${randomBytes(6).toString('hex')}`;
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileSync(draft, encode(listing), { mode: 0o600, flag: 'wx' });
      renameSync(draft, path);
    } catch (error) {
      rmSync(draft, { force: true });
      this.#onError(error);
    }
  }

  #path(serverId: string): string {
    return join(this.#folder, createHash('sha256').update(serverId).digest('hex').slice(0, 24));
  }
}

function encode(listing: Listing): Buffer {
  const header: Header = {
    format: FORMAT,
    fingerprint: listing.fingerprint,
    profile: listing.profile,
    listedAtMs: listing.listedAtMs,
    counts: forEachCollection(({ name }) => listing.items[name].length),
    problems: listing.problems,
    ...(listing.instructions === undefined ? {} : { instructions: listing.instructions }),
  };
  const newline = Buffer.from('\n');
  const lines = COLLECTIONS.flatMap(({ name }) => listing.items[name].flatMap((item) => [item.bytes, newline]));
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...lines]);
}

function decode(bytes: Buffer, fingerprint: string): Listing | undefined {
  const lines = linesOf(bytes);
  const header = headerOf(lines.shift());
  if (header?.format !== FORMAT || header.fingerprint !== fingerprint) return undefined;
  const total = COLLECTIONS.reduce((sum, { name }) => sum + header.counts[name], 0);
  if (total !== lines.length) return undefined;
  // Each was checked before it was kept; starting must not pay for that again.
  const items = forEachCollection((collection) =>
    lines.splice(0, header.counts[collection.name]).flatMap((line) => readItem(collection, line) ?? []),
  );
  return { fingerprint, profile: header.profile, listedAtMs: header.listedAtMs, items, problems: header.problems, instructions: header.instructions };
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let from = 0;
  for (let newline = bytes.indexOf(0x0a); newline !== -1; newline = bytes.indexOf(0x0a, from)) {
    lines.push(bytes.subarray(from, newline));
    from = newline + 1;
  }
  return lines;
}

function headerOf(line: Buffer | undefined): Header | undefined {
  try {
    return line === undefined ? undefined : (JSON.parse(line.toString()) as Header);
  } catch {
    return undefined;
  }
}

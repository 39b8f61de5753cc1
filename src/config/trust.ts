/**
 * Which hosts files of working folders the user allowed to start programs: by path and content.
 *
 * Each hosts file has its own record, so that two commands at once cannot overwrite each other. A record that cannot be
 * read, or that another user could have written, does not count.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomic } from '../base/atomic-write.ts';
import { AnywhereError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import { ensurePrivateDir, isOurs } from './private-dir.ts';

export type TrustState =
  | { readonly kind: 'trusted' }
  /** Never trusted. */
  | { readonly kind: 'unknown' }
  /** Trusted with another content, kept for the diff. */
  | { readonly kind: 'changed'; readonly before: string };

interface TrustRecord {
  readonly path: string;
  readonly sha256: string;
  readonly trustedAt: string;
  readonly text: string;
}

export interface TrustStore {
  check(realPath: string, bytes: Uint8Array): Promise<TrustState>;
  trust(realPath: string, bytes: Uint8Array): Promise<void>;
}

export interface TrustDeps {
  readonly stateDir: string;
  /** Wall clock, ms since the epoch. */
  readonly now: () => number;
}

/** The trust record of a hosts file; `realPath` has links followed. */
export function trustRecordFile(stateDir: string, realPath: string): string {
  return join(stateDir, 'trusted', `${sha256(Buffer.from(realPath)).slice(0, 32)}.json`);
}

export function createTrustStore(deps: TrustDeps): TrustStore {
  const folder = join(deps.stateDir, 'trusted');
  const recordFile = (realPath: string): string => trustRecordFile(deps.stateDir, realPath);
  return {
    async check(realPath, bytes) {
      const record = await readRecord(recordFile(realPath));
      if (record?.path !== realPath) return { kind: 'unknown' };
      return record.sha256 === sha256(bytes) ? { kind: 'trusted' } : { kind: 'changed', before: record.text };
    },
    async trust(realPath, bytes) {
      await ensurePrivateDir(deps.stateDir);
      await ensurePrivateDir(folder);
      const record: TrustRecord = {
        path: realPath,
        sha256: sha256(bytes),
        trustedAt: new Date(deps.now()).toISOString(),
        text: new TextDecoder().decode(bytes),
      };
      await writeAtomic(recordFile(realPath), `${JSON.stringify(record)}\n`, { isDurable: true });
    },
  };
}

/** CONFIG_UNTRUSTED for a file in that state. */
export function untrusted(file: string, state: TrustState): AnywhereError {
  const why =
    state.kind === 'changed' ? 'has changed since you trusted it' : 'starts programs, and you have not trusted it yet';
  return new AnywhereError('CONFIG_UNTRUSTED', `${file} was found in a working folder and ${why}.`, {
    hint: 'read the file, then run: mcp-anywhere config trust',
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function readRecord(file: string): Promise<TrustRecord | undefined> {
  try {
    const isPrivate = (await Promise.all([dirname(file), file].map(isOurs))).every(Boolean);
    if (!isPrivate) return undefined;
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isTrustRecord(value) ? value : undefined;
  } catch {
    // A missing or broken record trusts nothing.
    return undefined;
  }
}

function isTrustRecord(value: unknown): value is TrustRecord {
  return isRecord(value) && ['path', 'sha256', 'text'].every((key) => typeof value[key] === 'string');
}

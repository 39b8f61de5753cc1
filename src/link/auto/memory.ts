/** Remembers that a host is reached by the system's ssh alone, so that no failing login comes before every good one. */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../base/atomic-write.ts';
import { readSmallFile } from '../../base/small-file.ts';
import type { Route } from '../../ssh/route.ts';
import type { LinkDeps } from '../contract.ts';

interface Note {
  readonly reason: string;
  /** Digest of what `ssh -G` said then. */
  readonly settings: string;
}

export interface BackendMemory {
  /** Why only the system's ssh works, as long as the ssh configuration of the host stays what it was. */
  recall(host: string, route: Route): Promise<string | undefined>;
  /** Never rejects: what cannot be kept is found out again. */
  remember(host: string, route: Route, reason: string): Promise<void>;
  forget(host: string): Promise<void>;
}

export function backendMemory({ cacheDir, log }: Pick<LinkDeps, 'cacheDir' | 'log'>): BackendMemory {
  const folder = join(cacheDir, 'backend');
  const fileOf = (host: string): string => join(folder, `${digest(host).slice(0, 32)}.json`);
  return {
    recall: async (host, route) => {
      const note = await readNote(fileOf(host));
      return note?.settings === fingerprint(route) ? note.reason : undefined;
    },
    remember: async (host, route, reason) => {
      try {
        await writeAtomic(fileOf(host), JSON.stringify({ reason, settings: fingerprint(route) } satisfies Note));
      } catch (error) {
        log.warn({ host, error }, 'which backend works could not be remembered');
      }
    },
    forget: (host) => rm(fileOf(host), { force: true }),
  };
}

async function readNote(file: string): Promise<Note | undefined> {
  try {
    const note: unknown = JSON.parse(await readSmallFile(file));
    return isNote(note) ? note : undefined;
  } catch {
    return undefined;
  }
}

function isNote(value: unknown): value is Note {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'reason' in value && typeof value.reason === 'string' && 'settings' in value && typeof value.settings === 'string'
  );
}

function fingerprint(route: Route): string {
  return digest(JSON.stringify(route.map(({ raw }) => [...raw])));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Remembers that a host is reached by the system's ssh alone, so that no failing login comes before every good one. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { LinkDeps } from '../contract.ts';
import type { SshSettings } from '../ssh-config.ts';

const NOTE = z.object({ reason: z.string(), settings: z.string() });

export interface BackendMemory {
  /** Why only the system's ssh works, as long as the ssh configuration of the host stays what it was. */
  recall(host: string, settings: SshSettings): Promise<string | undefined>;
  /** Never rejects: what cannot be kept is found out again. */
  remember(host: string, settings: SshSettings, reason: string): Promise<void>;
  forget(host: string): Promise<void>;
}

export function backendMemory({ cacheDir, log }: Pick<LinkDeps, 'cacheDir' | 'log'>): BackendMemory {
  const folder = join(cacheDir, 'backend');
  const fileOf = (host: string): string => join(folder, `${digest(host).slice(0, 32)}.json`);
  return {
    recall: async (host, settings) => {
      const note = await readNote(fileOf(host));
      return note?.settings === fingerprint(settings) ? note.reason : undefined;
    },
    remember: async (host, settings, reason) => {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeWhole(fileOf(host), JSON.stringify({ reason, settings: fingerprint(settings) }));
      } catch (error) {
        log.warn({ host, error }, 'which backend works could not be remembered');
      }
    },
    forget: (host) => rm(fileOf(host), { force: true }),
  };
}

async function readNote(file: string): Promise<z.infer<typeof NOTE> | undefined> {
  try {
    return NOTE.safeParse(JSON.parse(await readFile(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, file);
}

function fingerprint(settings: SshSettings): string {
  return digest(JSON.stringify([...settings.raw]));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

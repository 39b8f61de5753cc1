/**
 * What `install` wrote where, so that `doctor` notices an entry that a client has dropped. A small private file without
 * secrets: names and paths only.
 */
import { join } from 'node:path';
import * as z from 'zod';
import { writeAtomic } from '../base/atomic-write.ts';
import { readSmallFile } from '../base/small-file.ts';
import { resolvePaths } from '../config/paths.ts';
import type { Machine } from '../discovery/clients.ts';

const installed = z.object({
  client: z.string(),
  file: z.string(),
  entry: z.string(),
  /** The hosts file that the entry names. */
  config: z.string().optional(),
});
const record = z.object({ version: z.literal(1), entries: z.array(installed) });

type Installed = z.infer<typeof installed>;

function fileOf({ env, platform, homeDir }: Machine): string {
  return join(resolvePaths(env, platform, homeDir).stateDir, 'installed.json');
}

/** Empty where nothing is known: a record that cannot be read is learned again by the next `install`. */
export async function installedEntries(machine: Machine): Promise<readonly Installed[]> {
  try {
    return record.parse(JSON.parse(await readSmallFile(fileOf(machine)))).entries;
  } catch {
    return [];
  }
}

/** @param entry undefined: the client has no entry any longer, and a person wants it so */
export async function recordEntry(
  client: string,
  entry: Omit<Installed, 'client'> | undefined,
  machine: Machine,
): Promise<void> {
  const known = await installedEntries(machine);
  const others = known.filter((one) => one.client !== client);
  if (entry === undefined && others.length === known.length) return;
  const entries = entry === undefined ? others : [...others, { client, ...entry }];
  const text = `${JSON.stringify({ version: 1, entries }, null, 2)}\n`;
  // The entry itself is written. A full disk costs only what doctor would say about the entry some day.
  await writeAtomic(fileOf(machine), text).catch(() => undefined);
}

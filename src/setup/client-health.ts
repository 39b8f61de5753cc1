/** The entries of AI clients that no longer start this program: found for `doctor`, and written again by `doctor --fix`. */
import { AnywhereError, asAnywhereError } from '../base/errors.ts';
import { isThere } from '../base/small-file.ts';
import { type AiClient, CLIENTS } from '../discovery/clients.ts';
import { readEntries } from '../discovery/document.ts';
import { configOf, isOurs } from './change.ts';
import { clientFiles, isInstalled, readClientFile } from './client-file.ts';
import { checkLasting, installedClients, makeChange, ourselves, planChange, type Surroundings } from './install.ts';
import { installedEntries } from './install-record.ts';

export interface Broken {
  readonly client: AiClient;
  readonly file: string;
  readonly entry: string;
  /** The hosts file that the entry names. */
  readonly config: string | undefined;
  /** The node or the script that is gone; undefined: the client has dropped the whole entry. */
  readonly missing: string | undefined;
}

/** Files that cannot be read are no finding: they are their client's business. */
export async function brokenEntries(surroundings: Surroundings): Promise<readonly Broken[]> {
  const clients = await installedClients(surroundings);
  const found = await Promise.all(
    clients.map(async (client) => {
      const files = await clientFiles(client, surroundings);
      return (await Promise.all(files.map((file) => brokenIn(client, file, surroundings)))).flat();
    }),
  );
  return [...found.flat(), ...(await droppedEntries(surroundings))];
}

async function brokenIn(client: AiClient, file: string, surroundings: Surroundings): Promise<readonly Broken[]> {
  const ours = (await ourEntries(client, file, surroundings)) ?? [];
  return ours.flatMap(({ name, entry: { command = '', args } }) => {
    const missing = [command, args[0] ?? ''].find((path) => /^(\/|[A-Za-z]:[\\/])/.test(path) && !isThere(path));
    return missing === undefined ? [] : [{ client, file, entry: name, config: configOf(args), missing }];
  });
}

/** Undefined where the file cannot be read. */
async function ourEntries(
  client: AiClient,
  file: string,
  { program }: Surroundings,
): Promise<ReturnType<typeof readEntries> | undefined> {
  try {
    const entries = readEntries(client, (await readClientFile(file)) ?? '');
    return entries.filter(({ entry }) => isOurs(entry, { script: program.file }));
  } catch (error) {
    if (error instanceof AnywhereError) return undefined;
    throw error;
  }
}

/** What `install` wrote, and what is in none of the client's files. A client that was removed itself is no finding. */
async function droppedEntries(surroundings: Surroundings): Promise<readonly Broken[]> {
  const found = await Promise.all(
    (await installedEntries(surroundings)).map(async ({ client: id, file, entry, config }) => {
      const client = CLIENTS.find((one) => one.id === id);
      if (client === undefined || !(await isInstalled(client, surroundings))) return [];
      const files = new Set([...(await clientFiles(client, surroundings)), file]);
      const ours = await Promise.all([...files].map((one) => ourEntries(client, one, surroundings)));
      const isHere = ours.some((entries) => entries === undefined || entries.length > 0);
      return isHere ? [] : [{ client, file, entry, config, missing: undefined }];
    }),
  );
  return found.flat();
}

/** Throws where only a person can decide: the program will not last, or another program has the name of the entry. */
export async function repairEntry(
  { client, entry, config }: Broken,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<void> {
  checkLasting(surroundings.program);
  const us = await ourselves({ ...surroundings, config });
  const change = await planChange('install', client, us, surroundings);
  if (change.action === 'replace' || (change.action === 'update' && change.name !== entry))
    throw asAnywhereError(
      new AnywhereError('CLIENT_CONFIG', `The entry \`${change.name}\` of ${change.file} belongs to another program.`, {
        hint: `mcp-anywhere install ${client.id}`,
      }),
    );
  await makeChange('install', change, us, surroundings, signal);
}

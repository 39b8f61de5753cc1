/** The files of the AI clients on this machine, as `discover` sees those of another one: found without a shell. */

import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errnoText, isMissing } from '../base/errno.ts';
import { expandHome } from '../config/paths.ts';
import { type AiClient, filesOf, type Machine, placedPath, READ_CLIENTS } from '../discovery/clients.ts';
import { MAX_BYTES } from '../discovery/document.ts';
import type { Look, LookedFile } from '../discovery/look.ts';
import { type Sighting, serversOf } from '../discovery/sighting.ts';
import { expanded } from './client-file.ts';

/** @param ids of clients; empty: all. @param projects folders, relative to `cwd` */
async function lookHere(
  machine: Machine & { readonly cwd: string },
  ids: readonly string[],
  projects: readonly string[],
): Promise<Look> {
  const clients = READ_CLIENTS.filter(({ id }) => ids.length === 0 || ids.includes(id));
  const folders = new Map(await Promise.all(projects.map(async (one) => [one, await folderOf(one, machine)] as const)));
  const wanted = clients.flatMap((client) => [...ofUser(client, machine), ...ofProjects(client, folders)]);
  const files = await Promise.all(wanted.map(readAll));
  return { homeDir: machine.homeDir, files: files.flat(), projects: folders };
}

type Wanted = Pick<LookedFile, 'client' | 'path' | 'project' | 'isSwitch'>;

function ofUser(client: AiClient, machine: Machine): readonly Wanted[] {
  const { alsoRead = [], switches = [] } = client;
  const at = (path: string): string => placedPath(path, machine);
  return [
    ...[...filesOf(client, machine), ...alsoRead.map(at)].map((path) => ({
      client,
      path,
      project: undefined,
      isSwitch: false,
    })),
    ...switches.map((path) => ({ client, path: at(path), project: undefined, isSwitch: true })),
  ];
}

function ofProjects(client: AiClient, folders: ReadonlyMap<string, string | undefined>): readonly Wanted[] {
  const { projectFiles = [], projectSwitches = [] } = client;
  return [...folders].flatMap(([project, folder]) => {
    if (folder === undefined) return [];
    const files = (paths: readonly string[], isSwitch: boolean): readonly Wanted[] =>
      paths.map((path) => ({ client, path: join(folder, path), project, isSwitch }));
    return [...files(projectFiles, false), ...files(projectSwitches, true)];
  });
}

async function folderOf(
  project: string,
  { cwd, homeDir }: Machine & { readonly cwd: string },
): Promise<string | undefined> {
  return await realpath(resolve(cwd, expandHome(project, homeDir))).catch(() => undefined);
}

/** A path with `*` stands for many files, and most paths for none. */
async function readAll(wanted: Wanted): Promise<readonly LookedFile[]> {
  const paths = await expanded(wanted.path);
  const files = await Promise.all(paths.map(async (path) => await read({ ...wanted, path })));
  return files.filter((file) => file !== undefined);
}

async function read(wanted: Wanted): Promise<LookedFile | undefined> {
  const bad = (problem: string): LookedFile => ({ ...wanted, bytes: undefined, problem });
  try {
    const handle = await open(wanted.path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      if (!found.isFile()) return bad('not a regular file');
      if (found.size > MAX_BYTES) return bad(`larger than ${Math.round(MAX_BYTES / 1024 / 1024)} MiB`);
      return { ...wanted, bytes: await handle.readFile(), problem: undefined };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return isMissing(error) ? undefined : bad(`not readable: ${errnoText(error)}`);
  }
}

/** The clients whose servers can be imported. */
export const IMPORT_NAMES: readonly string[] = READ_CLIENTS.map(({ id }) => id);

/** What the files of these clients say. */
export async function foundHere(
  machine: Machine & { readonly cwd: string },
  ids: readonly string[],
  projects: readonly string[],
): Promise<Sighting> {
  return serversOf(await lookHere(machine, ids, projects));
}

/** What the files of a machine's AI clients say: from bytes to servers, file by file. */
import { createHash } from 'node:crypto';
import { AnywhereError } from '../base/errors.ts';
import { READ_CLIENTS } from './clients.ts';
import { decoded } from './document.ts';
import { type ClientText, type FoundServer, foundServers, switchedBy } from './found.ts';
import type { Look, LookedFile } from './look.ts';

/** A file that cannot be read, with the reason. */
export interface FileProblem {
  /** The client's id. */
  readonly client: string;
  readonly file: string;
  readonly problem: string;
}

export interface Sighting {
  /** In the order of the table of clients; our own entries are among them. */
  readonly servers: readonly FoundServer[];
  readonly problems: readonly FileProblem[];
  /** For the next look, by client and path. */
  readonly files: ReadonlyMap<string, FileSighting>;
}

interface FileSighting {
  /** Of the bytes: what has not changed is not read again. */
  readonly digest: string;
  readonly servers: readonly FoundServer[];
}

/** @param before the last look: a file that cannot be read at the moment still counts as it was */
export function serversOf(look: Look, before?: Sighting): Sighting {
  const files = new Map<string, FileSighting>();
  const problems: FileProblem[] = [];
  const attempt = <T>(file: LookedFile, read: (text: string) => T, otherwise: T): T => {
    try {
      if (file.bytes === undefined) throw new AnywhereError('CLIENT_CONFIG', file.problem ?? 'not readable');
      return read(decoded(file.bytes));
    } catch (error) {
      if (!(error instanceof AnywhereError)) throw error;
      const problem = { client: file.client.id, file: file.path, problem: error.message };
      if (!problems.some((known) => known.file === problem.file)) problems.push(problem);
      return otherwise;
    }
  };
  const folders = [...look.projects].flatMap(([asked, folder]) => (folder === undefined ? [] : [asked, folder]));
  const entries = look.files.filter(({ isSwitch }) => !isSwitch);
  const found = entries.flatMap((file): readonly FoundServer[] => {
    const key = JSON.stringify([file.client.id, file.path, file.project]);
    const known = before?.files.get(key);
    const digest = file.bytes === undefined ? '' : createHash('sha256').update(file.bytes).digest('hex');
    const isKnown = known !== undefined && file.bytes !== undefined && digest === known.digest;
    const read = (text: string): FileSighting => ({
      digest,
      servers: foundServers(file.client, clientText(look, file, text, folders)),
    });
    const sighting = isKnown ? known : attempt(file, read, { digest: '', servers: known?.servers ?? [] });
    files.set(key, sighting);
    return sighting.servers;
  });
  const servers = look.files.filter(isSwitching).reduce((all, file) => {
    const concerns = ({ client, project }: FoundServer): boolean =>
      client === file.client.id && (file.project === undefined || project === look.projects.get(file.project));
    const concerned = all.filter(concerns);
    // Where a switch cannot be read, the servers may be off.
    const otherwise = file.isSwitch ? concerned.map((server) => ({ ...server, isEnabled: false })) : concerned;
    const switched = (text: string): readonly FoundServer[] =>
      switchedBy(file.client, clientText(look, file, text, folders), concerned);
    return [...all.filter((server) => !concerns(server)), ...attempt(file, switched, otherwise)];
  }, found);
  return { servers: inOrder(servers, found), problems, files };
}

/** Claude Code's own file also switches off what the files of projects name. */
function isSwitching({ isSwitch, client, project, bytes }: LookedFile): boolean {
  return isSwitch || (client.projectSwitches !== undefined && project === undefined && bytes !== undefined);
}

function clientText(look: Look, file: LookedFile, text: string, projects: readonly string[]): ClientText {
  const { path, project } = file;
  if (project !== undefined) return { path, text, project: look.projects.get(project) ?? project };
  return { path, text, projects: [...new Set(projects)] };
}

function inOrder(servers: readonly FoundServer[], like: readonly FoundServer[]): readonly FoundServer[] {
  const place = ({ client, file, project, name }: FoundServer): string => JSON.stringify([client, file, project, name]);
  const order = new Map(like.map((server, index) => [place(server), index]));
  const clients = READ_CLIENTS.map(({ id }) => id);
  return servers.toSorted(
    (a, b) =>
      clients.indexOf(a.client) - clients.indexOf(b.client) || (order.get(place(a)) ?? 0) - (order.get(place(b)) ?? 0),
  );
}

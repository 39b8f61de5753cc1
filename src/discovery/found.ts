/**
 * What an AI client's file says, as servers: everything that is needed to start, show or copy them.
 *
 *   foundServers(client: AiClient, file: ClientText): readonly FoundServer[]     (throws CLIENT_CONFIG)
 *   mergedServers(found: readonly FoundServer[]): readonly MergedServer[]         (merge.ts)
 *
 * Both are pure. A literal value may be a secret: it is for a launch or for a keychain, and never for a person or a disk.
 */
import { isRecord } from '../base/record.ts';
import { valueAt } from '../config/problem.ts';
import type { AiClient } from './clients.ts';
import { entriesIn, readWhole } from './document.ts';
import type { Entry } from './entry.ts';
import { startsOurselves } from './ourselves.ts';
import { isVariable, type NotationName, readText, type Surroundings, type Text } from './references.ts';

export interface ClientText {
  /** The file's path on its machine, for people. */
  readonly path: string;
  readonly text: string;
  /** The folder that the file belongs to; undefined for a file of the user. */
  readonly project?: string | undefined;
  /** Folders whose entries are wanted, where the file of the user holds some of single folders (`~/.claude.json`). */
  readonly projects?: readonly string[];
}

/** literal: complete. reference: variables or files of the machine. missing: only the client has it. */
export interface FoundValue extends Text {
  readonly kind: 'literal' | 'reference' | 'missing';
}

export interface FoundServer {
  /** As in the file. */
  readonly name: string;
  /** The client's id. */
  readonly client: string;
  readonly file: string;
  /** The folder of the project; undefined for an entry of the user. */
  readonly project: string | undefined;
  /** Absent with `url`, and where the entry says neither. */
  readonly command: FoundValue | undefined;
  readonly args: readonly FoundValue[];
  readonly env: ReadonlyMap<string, FoundValue>;
  readonly envFile: FoundValue | undefined;
  readonly cwd: FoundValue | undefined;
  /** May hold a secret. */
  readonly url: string | undefined;
  readonly isEnabled: boolean;
  /** What the entry needs and only the client has, in words. */
  readonly lacks: readonly string[];
  /** The entry starts MCP-Anywhere, and is left out. */
  readonly isOurselves: boolean;
}

/** A file with more entries is no configuration of a person. */
const MAX_SERVERS = 200;
/** The words of one program; Linux takes no single word of 128 KiB. */
const MAX_ENTRY_CHARACTERS = 100_000;

const NOTATION_OF: Readonly<Record<string, NotationName>> = {
  '${NAME:-}': 'shell',
  '${NAME}': 'shell',
  '${env:NAME}': 'editor',
  $NAME: 'dollar',
  '{env:NAME}': 'braces',
};

export function foundServers(client: AiClient, file: ClientText): readonly FoundServer[] {
  const whole = readWhole(client, file.text);
  const isOff = switchedOff(whole, file.project);
  const own = entriesIn(client, whole, MAX_SERVERS).map(({ entry }) => found(client, file, entry, isOff));
  const ofProjects = (file.projects ?? []).flatMap((project) => {
    const inside = valueAt(whole, ['projects', project]);
    const isOffThere = switchedOff(inside, project);
    return entriesIn(client, inside, MAX_SERVERS).map(({ entry }) =>
      found(client, { ...file, project }, entry, isOffThere),
    );
  });
  return [...own, ...ofProjects].filter((server) => isServer(client, server)).slice(0, MAX_SERVERS);
}

/** The servers, off where this file of the client says so. Throws CLIENT_CONFIG. */
export function switchedBy(
  client: AiClient,
  { text, project, projects = [] }: ClientText,
  servers: readonly FoundServer[],
): readonly FoundServer[] {
  const whole = readWhole({ ...client, shape: 'mcpServers' }, text);
  const ofFile = switchedOff(whole, project);
  const ofProjects = new Map(
    projects.map((folder) => [folder, switchedOff(valueAt(whole, ['projects', folder]), folder)] as const),
  );
  return servers.map((server) => {
    const isOff = server.project === undefined ? ofFile : (ofProjects.get(server.project) ?? ofFile);
    return isOff(server.name) ? { ...server, isEnabled: false } : server;
  });
}

/** Why the server cannot be started, in words; undefined: it can. */
export function whyNotStarted({ url, lacks }: Pick<FoundServer, 'url' | 'lacks'>): string | undefined {
  if (url !== undefined) return 'HTTP servers come later';
  return lacks.length === 0 ? undefined : `needs ${lacks.join(', ')}`;
}

/** Goose names its own parts among the extensions, and Zed leaves the command to one. */
function isServer({ shape }: AiClient, { command, url, isEnabled }: FoundServer): boolean {
  return command !== undefined || url !== undefined || (isEnabled && shape !== 'goose');
}

function found(client: AiClient, file: ClientText, entry: Entry, isOff: (name: string) => boolean): FoundServer {
  const notation = client.notation ?? NOTATION_OF[client.reference ?? ''] ?? 'none';
  const surroundings: Surroundings = { client: client.title, project: file.project };
  const read = (text: string): FoundValue => classified(readText(text, notation, surroundings));
  const [command, cwd, envFile] = [entry.command, folderOf(entry, file), entry.envFile].map((text) =>
    text === undefined || text === '' ? undefined : read(text),
  );
  const args = entry.args.map(read);
  const env = new Map([
    ...inherited(client, entry),
    ...Object.entries(entry.env).map(([name, text]) => [name, read(text)] as const),
  ]);
  const texts = [command, cwd, envFile, ...args, ...env.values()];
  const isReachable = entry.url !== undefined && command === undefined;
  return {
    name: entry.name,
    client: client.id,
    file: file.path,
    project: file.project,
    ...{ command, args, env, envFile, cwd },
    url: isReachable ? entry.url : undefined,
    isEnabled: entry.isEnabled && !isOff(entry.name),
    lacks: isReachable ? [] : [...new Set([...texts.flatMap((text) => text?.lacks ?? []), ...faults(entry)])],
    isOurselves: startsOurselves({ ...entry, command: entry.command, url: isReachable ? entry.url : undefined }),
  };
}

/** A server of a project starts in the folder of the project. */
function folderOf({ cwd }: Entry, { project }: ClientText): string | undefined {
  if (cwd === undefined || cwd === '' || cwd === '.') return project;
  const isWhole = /^(?:[/~$]|\$\{|[A-Za-z]:)/.test(cwd);
  return isWhole ? cwd : `${project ?? '~'}/${cwd.replace(/^\.\//, '')}`;
}

/** Variables that the client passes on, or takes from its keyring. */
function inherited({ shape, title }: AiClient, { inherits }: Entry): readonly (readonly [string, FoundValue])[] {
  return inherits.map((name) => {
    const value: FoundValue =
      shape === 'goose'
        ? { kind: 'missing', pieces: [], lacks: [`the secret ${name} of ${title}`] }
        : { kind: 'reference', pieces: [{ variable: name }], lacks: [] };
    return [name, value];
  });
}

function classified(text: Text): FoundValue {
  const isLiteral = text.pieces.every((piece) => typeof piece === 'string');
  return { ...text, kind: text.lacks.length > 0 ? 'missing' : isLiteral ? 'literal' : 'reference' };
}

/** What no launcher can start. */
function faults({ command, args, env, inherits, cwd }: Entry): readonly string[] {
  if (command === undefined || command === '') return ['a command'];
  const words = [command, ...args, ...Object.entries(env).flat(), cwd ?? ''];
  const odd = [...Object.keys(env), ...inherits].filter((name) => !isVariable(name));
  return [
    ...(words.some((word) => word.includes('\0')) ? ['values without NUL characters'] : []),
    ...(words.join('').length > MAX_ENTRY_CHARACTERS ? ['words of a usual length'] : []),
    ...(odd.length > 0 ? ['names of variables that a shell can set'] : []),
  ];
}

/**
 * The ways in which clients switch servers off beside the entry: Gemini's `mcp.excluded` and `mcp.allowed` (and their older
 * names) and its file of `{ name: { enabled } }`, Claude Code's `disabledMcpServers` of a folder and `disabledMcpjsonServers`.
 */
function switchedOff(whole: unknown, project: string | undefined): (name: string) => boolean {
  if (!isRecord(whole)) return () => false;
  const ofProject = project === undefined ? [] : ['disabledMcpServers', 'disabledMcpjsonServers'];
  const off = new Set(
    [['mcp', 'excluded'], ['excludeMCPServers'], ...ofProject.map((key) => [key])].flatMap((path) =>
      names(whole, path),
    ),
  );
  const allowed = [['mcp', 'allowed'], ['allowMCPServers']].flatMap((path) => names(whole, path));
  return (name) => {
    const state = valueAt(whole, [name.toLowerCase().trim()]);
    if (isRecord(state) && state['enabled'] === false && Object.keys(state).length === 1) return true;
    return off.has(name) || (allowed.length > 0 && !allowed.includes(name));
  };
}

function names(whole: unknown, path: readonly string[]): readonly string[] {
  const list = valueAt(whole, path);
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
}

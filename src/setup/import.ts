/** Servers of this machine's AI clients as entries of the hosts file. Nothing here reads or writes a disk. */

import { dirname, isAbsolute, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { checkHostsFile } from '../config/check.ts';
import type { Reference } from '../config/plan.ts';
import { type Mapping, mapping } from '../config/problem.ts';
import { formatTemplate } from '../config/template.ts';
import type { FoundServer } from '../discovery/found.ts';
import { mergedServers } from '../discovery/merge.ts';
import type { Piece, Text } from '../discovery/references.ts';
import type { OpenHostsFile } from './hosts-file.ts';
import type { HostsChange } from './hosts-file-edit.ts';
import { referenceTo, secretName } from './move-secrets.ts';
import { isSecretVariable, secretPart } from './secret-values.ts';

export interface ImportedServer {
  /** Like `here/files`. */
  readonly target: string;
  readonly clients: readonly string[];
  readonly file: string;
  readonly isEnabled: boolean;
  /** Names of the secrets that the entry refers to. */
  readonly secrets: readonly string[];
  /** The command line shows a value to every user of this machine, as it does for the client. */
  readonly showsSecrets: boolean;
}

export interface SkippedServer {
  readonly name: string;
  readonly client: string;
  readonly file: string;
  readonly why: string;
}

export interface ImportPlan {
  readonly changes: readonly HostsChange[];
  readonly imported: readonly ImportedServer[];
  readonly skipped: readonly SkippedServer[];
  /** Literal secrets, which the hosts file refers to. */
  readonly secrets: readonly { readonly name: string; readonly value: string }[];
}

type Stored = (name: string) => Promise<string | undefined>;

/** @param found in the order of the table of clients; our own entries are among them */
export async function importPlan(
  { data }: OpenHostsFile,
  found: readonly FoundServer[],
  homeDir: string,
  stored: Stored,
): Promise<ImportPlan> {
  const hosts = mapping(mapping(data)['hosts']);
  const [host, isNew] = localHost(hosts);
  const there = mapping(mapping(hosts[host])['servers']);
  const secrets: { name: string; value: string }[] = [];
  const imported: ImportedServer[] = [];
  const changes: HostsChange[] = isNew ? [{ kind: 'put', path: ['hosts', host], value: { local: true } }] : [];
  const skipped = found
    .filter(({ isOurselves }) => isOurselves)
    .map((server) => left(server, 'it is MCP-Anywhere itself'));
  for (const { name, server, clients } of mergedServers(found)) {
    const made = await entryOf(host, name, server, { homeDir, secrets, stored });
    const why = 'why' in made ? made.why : (known(made.entry, name, there, host) ?? mistakeIn(made.entry));
    if ('why' in made || why !== undefined) {
      skipped.push(left(server, why ?? ''));
      continue;
    }
    for (const secret of made.secrets) if (!secrets.some((one) => one.name === secret.name)) secrets.push(secret);
    changes.push({ kind: 'put', path: ['hosts', host, 'servers', name], value: made.entry });
    const { isEnabled, file } = server;
    const names = made.secrets.map((secret) => secret.name);
    const showsSecrets = made.entry['allowSecretsInArgs'] === true;
    imported.push({ target: `${host}/${name}`, clients, file, isEnabled, secrets: names, showsSecrets });
  }
  return { changes: imported.length === 0 ? [] : changes, imported, skipped, secrets };
}

/** The first host that is this machine, or a new one. */
function localHost(hosts: Mapping): readonly [name: string, isNew: boolean] {
  const local = Object.keys(hosts).find((name) => mapping(hosts[name])['local'] === true);
  if (local !== undefined) return [local, false];
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? 'here' : `here-${String(number)}`;
    if (!Object.hasOwn(hosts, name)) return [name, true];
  }
}

function left({ name, client, file }: FoundServer, why: string): SkippedServer {
  return { name, client, file, why };
}

interface Making {
  readonly homeDir: string;
  readonly secrets: readonly { readonly name: string; readonly value: string }[];
  readonly stored: Stored;
}

interface Made {
  readonly entry: Mapping;
  readonly secrets: readonly { readonly name: string; readonly value: string }[];
}

async function entryOf(
  host: string,
  name: string,
  server: FoundServer,
  { homeDir, secrets, stored }: Making,
): Promise<Made | { readonly why: string }> {
  const why = hindrance(server, homeDir);
  if (why !== undefined) return { why };
  const own: { name: string; value: string }[] = [];
  const put: Put = async (variable, value) => {
    const free = await secretName([host, name, variable], value, [...secrets, ...own], stored);
    own.push({ name: free, value });
    return referenceTo(free);
  };
  const [args, env] = [await argsOf(server, homeDir, put), await envOf(server, homeDir, put)];
  const folder = plainText(server.cwd, homeDir);
  return {
    secrets: own,
    entry: {
      command: plainText(server.command, homeDir),
      ...(args.length === 0 ? {} : { args }),
      ...(env.length === 0 ? {} : { env: Object.fromEntries(env) }),
      ...(folder === undefined ? {} : { cwd: folder }),
      ...(args.some((word) => /(?<!\$)(?:\$\$)*\$\{/.test(word)) ? { allowSecretsInArgs: true } : {}),
      ...(server.isEnabled ? {} : { enabled: false }),
    },
  };
}

/** Why the server cannot be an entry of the hosts file. */
function hindrance({ command, cwd, envFile, lacks, url }: FoundServer, homeDir: string): string | undefined {
  if (url !== undefined) return 'HTTP servers come later';
  if (lacks.length > 0) return `it needs ${lacks.join(' and ')}`;
  if (envFile !== undefined) return 'it reads variables from a file, which the hosts file cannot name';
  if (plainText(command, homeDir) === undefined) return 'its command depends on a variable';
  return cwd !== undefined && plainText(cwd, homeDir) === undefined ? 'its folder depends on a variable' : undefined;
}

/** Stores a secret, and gives the reference to it. */
type Put = (variable: string, value: string) => Promise<string>;

async function argsOf({ args, file }: FoundServer, homeDir: string, put: Put): Promise<readonly string[]> {
  const words = args.map((text) => templateText(text, homeDir, file));
  const all: string[] = [];
  for (const [index, word] of words.entries()) all.push(await argument(word, words[index - 1] ?? '', put));
  return all;
}

async function envOf(
  { env, file }: FoundServer,
  homeDir: string,
  put: Put,
): Promise<readonly (readonly [string, string])[]> {
  const all: (readonly [string, string])[] = [];
  for (const [variable, given] of env) {
    const written = templateText(given, homeDir, file);
    const literal = plainText(given, homeDir);
    const isSecret = given.kind === 'literal' && literal !== undefined && isSecretVariable(variable, literal);
    all.push([variable, isSecret ? await put(variable, literal) : written]);
  }
  return all;
}

/** What stands around the secret stays: the name of an option, of a header, or the program behind a variable. */
async function argument(written: string, before: string, put: Put): Promise<string> {
  const part = written.includes('${') ? undefined : secretPart(written, before);
  if (part === undefined) return written;
  const [start, end] = part;
  // The word in front: `--api-key`, `TOKEN=`, `Authorization:`; not that of a scheme.
  const [, word] = /([\w-]+)\s*[=:]\s*(?:\w+\s+)?["']?$/.exec(written.slice(0, start)) ?? [];
  const name = (word ?? (start === 0 ? before : '')).replace(/^-+/, '');
  const reference = await put(/\w/.test(name) ? name : 'argument', written.slice(start, end));
  return written.slice(0, start) + reference + written.slice(end);
}

/** In the notation of the hosts file. */
function templateText({ pieces }: Text, homeDir: string, file: string): string {
  return formatTemplate({ pieces: pieces.map((piece) => referenceOf(piece, homeDir, file)) });
}

function referenceOf(piece: Piece, homeDir: string, file: string): string | Reference {
  if (typeof piece === 'string') return piece;
  if ('file' in piece) {
    const isWhole = isAbsolute(piece.file) || piece.file.startsWith('~/');
    return { kind: 'file', path: isWhole ? piece.file : join(dirname(file), piece.file) };
  }
  const { variable: name, fallback } = piece;
  if (name === 'HOME') return homeDir;
  return fallback === undefined ? { kind: 'env', name } : { kind: 'env', name, fallback };
}

/** Undefined where a variable decides; the home folder is known. */
function plainText(text: Text | undefined, homeDir: string): string | undefined {
  const pieces = text?.pieces.map((piece) =>
    typeof piece === 'object' && 'variable' in piece && piece.variable === 'HOME' ? homeDir : piece,
  );
  return pieces?.every((piece) => typeof piece === 'string') === true ? pieces.join('') : undefined;
}

/** A server of the hosts file wins over one found. */
function known(entry: Mapping, name: string, there: Mapping, host: string): string | undefined {
  const same = Object.keys(there).find((other) => starts(there[other], entry));
  if (same !== undefined) return `the hosts file has the server already: ${host}/${same}`;
  if (!Object.hasOwn(there, name)) return undefined;
  return `the hosts file has another server ${host}/${name}`;
}

function starts(one: unknown, other: Mapping): boolean {
  return ['command', 'args', 'cwd'].every((key) => isDeepStrictEqual(mapping(one)[key], other[key]));
}

/** What the hosts file cannot hold. */
function mistakeIn(entry: Mapping): string | undefined {
  const file = { version: 1, hosts: { here: { local: true, servers: { server: entry } } } };
  const checked = checkHostsFile(Buffer.from(JSON.stringify(file)), { file: '', homeDir: '/' });
  const [problem] = 'problems' in checked ? checked.problems : [];
  if (problem === undefined) return undefined;
  const advice = problem.suggestion === undefined ? '' : `; ${problem.suggestion}`;
  return `${problem.key.replace(/^hosts\.here\.servers\.server\.?/, '')}: expected ${problem.expected}${advice}`;
}
